import type { Socket } from 'node:net';

/** Whoever sends more without a line feed does not speak this language. */
const LONGEST_LINE = 256 * 1024 * 1024;

export interface LineEvents<In> {
  onMessage(message: In): void;
  /** Once, when nothing more comes. */
  onEnd(): void;
}

/** A socket on which each line is a JSON object. */
export class MessageLine<In, Out> {
  readonly #socket: Socket;
  #rest: Buffer[] = [];
  #restBytes = 0;

  constructor(socket: Socket, events: LineEvents<In>) {
    this.#socket = socket;
    socket.on('data', (piece: Buffer) => this.#take(piece, events));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => events.onEnd());
  }

  /** What cannot be sent is answered by the end of the connection. */
  send(message: Out): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(message)}\n`);
  }

  /** Resolves when all that was sent has been handed over, and nothing more will be. */
  end(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#socket.destroyed) resolve();
      else this.#socket.end(resolve).once('close', () => resolve());
    });
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #take(piece: Buffer, { onMessage }: LineEvents<In>): void {
    let from = 0;
    for (let feed = piece.indexOf('\n'); feed >= 0; feed = piece.indexOf('\n', from)) {
      const line = Buffer.concat([...this.#rest, piece.subarray(from, feed)]).toString('utf8');
      from = feed + 1;
      this.#rest = [];
      this.#restBytes = 0;
      const message = parsed(line) as In | undefined;
      if (message === undefined) this.#socket.destroy();
      else onMessage(message);
    }
    if (from === piece.length) return;
    this.#rest.push(piece.subarray(from));
    this.#restBytes += piece.length - from;
    if (this.#restBytes > LONGEST_LINE) this.#socket.destroy();
  }
}

function parsed(line: string): object | undefined {
  try {
    const message: unknown = JSON.parse(line);
    return typeof message === 'object' && message !== null ? message : undefined;
  } catch {
    return undefined;
  }
}
