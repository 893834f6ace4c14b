import { appendFile, open, readFile, rename } from 'node:fs/promises';
import { systemCode } from '../shared/errors.ts';

/** Platforms deliver an event again for some minutes. */
const KEPT_MS = 20 * 60_000;
/** Strangers can send events without end: the oldest go first. */
const MOST = 20_000;
const FORGET_EVERY = 1000;
/** The file is written anew when it has so many lines more than events are kept. */
const SLACK_LINES = 20_000;

/** Which events have been seen, across restarts. Lines of a time, a blank and a key. */
export class EventLog {
  readonly #path: string;
  readonly #now: () => number;
  readonly #seen: Map<string, number>;
  #lines: number;
  #sinceForgetting = 0;
  #waiting = '';
  #writing: Promise<void> = Promise.resolve();

  static async open(path: string, now: () => number): Promise<EventLog> {
    const content = await readFile(path, 'utf8').catch((error: unknown) => {
      if (systemCode(error) === 'ENOENT') return '';
      throw error;
    });
    const lines = content.split('\n').slice(0, -1);
    const log = new EventLog(path, now, lines.length);
    for (const line of lines) {
      const at = Number(line.slice(0, line.indexOf(' ')));
      if (at > now() - KEPT_MS) log.#seen.set(line.slice(line.indexOf(' ') + 1), at);
    }
    return log;
  }

  private constructor(path: string, now: () => number, lines: number) {
    this.#path = path;
    this.#now = now;
    this.#seen = new Map();
    this.#lines = lines;
  }

  /** True the first time that a key is given; answers at once and writes later. */
  isNew(key: string): boolean {
    const now = this.#now();
    const known = this.#seen.get(key);
    if (known !== undefined && known > now - KEPT_MS) return false;
    this.#seen.delete(key);
    this.#seen.set(key, now);
    this.#forgetOld(now);
    this.#append(`${now} ${key.replaceAll('\n', ' ')}\n`);
    return true;
  }

  /** Resolves when all that was seen is written. */
  async close(): Promise<void> {
    while (this.#waiting !== '') await this.#writing;
    await this.#writing;
  }

  #forgetOld(now: number): void {
    // Seldom: a map whose first keys were just deleted is slow to begin with.
    if (++this.#sinceForgetting < FORGET_EVERY) return;
    this.#sinceForgetting = 0;
    for (const [key, at] of this.#seen) {
      if (at > now - KEPT_MS && this.#seen.size <= MOST) return;
      this.#seen.delete(key);
    }
  }

  #append(line: string): void {
    const idle = this.#waiting === '';
    this.#waiting += line;
    if (idle) this.#writing = this.#writing.then(() => this.#write());
  }

  async #write(): Promise<void> {
    const lines = this.#waiting;
    this.#waiting = '';
    this.#lines += lines.split('\n').length - 1;
    try {
      if (this.#lines > this.#seen.size + SLACK_LINES) await this.#writeAnew();
      else await appendFile(this.#path, lines, { mode: 0o600 });
    } catch {
      // A full disk must not stop the bot: what is seen is known until it restarts.
    }
  }

  async #writeAnew(): Promise<void> {
    const all = [...this.#seen].map(([key, at]) => `${at} ${key}\n`);
    const file = await open(`${this.#path}.new`, 'w', 0o600);
    try {
      await file.writeFile(all.join(''));
    } finally {
      await file.close();
    }
    await rename(`${this.#path}.new`, this.#path);
    this.#lines = all.length;
  }
}
