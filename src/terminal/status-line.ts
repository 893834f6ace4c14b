/** Repainting more often than this only flickers. */
const REPAINT_MS = 100;
const CLEAR_LINE = '\r\x1b[2K';

/** One line at the bottom of a terminal that is painted over again and again. */
export class StatusLine {
  readonly #write: (text: string) => unknown;
  readonly #now: () => number;
  #paintedMs = Number.NEGATIVE_INFINITY;
  #shown = false;

  /** `now` gives monotonic milliseconds. */
  constructor(write: (text: string) => unknown, now: () => number) {
    this.#write = write;
    this.#now = now;
  }

  /** Shows what `text` gives, unless the last repaint is too recent. */
  paint(text: () => string): void {
    if (this.#now() - this.#paintedMs < REPAINT_MS) return;
    this.#paintedMs = this.#now();
    this.#write(CLEAR_LINE + text());
    this.#shown = true;
  }

  /** Removes the line, so that something else can be written there. */
  clear(): void {
    if (this.#shown) this.#write(CLEAR_LINE);
    this.#shown = false;
    this.#paintedMs = Number.NEGATIVE_INFINITY;
  }
}
