import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { HoldfastError, systemCode } from '../shared/errors.ts';
import type { Host } from './host.ts';

/** Standard output, written with back-pressure; a reader that leaves (`| head`) is no failure. */
export interface Output {
  /** Resolves when more may be written. @throws HoldfastError `interrupted` once the reader has left */
  write(piece: string | Uint8Array): Promise<void>;
  /** The stream itself, for a command whose output it is; nothing else is written there then. */
  take(): Writable;
  isTaken(): boolean;
  /** Something was written. */
  hasBegun(): boolean;
  readerLeft(): boolean;
  /** Resolves when everything written has been handed on. */
  flush(): Promise<void>;
}

/** `abort` is called when the reader has left. */
export function openOutput({ output }: Host, abort: (reason: HoldfastError) => void): Output {
  let broken: HoldfastError | undefined;
  let left = false;
  let taken = false;
  let begun = false;
  output.on('error', (error: unknown) => {
    left = systemCode(error) === 'EPIPE';
    broken = new HoldfastError('failed', `Cannot write to standard output: ${systemCode(error) ?? error}`, {
      cause: error,
    });
    abort(broken);
  });
  return {
    async write(piece) {
      if (broken !== undefined) throw broken;
      begun = true;
      if (output.write(piece)) return;
      await Promise.race([once(output, 'drain'), once(output, 'close')]);
      if (broken !== undefined) throw broken;
    },
    take() {
      if (output.isTTY) {
        throw new HoldfastError('usage', 'An archive is not for a terminal', {
          advice: 'Send standard output into a file or a pipe, or say --output FILE.',
        });
      }
      taken = true;
      return output;
    },
    isTaken: () => taken,
    hasBegun: () => begun,
    readerLeft: () => left,
    async flush() {
      if (broken === undefined && !output.writableEnded) await new Promise((resolve) => output.write('', resolve));
    },
  };
}
