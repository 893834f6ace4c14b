import { constants } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../shared/clock.ts';
import { isNoSpace, systemCode } from '../shared/errors.ts';
import type { RandomSource } from '../shared/random.ts';
import { type AuditEntry, HOLDFAST } from './audit-entry.ts';
import { auditFileLines, auditFileName, auditFileNumbers } from './audit-files.ts';
import { auditLine, type ChainEnd, NO_LINE, readAuditLine } from './audit-line.ts';
import { type FileCalls, makeFolder, nodeFileCalls, type OpenedFile, syncFolder, writeAll } from './file-calls.ts';
import { RefusalFolder } from './refusal-folder.ts';

const MIB = 1024 * 1024;
const FILE_BYTES = 16 * MIB;
const ID_BYTES = 16;
const RETRY_MS = 10_000;
/** Entries that wait for a disk that takes none; what comes after is counted. */
const MOST_WAITING = 10_000;

const { O_RDWR, O_APPEND, O_CREAT } = constants;

export interface AuditOptions {
  clock: Clock;
  random: RandomSource;
  /** Takes secrets out of a text. */
  scrub: (text: string) => string;
  onWarning: (message: string) => void;
  /** The log cannot be written, or is not where it was. */
  onBroken: (reason: string) => void;
  files?: FileCalls;
  /** A file that is larger is followed by another. */
  fileBytes?: number;
}

/** What a snapshot says of the log at its time. */
export interface AuditHead extends ChainEnd {
  /** ID of the log. */
  log: string;
}

type NewEntry = Omit<AuditEntry, 'time'>;

/**
 * Who did what, when and from where: lines of JSON that are only ever appended, each chained to the one before (`auditLine`), so that a line that was
 * changed, taken out or put in shows. Each line is synced before the next is written: a power cut can leave only the last one unfinished. Refusals of one person are
 * folded. What cannot be written waits.
 */
export class AuditLog {
  readonly #folder: string;
  readonly #options: AuditOptions;
  readonly #files: FileCalls;
  readonly #refusals = new RefusalFolder();
  readonly #ended = new AbortController();
  #waiting: AuditEntry[] = [];
  /** Entries that there was no room for even in memory. */
  #dropped = 0;
  #writing: Promise<void> | undefined;
  #isFailing = false;
  #retrying = false;
  #waker: Promise<void> | undefined;
  #log = '';
  #end: ChainEnd = { seq: 0, digest: NO_LINE };
  #number = 1;
  #file: OpenedFile | undefined;
  #size = 0;
  #largest: number;

  /** Opens the log in a folder, or begins one. What an unfinished last line leaves is taken off, and that is noted. */
  static async open(folder: string, options: AuditOptions): Promise<AuditLog> {
    const log = new AuditLog(folder, options);
    await log.#openNewest();
    return log;
  }

  private constructor(folder: string, options: AuditOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#files = options.files ?? nodeFileCalls;
    this.#largest = options.fileBytes ?? FILE_BYTES;
  }

