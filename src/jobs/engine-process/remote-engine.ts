import type { ChildProcess } from 'node:child_process';
import type { Engine } from '../../backup/engine.ts';
import type { OperationContext } from '../../backup/ports.ts';
import { HoldfastError } from '../../shared/errors.ts';
import { packError, unpackError } from '../../shared/sent-error.ts';
import { CALLS, type CallMethod, type FromEngine, STREAMS, type StreamMethod, type ToEngine } from './messages.ts';

export interface RemoteOptions {
  /** Starts an engine process; see `startEngineProcess`. */
  start: () => ChildProcess;
  location: string;
  passphrase: string;
  /** True for work that may take its time: the process then gives way to others. */
  background: boolean;
  /** The process has ended, wanted or not. */
  onExit?: () => void;
}

/** What waits for an answer of the process. */
interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
  context: OperationContext | undefined;
}

/**
 * An engine in a process of its own, so that whoever uses it stays quick. Everything but what needs streams or a second repository can be called.
 *
 * @throws HoldfastError as `openRepository`
 */
export async function openRemoteEngine(options: RemoteOptions): Promise<Engine> {
  const link = new Link(options.start(), options.onExit);
  const { location, passphrase, background } = options;
  const facts = await link.open({ type: 'open', location, passphrase, background });
  const calls = Object.fromEntries(CALLS.map((method) => [method, (...args: unknown[]) => link.call(method, args)]));
  const streams = Object.fromEntries(
    STREAMS.map((method) => [method, (...args: unknown[]) => link.stream(method, args)]),
  );
  const engine = { ...facts, ...calls, ...streams, opened: async () => {}, close: () => link.close() };
  return new Proxy(engine as unknown as Engine, { get: (target, key) => Reflect.get(target, key) ?? absent(key) });
}

/** What a bot has no business with, such as keys. A promise is never looked at for `then` in vain. */
function absent(key: string | symbol): unknown {
  if (typeof key === 'symbol' || key === 'then' || key === 'toJSON') return undefined;
  return () =>
    Promise.reject(new HoldfastError('usage', `${key} is not done by the bot`, { advice: 'Use the command line.' }));
}

/** Told by what only a context holds. */
function isContext(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && ('onWarning' in value || 'onProgress' in value || 'signal' in value)
  );
}

type Facts = Omit<Extract<FromEngine, { type: 'opened' }>, 'type'>;

class Link {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended = Promise.withResolvers<void>();
  #opening: { resolve(facts: Facts): void; reject(error: Error): void } | undefined;
  #lastId = 0;
  #why: Error | undefined;
  #crash: Error | undefined;

  constructor(child: ChildProcess, onExit: (() => void) | undefined) {
    this.#process = child;
    child.on('message', (message) => this.#take(message as FromEngine));
    child.on('error', (error) =>
      this.#end(new HoldfastError('failed', `The engine process cannot run: ${error.message}`)),
    );
    child.on('exit', (status, signal) => {
      const how = this.#crash?.message ?? signal ?? `status ${status}`;
      this.#end(
        new HoldfastError('failed', `The engine process ended before it was done (${how})`, {
          retryable: true,
          cause: this.#crash,
        }),
      );
      onExit?.();
    });
  }

  open(message: Extract<ToEngine, { type: 'open' }>): Promise<Facts> {
    return new Promise((resolve, reject) => {
      this.#opening = { resolve, reject };
      this.#send(message);
    });
  }

  call(method: CallMethod, args: readonly unknown[]): Promise<unknown> {
    const at = args.findIndex(isContext);
    const contextAt = at < 0 ? undefined : at;
    // Functions and signals stay here.
    const sent = args.map((value, i) => (i === at ? undefined : value));
    return this.#request(args[at] as OperationContext | undefined, (id) => ({
      type: 'call',
      id,
      method,
      args: sent,
      contextAt,
    }));
  }

  async *stream(method: StreamMethod, args: readonly unknown[]): AsyncGenerator<unknown> {
    const id = ++this.#lastId;
    this.#send({ type: 'stream', id, method, args: args.filter((value) => !isContext(value)) });
    let done = false;
    try {
      while (!done) {
        const batch = (await this.#answer(id, undefined, { type: 'next', id })) as { items: unknown[]; done: boolean };
        done = batch.done;
        yield* batch.items;
      }
    } finally {
      if (!done) this.#send({ type: 'abort', id, reason: packError(new HoldfastError('interrupted', 'Read enough')) });
    }
  }

  async close(): Promise<void> {
    this.#send({ type: 'close' });
    await this.#ended.promise;
  }

  async #request(context: OperationContext | undefined, make: (id: number) => ToEngine): Promise<unknown> {
    const id = ++this.#lastId;
    const signal = context?.signal;
    signal?.throwIfAborted();
    const abort = (): void => this.#send({ type: 'abort', id, reason: packError(signal?.reason) });
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return await this.#answer(id, context, make(id));
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  #answer(id: number, context: OperationContext | undefined, message: ToEngine): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#why !== undefined) return reject(this.#why);
      this.#waiting.set(id, { resolve, reject, context });
      this.#send(message);
    });
  }

  #send(message: ToEngine): void {
    // What cannot be sent is answered by the end of the process.
    if (this.#process.connected) this.#process.send(message, () => {});
  }

  #take(message: FromEngine): void {
    if (message.type === 'opened') {
      const { type: _, ...facts } = message;
      this.#opening?.resolve(facts);
    } else if (message.type === 'refused') {
      this.#opening?.reject(unpackError(message.error));
    } else if (message.type === 'crashed') {
      this.#crash = Object.assign(new Error(message.error.message), message.error);
    } else {
      const waiting = this.#waiting.get(message.id);
      if (waiting !== undefined) this.#answered(waiting, message);
    }
  }

  #answered({ context, resolve, reject }: Waiting, message: Extract<FromEngine, { id: number }>): void {
    switch (message.type) {
      case 'progress':
        context?.onProgress?.(message.event);
        return;
      case 'warning':
        context?.onWarning?.(message.message);
        return;
      case 'error':
        reject(unpackError(message.error));
        break;
      case 'items':
        resolve(message);
        break;
      case 'result':
        resolve(message.value);
    }
    this.#waiting.delete(message.id);
  }

  #end(why: Error): void {
    if (this.#why !== undefined) return;
    this.#why = why;
    this.#opening?.reject(why);
    for (const { reject } of this.#waiting.values()) reject(why);
    this.#waiting.clear();
    this.#ended.resolve();
  }
}
