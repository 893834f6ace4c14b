import type { OperationContext } from '../backup/ports.ts';
import type { Execution } from '../bot/dispatch.ts';
import type { Confirmation } from '../commands/command.ts';
import { HoldfastError } from '../shared/errors.ts';
import { unpackError } from '../shared/sent-error.ts';
import type { View } from '../view/view.ts';
import { connectIn } from './address.ts';
import { MessageLine } from './message-line.ts';
import {
  type AnnouncedEnd,
  CONTROL_VERSION,
  type FromBot,
  type RunMessage,
  type SentQuestion,
  type ToBot,
} from './messages.ts';
import { unpack } from './packed-streams.ts';

export interface ClientSurface extends Required<Pick<OperationContext, 'onProgress' | 'onWarning' | 'signal'>> {
  ask?: ((confirmation: Confirmation) => Promise<boolean>) | undefined;
}

/** What the bot gave: either the result or the View, whichever was wanted. */
export interface RemoteExecution {
  result: object | undefined;
  view: View | undefined;
  outcome: Execution['outcome'];
}

type Asked = Omit<RunMessage, 'type' | 'version' | 'canAsk'>;

/** The bot that runs beside a command line, for one request. */
export class ControlClient {
  readonly #line: MessageLine<FromBot, ToBot>;
  readonly #ended = Promise.withResolvers<never>();
  readonly #streams = new Map<number, PromiseWithResolvers<Extract<FromBot, { type: 'items' }>>>();
  #onMessage: ((message: FromBot) => void) | undefined;

  /**
   * Undefined where no bot owns the state folder.
   *
   * @throws HoldfastError `permission` where it runs as another user
   */
  static async connect(state: string): Promise<ControlClient | undefined> {
    const socket = await connectIn(state);
    return socket && new ControlClient(socket);
  }

  private constructor(socket: ConstructorParameters<typeof MessageLine>[0]) {
    this.#ended.promise.catch(() => {});
    this.#line = new MessageLine(socket, {
      onMessage: (message) => this.#take(message),
      onEnd: () =>
        this.#ended.reject(new HoldfastError('failed', 'The bot ended before it answered', { retryable: true })),
    });
  }

  /** Resolves when what was said has been handed over. */
  close(): Promise<void> {
    return this.#line.end();
  }

  /** Runs a command in the bot. Streams of the outcome are read over the connection, which has to stay open for them. Undefined where the answer was no. */
  async run(asked: Asked, surface: ClientSurface): Promise<RemoteExecution | undefined> {
    const { signal } = surface;
    signal.throwIfAborted();
    const cancel = (): void => this.#line.send({ type: 'cancel' });
    signal.addEventListener('abort', cancel, { once: true });
    const canAsk = surface.ask !== undefined;
    try {
      return await this.#request({ type: 'run', version: CONTROL_VERSION, canAsk, ...asked }, (message, answer) => {
        if (message.type === 'progress') surface.onProgress(message.event);
        if (message.type === 'warning') surface.onWarning(message.message);
        if (message.type === 'question') this.#ask(message, surface).catch(answer.reject);
        if (message.type === 'declined') answer.resolve(undefined);
        if (message.type === 'done') answer.resolve(this.#executionOf(message, asked.wants));
      });
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  /** Has it noted that a command runs here; gives what to call at its end, which resolves when that is noted or nobody is there to. */
  async announce({
    user,
    command,
    raw,
  }: Pick<Asked, 'user' | 'command' | 'raw'>): Promise<(end: AnnouncedEnd, detail?: string) => Promise<void>> {
    await this.#request<void>({ type: 'announce', version: CONTROL_VERSION, user, command, raw }, (message, answer) => {
      if (message.type === 'noted') answer.resolve();
    });
    return async (outcome, detail) => {
      this.#line.send({ type: 'ended', outcome, ...(detail !== undefined && { detail }) });
      await this.#ended.promise.catch(() => {});
    };
  }

  #request<T>(message: ToBot, hear: (message: FromBot, answer: PromiseWithResolvers<T>) => void): Promise<T> {
    const answer = Promise.withResolvers<T>();
    this.#onMessage = (given) => {
      if (given.type === 'error') answer.reject(unpackError(given.error));
      else hear(given, answer);
    };
    this.#line.send(message);
    return Promise.race([answer.promise, this.#ended.promise]);
  }

  #take(message: FromBot): void {
    if (message.type === 'items') this.#streams.get(message.stream)?.resolve(message);
    else this.#onMessage?.(message);
  }

  async #ask({ question }: Extract<FromBot, { type: 'question' }>, { ask }: ClientSurface): Promise<void> {
    const asked = this.#unpacked(question) as SentQuestion;
    this.#line.send({ type: 'answer', yes: (await ask?.(asked)) === true });
  }

  #executionOf({ content, outcome }: Extract<FromBot, { type: 'done' }>, wants: RunMessage['wants']): RemoteExecution {
    const unpacked = this.#unpacked(content);
    return {
      result: wants === 'result' ? (unpacked as object) : undefined,
      view: wants === 'view' ? (unpacked as View) : undefined,
      outcome: outcome ?? undefined,
    };
  }

  #unpacked(content: unknown): unknown {
    return unpack(content, (stream) => this.#items(stream));
  }

  async *#items(stream: number): AsyncGenerator<unknown> {
    let done = false;
    try {
      while (!done) {
        const arrived = Promise.withResolvers<Extract<FromBot, { type: 'items' }>>();
        this.#streams.set(stream, arrived);
        this.#line.send({ type: 'next', stream });
        const batch = await Promise.race([arrived.promise, this.#ended.promise]);
        done = batch.done;
        yield* batch.items.map((item) => this.#unpacked(item));
        if (batch.error !== undefined) throw unpackError(batch.error);
      }
    } finally {
      if (!done) this.#line.send({ type: 'next', stream, stop: true });
    }
  }
}
