import { inspect } from 'node:util';
import { HoldfastError } from '../shared/errors.ts';
import { printableText } from '../shared/printable.ts';
import { chooseStyle } from '../terminal/style.ts';
import type { Host } from './host.ts';
import { jsonError } from './json-output.ts';
import type { Output } from './output.ts';

interface Circumstances {
  host: Host;
  output: Output;
  json: boolean;
  signal: AbortSignal;
}

/** Says what went wrong, as JSON on standard output or as words on standard error, and gives the exit status. */
export async function reportError(thrown: unknown, { host, output, json, signal }: Circumstances): Promise<number> {
  const error = toHoldfastError(thrown, signal);
  const debug = Boolean(host.environment.HOLDFAST_DEBUG);
  if (json && !output.isTaken()) {
    // A document that has begun has the error at its end.
    if (!output.hasBegun()) await output.write(jsonError(error)).catch(() => undefined);
  } else host.messages.write(words(error, host));
  if (debug) host.messages.write(`${inspect(thrown)}\n`);
  return error.exitStatus;
}

/** The same for what is thrown where no command waits for it. */
export function reportUnexpected(thrown: unknown, host: Host, json: boolean): number {
  const error = toHoldfastError(thrown, undefined);
  if (json) host.output.write(jsonError(error));
  else host.messages.write(words(error, host));
  if (host.environment.HOLDFAST_DEBUG) host.messages.write(`${inspect(thrown)}\n`);
  return error.exitStatus;
}

function toHoldfastError(thrown: unknown, signal: AbortSignal | undefined): HoldfastError {
  if (thrown instanceof HoldfastError) return thrown;
  if (signal?.reason instanceof HoldfastError) return signal.reason;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new HoldfastError('internal', `Unexpected error: ${message}`, {
    cause: thrown,
    advice: 'Set HOLDFAST_DEBUG=1 for the details, and report them.',
  });
}

function words({ message, advice }: HoldfastError, { messages, environment }: Host): string {
  const style = chooseStyle(messages.isTTY === true, environment);
  const sentence = printableText(message).replace(/\.$/, '');
  const first = style.tone('bad', `holdfast: ${sentence}`);
  return advice === undefined ? `${first}\n` : `${first}\n${printableText(advice)}\n`;
}
