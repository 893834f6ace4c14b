import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { Clock } from '../shared/clock.ts';
import type { AuditEntry } from './audit-entry.ts';
import { RefusalFolder } from './refusal-folder.ts';

/** Longer text of a stranger is no news. */
const MOST_TEXT = 300;
const NO_LINE = '0'.repeat(64);
const TAIL_BYTES = 64 * 1024;

export interface AuditOptions {
  clock: Clock;
  /** Takes secrets out of a text. */
  scrub: (text: string) => string;
  onWarning: (message: string) => void;
}

/**
 * Who did what, when and from where: JSON lines that are only ever appended. `seq` counts them and `prev` is the SHA-256 of the line before, so that a line that was
 * changed or taken out shows. Refusals of one person are folded.
 */
export class AuditLog {
  readonly #file: FileHandle;
  readonly #options: AuditOptions;
  readonly #refusals = new RefusalFolder();
  readonly #ended = new AbortController();
  #seq: number;
  #prev: string;
  #waiting: AuditEntry[] = [];
  #writing: Promise<void> = Promise.resolve();
  #waker: Promise<void> | undefined;

  static async open(path: string, options: AuditOptions): Promise<AuditLog> {
    const file = await open(path, 'a+', 0o600);
    const last = await lastLine(file);
    return new AuditLog(file, options, last);
  }

  private constructor(file: FileHandle, options: AuditOptions, last: { seq: number; digest: string }) {
    this.#file = file;
    this.#options = options;
    this.#seq = last.seq;
    this.#prev = last.digest;
  }

  /** Notes what happened; it is written soon. */
  note(entry: Omit<AuditEntry, 'time'>): void {
    const { clock } = this.#options;
    const now = clock.now();
    const timed: AuditEntry = { time: new Date(now).toISOString(), ...entry };
    const key = `${entry.who.platform} ${entry.who.id}`;
    this.#append(entry.outcome === 'refused' ? this.#refusals.add(key, timed, clock.monotonic()) : [timed]);
    if (this.#refusals.nextDueMs !== undefined) this.#waker ??= this.#wake();
  }

  /** Resolves when everything is on disk, counted refusals included. */
  async close(): Promise<void> {
    this.#ended.abort(new Error('closed'));
    await this.#waker;
    this.#append(this.#refusals.due(Number.POSITIVE_INFINITY));
    await this.#writing;
    await this.#file.close();
  }

  async #wake(): Promise<void> {
    const { clock } = this.#options;
    for (let due = this.#refusals.nextDueMs; due !== undefined; due = this.#refusals.nextDueMs) {
      const wait = Math.max(due - clock.monotonic(), 0);
      const ended = await clock.sleep(wait, this.#ended.signal, { background: true }).then(
        () => false,
        () => true,
      );
      if (ended) return;
      this.#append(this.#refusals.due(clock.monotonic()));
    }
    this.#waker = undefined;
  }

  #append(entries: readonly AuditEntry[]): void {
    if (entries.length === 0) return;
    const idle = this.#waiting.length === 0;
    this.#waiting.push(...entries);
    if (idle) this.#writing = this.#writing.then(() => this.#write());
  }

  async #write(): Promise<void> {
    const lines = this.#waiting.splice(0).map((entry) => this.#line(entry));
    try {
      await this.#file.appendFile(lines.join(''));
      await this.#file.sync();
    } catch (error) {
      this.#options.onWarning(`The audit log cannot be written: ${error instanceof Error ? error.message : error}`);
    }
  }

  #line(entry: AuditEntry): string {
    const { scrub } = this.#options;
    const clean = (text: string): string => scrub(text).slice(0, MOST_TEXT);
    const line = JSON.stringify({ seq: ++this.#seq, ...entry, prev: this.#prev }, (_key, value) =>
      typeof value === 'string' ? clean(value) : value,
    );
    this.#prev = createHash('sha256').update(line).digest('hex');
    return `${line}\n`;
  }
}

/** Where the chain goes on. A last line that was cut off by a power cut is closed, and stays for whoever reads. */
async function lastLine(file: FileHandle): Promise<{ seq: number; digest: string }> {
  const { size } = await file.stat();
  if (size === 0) return { seq: 0, digest: NO_LINE };
  const length = Math.min(size, TAIL_BYTES);
  const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
  const tail = buffer.toString('utf8');
  if (!tail.endsWith('\n')) await file.appendFile('\n');
  for (const line of tail.split('\n').reverse()) {
    const seq = seqOf(line);
    if (seq !== undefined) return { seq, digest: createHash('sha256').update(line).digest('hex') };
  }
  return { seq: 0, digest: NO_LINE };
}

function seqOf(line: string): number | undefined {
  try {
    const { seq } = JSON.parse(line) as { seq?: unknown };
    return typeof seq === 'number' ? seq : undefined;
  } catch {
    return undefined;
  }
}
