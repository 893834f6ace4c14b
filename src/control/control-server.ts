import { createServer, type Socket } from 'node:net';
import type { OperationContext } from '../backup/ports.ts';
import type { Execution } from '../bot/dispatch.ts';
import type { Confirmation } from '../commands/command.ts';
import { HoldfastError } from '../shared/errors.ts';
import { packError } from '../shared/sent-error.ts';
import { listenIn } from './address.ts';
import { MessageLine } from './message-line.ts';
import { type AnnouncedEnd, CONTROL_VERSION, type FromBot, type RunMessage, type ToBot } from './messages.ts';
import { pack } from './packed-streams.ts';

/** What is asked for over the socket. */
export type ControlRequest = Pick<RunMessage, 'user' | 'command' | 'raw' | 'answered'>;

export interface ControlSurface extends Required<Pick<OperationContext, 'onProgress' | 'onWarning' | 'signal'>> {
  /** Absent where nobody can answer. */
  ask?: ((confirmation: Confirmation) => Promise<boolean>) | undefined;
}

/** What the bot does for command lines beside it. */
export interface ControlDesk {
  /** Undefined where the answer was no. @throws HoldfastError as `dispatch`; `locked` where a job works on the source */
  run(request: ControlRequest, surface: ControlSurface): Promise<Execution | undefined>;
  /** Notes what runs elsewhere; gives what to call at its end. */
  announce(
    request: Pick<RunMessage, 'user' | 'command' | 'raw'>,
  ): Promise<(end: AnnouncedEnd, detail?: string) => void>;
}

export interface ControlServer {
  /** Ends all connections. */
  close(): Promise<void>;
}

/** Listens on the socket of a state folder, whose lock the caller holds. */
export async function openControlServer(state: string, desk: ControlDesk): Promise<ControlServer> {
  const open = new Set<Connection>();
  const server = createServer((socket) => {
    const connection = new Connection(socket, desk, () => open.delete(connection));
    open.add(connection);
  });
  await listenIn(state, server);
  return {
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const connection of open) connection.end();
      await closed;
    },
  };
}

/** Items that are sent at a time. */
const BATCH = 256;

/** One command line. */
class Connection {
  readonly #line: MessageLine<ToBot, FromBot>;
  readonly #desk: ControlDesk;
  readonly #gone = new AbortController();
  readonly #streams = new Map<number, AsyncIterator<unknown>>();
  #asked = false;
  #answer: ((yes: boolean) => void) | undefined;
  #announced: ((end: AnnouncedEnd, detail?: string) => void) | undefined;

  constructor(socket: Socket, desk: ControlDesk, onEnd: () => void) {
    this.#desk = desk;
    this.#line = new MessageLine(socket, {
      onMessage: (message) => this.#take(message),
      onEnd: () => {
        this.#cancel('The command line has gone');
        this.#announced?.('cancelled', 'the command line has gone');
        for (const stream of this.#streams.values()) stream.return?.().catch(() => {});
        onEnd();
      },
    });
  }

  /** The bot stops. */
  end(): void {
    this.#line.send({ type: 'error', error: packError(new HoldfastError('interrupted', 'The bot was stopped')) });
    void this.#line.end().then(() => this.#line.destroy());
  }

  #take(message: ToBot): void {
    switch (message.type) {
      case 'run':
        this.#begin(message, () => this.#run(message));
        break;
      case 'announce':
        this.#begin(message, () => this.#announce(message));
        break;
      case 'ended':
        this.#announced?.(message.outcome, message.detail);
        this.#announced = undefined;
        void this.#line.end();
        break;
      case 'answer':
        this.#answer?.(message.yes);
        break;
      case 'cancel':
        this.#cancel('Stopped on request');
        break;
      case 'next':
        void this.#next(message);
    }
  }

  #cancel(why: string): void {
    this.#gone.abort(new HoldfastError('interrupted', why));
  }

  #begin({ version }: { version: number }, work: () => Promise<void>): void {
    if (this.#asked) {
      this.#line.destroy();
      return;
    }
    this.#asked = true;
    const checked = version === CONTROL_VERSION ? work() : Promise.reject(otherVersion(version));
    checked.catch((error: unknown) => {
      this.#line.send({ type: 'error', error: packError(error) });
      void this.#line.end();
    });
  }

  async #run(message: RunMessage): Promise<void> {
    const execution = await this.#desk.run(message, {
      signal: this.#gone.signal,
      onProgress: (event) => this.#line.send({ type: 'progress', event }),
      onWarning: (warning) => this.#line.send({ type: 'warning', message: warning }),
      ...(message.canAsk && { ask: (confirmation: Confirmation) => this.#ask(confirmation) }),
    });
    if (execution === undefined) this.#line.send({ type: 'declined' });
    else {
      const content = pack(message.wants === 'view' ? execution.view : execution.result, this.#streams);
      this.#line.send({ type: 'done', content, outcome: execution.outcome ?? null });
    }
    if (this.#streams.size === 0) void this.#line.end();
  }

  #ask({ view, question, label, need }: Confirmation): Promise<boolean> {
    this.#line.send({ type: 'question', question: pack({ view, question, label, need }, this.#streams) });
    return new Promise((resolve, reject) => {
      this.#answer = resolve;
      const { signal } = this.#gone;
      if (signal.aborted) reject(signal.reason);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  }

  async #announce(message: Extract<ToBot, { type: 'announce' }>): Promise<void> {
    this.#announced = await this.#desk.announce(message);
    this.#line.send({ type: 'noted' });
  }

  async #next({ stream, stop = false }: Extract<ToBot, { type: 'next' }>): Promise<void> {
    const source = this.#streams.get(stream);
    if (source === undefined) return;
    const items: unknown[] = [];
    let done = stop;
    try {
      if (stop) await source.return?.();
      while (!done && items.length < BATCH) {
        const next = await source.next();
        if (next.done === true) done = true;
        else items.push(pack(next.value, this.#streams));
      }
      this.#line.send({ type: 'items', stream, items, done });
    } catch (error) {
      done = true;
      this.#line.send({ type: 'items', stream, items, done, error: packError(error) });
    }
    if (done) this.#streams.delete(stream);
    if (this.#streams.size === 0) void this.#line.end();
  }
}

const otherVersion = (version: number): HoldfastError =>
  new HoldfastError(
    'unsupported_version',
    `The bot that runs speaks version ${CONTROL_VERSION}, and was asked in ${version}`,
    {
      advice: 'Restart the bot with the program that is installed.',
    },
  );
