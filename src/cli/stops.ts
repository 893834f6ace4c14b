import { ERROR_EXITS, HoldfastError } from '../shared/errors.ts';
import type { Host } from './host.ts';

/** Turns requests to stop into an aborted signal: the first lets the command clean up, the second ends the process. */
export function watchStops(
  host: Host,
  json: boolean,
): {
  signal: AbortSignal;
  abort: (reason: HoldfastError) => void;
  end: () => void;
} {
  const controller = new AbortController();
  const end = host.onStop(() => {
    if (controller.signal.aborted) host.exit(ERROR_EXITS.interrupted);
    const message = 'stopping; once more stops at once';
    host.messages.write(json ? `${JSON.stringify({ type: 'message', message })}\n` : `\nholdfast: ${message}\n`);
    controller.abort(new HoldfastError('interrupted', 'Stopped on request'));
  });
  return { signal: controller.signal, abort: (reason) => controller.abort(reason), end };
}
