/** Keeps the last bytes of a stream of any length. */
export class TailBuffer {
  readonly #limit: number;
  #bytes = Buffer.alloc(0);
  #cut = false;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  add(bytes: Buffer): void {
    const all = Buffer.concat([this.#bytes, bytes]);
    this.#cut ||= all.length > this.#limit;
    this.#bytes = Buffer.from(all.subarray(Math.max(0, all.length - this.#limit)));
  }

  /** The lines that are not empty; without the first one where its beginning was cut off and others follow. */
  lines(): string[] {
    const lines = this.#bytes.toString('utf8').split(/\r?\n/);
    const whole = this.#cut && lines.length > 1 ? lines.slice(1) : lines;
    return whole.filter((line) => line.trim() !== '');
  }
}
