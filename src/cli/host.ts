import type { Readable, Writable } from 'node:stream';
import type { ReadStream } from 'node:tty';
import type { CommandContext, Fields, Services } from '../commands/command.ts';
import type { EngineDoor } from '../commands/repository-services.ts';
import type { ControlClient } from '../control/control-client.ts';
import type { ControlDesk } from '../control/control-server.ts';
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
  /** @throws HoldfastError `config` */
  configuration(file: string): Promise<ConfiguredPlace>;
  /** Calls `listener` for every request to stop (Ctrl-C and the like) until the returned function is called. */
  onStop(listener: () => void): () => void;
  /** Ends the process at once. */
  exit(status: number): never;
}

export interface OneCommandBot extends Pick<ControlDesk, 'run'> {
  /** Writes down what it remembers, and closes the services that it was given. */
  close(): Promise<void>;
}

/** What a configuration gives to commands that run on it. */
export interface ConfiguredPlace {
  file: string;
  /** Of the repository. */
  location: string;
  /** @throws HoldfastError `config` where it cannot be read */
  passphrase(): Promise<string>;
  configured: NonNullable<CommandContext['configured']>;
  auditFolder: string;
  /** The bot that runs on it; undefined where none does. */
  connect(): Promise<ControlClient | undefined>;
  /** A bot in this process, for one command, where none runs. @throws HoldfastError `locked` */
  becomeBot(
    services: Services & { close(): Promise<void> },
    onWarning: (message: string) => void,
  ): Promise<OneCommandBot>;
}

/** A command that belongs to the command line alone, such as the console. */
export interface LocalCommand {
  name: string;
  summary: string;
  /** More to know, in paragraphs. */
  details?: readonly string[];
  input: Fields;
  /** Gives the exit status. */
  run(input: Record<string, unknown>, globals: Globals): Promise<number>;
}