  /** The newest entry that is on disk. */
  get head(): AuditHead {
    return { log: this.#log, ...this.#end };
  }

  /** Notes what happened; it is written soon. */
  note(entry: NewEntry): void {
    const { clock } = this.#options;
    const timed = this.#timed(entry);
    const key = `${entry.who.platform} ${entry.who.id}`;
    this.#append(entry.outcome === 'refused' ? this.#refusals.add(key, timed, clock.monotonic()) : [timed]);
    if (this.#refusals.nextDueMs !== undefined) this.#waker ??= this.#wake();
  }

  /** Resolves when what was noted before is on disk, or cannot be written now. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  /** Resolves when everything is on disk, counted refusals included, as far as it can be written. */
  async close(): Promise<void> {
    this.#ended.abort(new Error('closed'));
    await this.#waker;
    this.#append(this.#refusals.due(Number.POSITIVE_INFINITY));
    await this.#writing;
    await this.#write();
    await this.#file?.close();
  }

  #timed(entry: NewEntry): AuditEntry {
    return { time: new Date(this.#options.clock.now()).toISOString(), ...entry };
  }

  async #wake(): Promise<void> {
    const { clock } = this.#options;
    for (let due = this.#refusals.nextDueMs; due !== undefined; due = this.#refusals.nextDueMs) {
      if (!(await this.#sleep(Math.max(due - clock.monotonic(), 0)))) return;
      this.#append(this.#refusals.due(clock.monotonic()));
    }
    this.#waker = undefined;
  }

  /** False where the log was closed meanwhile. */
  #sleep(ms: number): Promise<boolean> {
    return this.#options.clock.sleep(ms, this.#ended.signal, { background: true }).then(
      () => true,
      () => false,
    );
  }

  #append(entries: readonly AuditEntry[]): void {
    for (const entry of entries) {
      if (this.#waiting.length < MOST_WAITING) this.#waiting.push(entry);
      else this.#dropped++;
    }
    if (this.#waiting.length > 0)
      this.#writing ??= this.#write().finally(() => {
        this.#writing = undefined;
      });
  }

  /** Writes what waits, until there is nothing more or it fails. */
  async #write(): Promise<void> {
    for (let [entry] = this.#waiting; entry !== undefined; [entry] = this.#waiting) {
      try {
        await this.#writeEntry(entry);
      } catch (error) {
        this.#failed(error);
        return;
      }
      this.#waiting.shift();
      if (this.#isFailing) this.#recovered();
    }
  }

  #failed(error: unknown): void {
    if (!this.#isFailing) {
      const reason = isNoSpace(error) ? 'the disk is full' : (systemCode(error) ?? String(error));
      this.#options.onBroken(`The audit log in ${this.#folder} cannot be written: ${reason}`);
    }
    this.#isFailing = true;
    if (this.#retrying) return;
    this.#retrying = true;
    void this.#sleep(RETRY_MS).then((isOpen) => {
      this.#retrying = false;
      if (isOpen) this.#append([]);
    });
  }

  #recovered(): void {
    this.#isFailing = false;
    const dropped = this.#dropped;
    this.#dropped = 0;
    const detail = dropped === 0 ? 'all entries were kept' : `${dropped} entries had no room and are missing`;
    this.#options.onWarning(`The audit log is written again; ${detail}`);
    this.#waiting.push(
      this.#timed({ who: HOLDFAST, what: 'audit log', outcome: 'noted', detail: `written again: ${detail}` }),
    );
  }

  async #writeEntry(entry: AuditEntry): Promise<void> {
    await this.#reopenWhereGone();
    if (this.#size >= this.#largest) await this.#beginFile(this.#number + 1).catch(() => this.#putOffNextFile());
    await this.#writeLine(entry);
  }

  async #writeLine(entry: AuditEntry, log?: string): Promise<void> {
    const { text, end } = auditLine(this.#end, entry, { scrub: this.#options.scrub, log });
    const bytes = Buffer.from(text);
    const file = this.#opened();
    try {
      await writeAll(file, bytes);
      await file.sync();
    } catch (error) {
      // Half a line would break the chain of what comes after it.
      await file.truncate(this.#size).catch(() => {});
      throw error;
    }
    this.#size += bytes.length;
    this.#end = end;
  }

  #opened(): OpenedFile {
    if (this.#file !== undefined) return this.#file;
    throw new Error('the audit log is not open');
  }

  /** The first line of each file tells whose it is. */
  async #beginFile(number: number): Promise<void> {
    const file = await this.#files.open(this.#pathOf(number), O_RDWR | O_CREAT | O_APPEND, 0o600);
    const before = { file: this.#file, number: this.#number, size: this.#size };
    this.#file = file;
    this.#number = number;
    this.#size = 0;
    try {
      await syncFolder(this.#files, this.#folder);
      const detail = number === 1 ? 'begins' : `goes on from ${auditFileName(number - 1)}`;
      await this.#writeLine(this.#timed({ who: HOLDFAST, what: 'audit log', outcome: 'noted', detail }), this.#log);
    } catch (error) {
      await file.close().catch(() => {});
      this.#file = before.file;
      this.#number = before.number;
      this.#size = before.size;
      throw error;
    }
    await before.file?.close().catch(() => {});
  }

  /** A file that is too large is better than an entry that is lost. */
  #putOffNextFile(): void {
    this.#largest = this.#size + MIB;
  }

  #pathOf(number: number): string {
    return join(this.#folder, auditFileName(number));
  }

  /** Somebody removed the file below us: what is written there would be gone with our end. */
  async #reopenWhereGone(): Promise<void> {
    if (this.#file !== undefined && (await this.#file.stat()).nlink !== 0) return;
    if (this.#file !== undefined)
      this.#options.onBroken(`The audit log in ${this.#folder} was removed while it was written`);
    await this.#file?.close();
    this.#file = undefined;
    await makeFolder(this.#files, this.#folder);
    await this.#beginFile(this.#number);
  }

  async #openNewest(): Promise<void> {
    const numbers = await auditFileNumbers(this.#files, this.#folder);
    this.#number = numbers.at(-1) ?? 1;
    const { log, end } = await this.#chainOf(numbers);
    this.#log = log ?? this.#options.random.bytes(ID_BYTES).toString('hex');
    this.#end = end ?? this.#end;
    if (numbers.length === 0) return this.#beginFile(1);
    const file = await this.#files.open(this.#pathOf(this.#number), O_RDWR | O_APPEND, 0o600);
    this.#file = file;
    const { size } = await file.stat();
    const whole = await this.#wholeBytes(this.#number);
    this.#size = whole;
    if (whole === 0) {
      await file.truncate(0);
      return this.#beginFile(this.#number);
    }
    if (whole === size) return;
    await file.truncate(whole);
    const detail = `${size - whole} bytes of an unfinished line were taken off the end`;
    this.#options.onWarning(`The audit log was being written when the program ended: ${detail}`);
    this.note({ who: HOLDFAST, what: 'audit log', outcome: 'noted', detail });
  }

  /** The last line that can be read, and the log's ID. Only the last two files can tell: the newest may be empty still. */
  async #chainOf(numbers: readonly number[]): Promise<{ log: string | undefined; end: ChainEnd | undefined }> {
    let log: string | undefined;
    let end: ChainEnd | undefined;
    for await (const { text, isComplete } of auditFileLines(this.#files, this.#folder, numbers.slice(-2))) {
      const line = isComplete ? readAuditLine(text) : undefined;
      if (line === undefined) continue;
      log = line.log ?? log;
      end = { seq: line.seq, digest: line.digest };
    }
    return { log, end };
  }

  /** Bytes up to where a power cut may have torn: the last line does not end, or is no line. What is wrong further up stays, for whoever verifies. */
  async #wholeBytes(number: number): Promise<number> {
    let whole = 0;
    for await (const { text, isComplete, begin, end } of auditFileLines(this.#files, this.#folder, [number])) {
      whole = isComplete && readAuditLine(text) !== undefined ? end : begin;
    }
    return whole;
  }
}
