import type { Readable, Writable } from 'node:stream';
import type { ReadStream } from 'node:tty';
import type { Fields } from '../commands/command.ts';
import type { EngineDoor } from '../commands/repository-services.ts';
import type { Globals } from './globals.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface OutputStream extends Writable {
  isTTY?: boolean;
  columns?: number;
}

/** The process that the command line runs in. */
export interface Host {
  environment: Environment;
  input: Readable & Partial<Pick<ReadStream, 'isTTY' | 'setRawMode'>>;
  output: OutputStream;
  messages: OutputStream;
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds that never go back. */
  monotonic(): number;
  /** True where a person sits at a terminal and can be asked. */
  canAsk: boolean;
  /** `root@host`. */
  user(): string;
  version(): string;
  door: EngineDoor;
  /** Calls `listener` for every request to stop (Ctrl-C and the like) until the returned function is called. */
  onStop(listener: () => void): () => void;
  /** Ends the process at once. */
  exit(status: number): never;
}

/** A command that belongs to the command line alone, such as the console. */
export interface LocalCommand {
  name: string;
  summary: string;
  input: Fields;
  /** Gives the exit status. */
  run(input: Record<string, unknown>, globals: Globals): Promise<number>;
}
