import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ByteString } from '../../../shared/bytes.ts';
import { toHex } from '../../../shared/bytes.ts';
import { HoldfastError } from '../../../shared/errors.ts';
import { printableName } from '../../../shared/printable.ts';
import { ENVELOPE_BYTES } from '../../crypto/sealer.ts';
import type { ChunkRef, Entry } from '../../entry.ts';
import { type StoredEntry, storedBytes } from '../../format/manifest-entry.ts';
import { isDamage } from '../../repository/damage.ts';
import type { DamagedObject } from '../../types.ts';
import { kindOfObject } from '../verify/damage-report.ts';
import type { ChunkPlace, SnapshotContent } from './content.ts';
import { dataRuns } from './copy-object.ts';
import { EntryTable, EntryTableBuilder, type Row, type SharedTable } from './entry-table.ts';
import type { Job, JobPlace, JobResult, RowsJob } from './jobs.ts';
import { Lanes } from './lanes.ts';
import { Pieces } from './pieces.ts';
import type { RestoreThreads } from './thread-pool.ts';
import { type WindowBlock, WindowBuilder } from './window.ts';

/**
 * The first window is small, so that the threads begin at once; the second keeps them busy while the third is planned. All others are as large as
 * memory allows: a block that holds what several windows need, copies that deduplication found above all, is decoded in each of them.
 */
const FIRST_WINDOWS = [4096, 16_384];
const LARGEST_WINDOW = 131_072;
/** The next window is handed out when no more than this is left of the one before. */
const LITTLE_WORK = 16;
/** Blocks that are fetched at once from a store that is no folder. */
const MOST_READS = 8;
const MISFIT = 'a hard link does not fit the file that it belongs to';
const ROWS_A_JOB = 2048;
const MOST_NAMED = 100;
/** So much is written before the disk is set to work again. */
const WRITEBACK_BYTES = 64 * 2 ** 20;

export interface StageOptions {
  /** Leave damaged files out instead of failing. */
  keepGoing: boolean;
  /** Read what was written again. */
  check: boolean;
  /** How people know a path below the stage. */
  shownPath: (path: ByteString) => string;
  /** Sets the stage's disk to work; resolves when it is done. */
  writeback: () => Promise<void>;
  onBytes?: ((bytes: number, files: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** A file that could not be restored. */
export interface LostFile {
  /** Below the stage. */
  path: ByteString;
  /** What the target has instead, below the target; undefined where it has nothing of the kind. */
  from: ByteString | undefined;
  /** That should hold its content. */
  objects: Set<string>;
}

/**
 * Brings rows into one stage: collects them in windows, plans each window by pack and block, and keeps the threads busy. Each block is
 * fetched and decoded once a window. Links follow when all content is there, folders at the very end.
 */
export class StageWriter {
  readonly #threads: RestoreThreads;
  readonly #content: SnapshotContent;
  readonly #place: JobPlace;
  readonly #options: StageOptions;
  #window = new WindowBuilder();
  #windows = 0;
  readonly #work: Lanes<(thread: number) => void>;
  #handingOut = false;
  readonly #reads = new Set<Promise<unknown>>();
  #nearlyIdle: (() => void)[] = [];
  readonly #links = new EntryTableBuilder();
  readonly #folders = new EntryTableBuilder();
  /** By path below the stage: what the target has instead of a file. Kept only where files may be left out. */
  readonly #instead = new Map<string, ByteString>();
  readonly #lost = new Map<string, LostFile>();
  readonly #damaged = new Map<string, DamagedObject>();
  readonly #refusedXattrs = new Set<string>();
  #foreign = 0;
  #foreignExample = '' as ByteString;
  #expected = 0;
  #finished = 0;
  #pending = 0;
  #dirtyBytes = 0;
  #writingBack: Promise<void> | undefined;
  #failure: unknown;
  #failed = false;
  #idle: (() => void)[] = [];

  constructor(threads: RestoreThreads, content: SnapshotContent, place: JobPlace, options: StageOptions) {
    this.#threads = threads;
    this.#content = content;
    this.#place = place;
    this.#options = options;
    this.#work = new Lanes(threads.width);
  }

  get damaged(): DamagedObject[] {
    return [...this.#damaged.values()];
  }

  /** Paths below the stage. */
  isLost(path: ByteString): boolean {
    return this.#lost.has(path);
  }

  get refusedXattrs(): string[] {
    return [...this.#refusedXattrs].sort();
  }

  get foreign(): { count: number; example: ByteString } {
    return { count: this.#foreign, example: this.#foreignExample };
  }

  /** Makes a folder; its metadata follows when all is in it. */
  addFolder(path: ByteString, entry: Entry): void {
    this.#expected++;
    this.#folders.add({ kind: 'make', path, entry, pieces: 0, unfinished: false }, false);
  }

  /** Takes over what the target has at `from`. */
  addCarried(path: ByteString, from: ByteString, entry: Entry): void {
    this.#expected++;
    this.#window.addPlain({ kind: 'carry', path, entry, from, pieces: 0, unfinished: false });
  }

  /** A further name of a hard-link group; `from` is the first one's place in the stage, `instead` as in `addMade`. */
  addJoined(path: ByteString, from: ByteString, entry: Entry, instead: ByteString | undefined): void {
    this.#expected++;
    this.#rememberInstead(path, instead);
    this.#links.add({ kind: 'join', path, entry, from, pieces: 0, unfinished: false }, false);
  }

  /** A further name of a hard-link group whose first is not touched; `from` is its place in the target. */
  addJoinedToTarget(path: ByteString, from: ByteString, entry: Entry): void {
    this.#expected++;
    this.#links.add({ kind: 'carry', path, entry, from, pieces: 0, unfinished: false }, false);
  }

  /** Makes the object. `instead` is what the target has, should the content be damaged. */
  addMade(path: ByteString, entry: StoredEntry, instead: ByteString | undefined): Promise<void> | void {
    this.#expected++;
    const row = { kind: 'make', path, entry, pieces: 0, unfinished: false } as const;
    if (entry.type === 'symlink') this.#links.add(row, false);
    else if (entry.type !== 'file' || storedBytes(entry) === 0) this.#window.addPlain(row);
    else {
      this.#rememberInstead(path, instead);
      if (!this.#addSmall(row, entry)) return this.#addFile(path, entry);
    }
  }

  /** A file of one chunk, as nearly all are: nothing has to be waited for. False where it is more than that. */
  #addSmall(row: Row, { chunks, indirect, size, holes }: StoredEntry): boolean {
    const [chunk] = chunks ?? [];
    if (chunks?.length !== 1 || chunk?.length !== size || indirect === true || holes !== undefined) return false;
    const { id, length } = chunk;
    const place = this.#content.locate(id);
    if (place?.length !== length) return false;
    const number = this.#window.openFile(row, this.#options.check);
    const piece = { row: number, offset: place.offset, length, partAt: 0, partLength: length, position: 0, id };
    this.#window.addPiece(piece, place);
    this.#window.closeFile(number, false);
    return true;
  }

  /** To be called between runs of entries. */
  async breathe(): Promise<void> {
    // Answers of the threads are heard between turns of the event loop, and a run may take none: its part of the manifest is in memory already.
    await nextTurn();
    this.#throwFailure();
    if (this.#window.size < (FIRST_WINDOWS[this.#windows] ?? LARGEST_WINDOW)) return;
    if (this.#window.size >= LARGEST_WINDOW) await this.#untilNearlyIdle();
    if (this.#work.length <= LITTLE_WORK) await this.#flush();
  }

  /** Everything is in the stage, complete, checked where asked for, and durable. */
  async finish(): Promise<void> {
    await this.#flush();
    await this.#settle();
    const links = this.#withoutLost(this.#links);
    await this.#discardLost();
    await this.#runTable(links, false);
    await this.#settle();
    await this.#runTable(this.#folders, true);
    await this.#settle();
    if (this.#finished + this.#lost.size !== this.#expected) {
      throw new HoldfastError(
        'internal',
        `${this.#expected} objects were to be restored, ${this.#finished} are there and ${this.#lost.size} are damaged.`,
      );
    }
    this.#track(this.#threads.run({ kind: 'sync', place: this.#place }));
    await this.#settle();
    await this.#writingBack;
  }

  /** Waits until no thread is at work for this stage, whatever came of it. */
  async stop(): Promise<void> {
    this.#failed = true;
    while (this.#pending > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
    await this.#writingBack;
  }

  #rememberInstead(path: ByteString, instead: ByteString | undefined): void {
    if (instead !== undefined && this.#options.keepGoing) this.#instead.set(path, instead);
  }

  async #addFile(path: ByteString, entry: StoredEntry): Promise<void> {
    const row: Row = { kind: 'make', path, entry, pieces: 0, unfinished: false };
    const open = { row, number: this.#window.openFile(row, this.#options.check) };
    try {
      await this.#addChunks(open);
    } catch (error) {
      if (!this.#options.keepGoing || !isDamage(error)) throw error;
      // What was planned of it is written, and taken out again at the end.
      this.#window.closeFile(open.number, true);
      const objects = (error.details.objects as string[] | undefined) ?? ['manifest'];
      this.#lose(path, new Map(objects.map((object) => [object, error.message])));
      return;
    }
    this.#window.closeFile(open.number, false);
  }

  async #addChunks(open: { row: Row; number: number }): Promise<void> {
    const entry: StoredEntry = open.row.entry;
    const cursor = new DataCursor(dataRuns(entry.holes ?? [], entry.size));
    const direct = entry.indirect === true ? undefined : entry.chunks;
    for await (const chunks of direct === undefined ? this.#content.chunkRuns(entry) : [direct]) {
      for (const chunk of chunks) {
        if (this.#window.pieces >= LARGEST_WINDOW) {
          // A file larger than a window: the next one goes on with it, when this one is written.
          this.#window.closeFile(open.number, true);
          await this.#flush();
          await this.#settle();
          open.number = this.#window.openFile(open.row, this.#options.check);
        }
        const place = this.#content.locate(chunk.id);
        const usable = place?.length === chunk.length ? place : await this.#locateAgain(chunk);
        this.#addChunk(open.number, chunk, usable, cursor);
      }
    }
    if (!cursor.atEnd) throw new HoldfastError('damaged', `The chunks of ${printableName(entry.path)} do not add up.`);
  }

  #addChunk(row: number, { id, length }: ChunkRef, place: ChunkPlace | undefined, cursor: DataCursor): void {
    let partAt = 0;
    for (const { position, length: partLength } of cursor.take(length)) {
      this.#window.addPiece({ row, offset: place?.offset ?? 0, length, partAt, partLength, position, id }, place);
      partAt += partLength;
    }
  }

  /** In an index that was read again where the first one does not know the chunk, or lies about its length. */
  async #locateAgain({ id, length }: ChunkRef): Promise<ChunkPlace | undefined> {
    return (await this.#content.copies(id)).find((place) => place.length === length);
  }

  async #flush(): Promise<void> {
    if (this.#window.size === 0) return;
    const window = this.#window.finish();
    this.#window = new WindowBuilder();
    this.#windows++;
    const table = window.table;
    let open = 1;
    const close = () => {
      if (--open === 0 && this.#options.check && !this.#failed) this.#checkTable(table);
    };
    const tracked = (promise: Promise<JobResult>, onDone?: (result: JobResult) => Promise<void> | void) => {
      this.#track(promise, onDone, close);
    };
    const rows = this.#rowJobs(table, window.plain ? window.rows : 0).map((job) => (thread: number) => {
      tracked(this.#threads.run(job, thread));
    });
    const blocks = window.blocks.map((block) => (thread: number) => {
      tracked(this.#runBlock(table, window.pieces, block, thread), (result) =>
        this.#retryBad(table, window.pieces, result, this.#content.packObject(block.place.pack), block.place),
      );
    });
    open += rows.length + blocks.length;
    this.#handOut([...rows, ...blocks]);
    for (const piece of window.unplaced) {
      await this.#retryPiece(table, window.pieces, piece, 'index', 'no index names a pack that holds it', undefined);
    }
    close();
  }

  /** Whoever plans goes on with that meanwhile. */
  #handOut(work: readonly ((thread: number) => void)[]): void {
    this.#work.add(work);
    if (this.#handingOut) return;
    this.#handingOut = true;
    this.#pending++;
    void this.#handOutAll()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#handingOut = false;
        this.#settleOne();
      });
  }

  async #handOutAll(): Promise<void> {
    while (this.#work.length > 0) {
      const thread = await this.#ready();
      this.#work.take(thread)?.(thread);
      if (this.#work.length <= LITTLE_WORK) this.#wakePlanner();
      if (this.#reads.size >= MOST_READS) await Promise.race(this.#reads);
    }
  }

  async #untilNearlyIdle(): Promise<void> {
    while (this.#work.length > LITTLE_WORK) {
      this.#throwFailure();
      await new Promise<void>((resolve) => this.#nearlyIdle.push(resolve));
    }
    this.#throwFailure();
  }

  #wakePlanner(): void {
    const waiting = this.#nearlyIdle;
    this.#nearlyIdle = [];
    for (const resolve of waiting) resolve();
  }

  #rowJobs(table: SharedTable, rows: number): RowsJob[] {
    const jobs: RowsJob[] = [];
    for (let first = 0; first < rows; first += ROWS_A_JOB) {
      const end = Math.min(rows, first + ROWS_A_JOB);
      jobs.push({ kind: 'rows', place: this.#place, table, first, end, backwards: false });
    }
    return jobs;
  }

  async #runBlock(
    table: SharedTable,
    pieces: SharedArrayBuffer,
    block: WindowBlock,
    thread?: number,
  ): Promise<JobResult> {
    const { pack, blockOffset: offset, blockLength: length } = block.place;
    const object = this.#content.packObject(pack);
    const path = this.#content.localPath(object);
    const { first, end } = block;
    const job = { kind: 'block', place: this.#place, table, pieces, first, end, object, offset, length } as const;
    if (path !== undefined) return this.#threads.run({ ...job, path }, thread);
    const { signal } = this.#options;
    const reading = Promise.all([
      this.#content.read(object, { offset: 0, length: ENVELOPE_BYTES }, signal),
      this.#content.read(object, { offset, length }, signal),
    ]);
    // Its failure is seen below.
    const ended = reading.then(
      () => {},
      () => {},
    );
    this.#reads.add(ended);
    void ended.then(() => this.#reads.delete(ended));
    const [envelope, bytes] = await reading;
    return this.#threads.run({ ...job, envelope, bytes }, thread);
  }

  async #retryBad(
    table: SharedTable,
    pieces: SharedArrayBuffer,
    result: JobResult,
    object: string,
    failed: ChunkPlace,
  ): Promise<void> {
    for (const piece of result.bad) {
      if (this.#failed) return;
      await this.#retryPiece(table, pieces, piece, object, result.problem, failed);
    }
  }

  /** Other copies of the chunk, one after the other; without any, the file is lost. */
  async #retryPiece(
    table: SharedTable,
    shared: SharedArrayBuffer,
    piece: number,
    object: string,
    problem: string,
    failed: ChunkPlace | undefined,
  ): Promise<void> {
    const { id: view, ...wanted } = new Pieces(shared).get(piece);
    const id = Buffer.from(view);
    const problems = new Map([[object, problem]]);
    for (const place of await this.#content.copies(id)) {
      if (place.length !== wanted.length || (place.pack === failed?.pack && place.blockOffset === failed.blockOffset)) {
        continue;
      }
      const one = new SharedArrayBuffer(Pieces.bytesFor(1));
      new Pieces(one).set(0, { ...wanted, offset: place.offset, id });
      const result = await this.#runBlock(table, one, { place, first: 0, end: 1 });
      this.#count(result);
      if (result.bad.length === 0) return;
      problems.set(this.#content.packObject(place.pack), result.problem);
    }
    this.#lose(new EntryTable(table).path(wanted.row), problems, id);
  }

  #lose(path: ByteString, problems: ReadonlyMap<string, string>, id?: Buffer): void {
    const known = this.#lost.get(path);
    const objects = known?.objects ?? new Set();
    this.#lost.set(path, { path, from: this.#instead.get(path), objects });
    for (const [object, problem] of problems) {
      if (!objects.has(object)) this.#blame(object, problem, path);
      objects.add(object);
    }
    if (this.#options.keepGoing) return;
    const shown = this.#options.shownPath(path);
    const named = [...problems].map(([object, problem]) => `${object} (${problem})`).join(', ');
    throw new HoldfastError('damaged', `${shown} cannot be restored: ${named}. The target was left as it was.`, {
      advice: 'Run verify to see everything that is affected; --keep-going restores all the rest.',
      details: { damaged: this.damaged, ...(id !== undefined && { chunk: toHex(id) }) },
    });
  }

  #blame(object: string, problem: string, path: ByteString): void {
    const known = this.#damaged.get(object);
    const found = known ?? { object, kind: kindOfObject(object), problem, files: [], filesTotal: 0 };
    this.#damaged.set(object, found);
    found.filesTotal++;
    if (found.files.length < MOST_NAMED) found.files.push(this.#options.shownPath(path));
  }

  async #discardLost(): Promise<void> {
    if (this.#lost.size === 0) return;
    const lost = [...this.#lost.values()];
    const job: Job = {
      kind: 'discard',
      place: this.#place,
      paths: lost.map(({ path }) => path),
      from: lost.map(({ from }) => from ?? null),
    };
    this.#track(this.#threads.run(job));
    await this.#settle();
  }

  /** Whoever joins a file that is lost is lost too: the content is the same. */
  #withoutLost(links: EntryTableBuilder): EntryTableBuilder {
    if (this.#lost.size === 0) return links;
    const table = new EntryTable(links.finish());
    const kept = new EntryTableBuilder();
    for (let number = 0; number < table.count; number++) {
      const row = table.row(number);
      const first = row.kind === 'join' ? this.#lost.get(row.from ?? '') : undefined;
      if (first !== undefined) {
        this.#lose(row.path, new Map([...first.objects].map((object) => [object, 'its content is lost'])));
      } else kept.add(row, false);
    }
    return kept;
  }

  async #runTable(builder: EntryTableBuilder, backwards: boolean): Promise<void> {
    if (builder.count === 0) return;
    const table = builder.finish();
    if (backwards) {
      // One thread: a folder that loses its permissions early would shut out the others.
      const job = { kind: 'rows', place: this.#place, table, first: 0, end: builder.count, backwards } as const;
      this.#track(this.#threads.run(job));
      return;
    }
    const view = new EntryTable(table);
    for (const job of this.#rowJobs(table, builder.count)) {
      await this.#ready();
      this.#track(this.#threads.run(job), ({ mismatched }) => {
        for (const number of mismatched) this.#lose(view.path(number), new Map([['manifest', MISFIT]]));
      });
    }
  }

  #checkTable(table: SharedTable): void {
    const view = new EntryTable(table);
    for (let first = 0; first < view.count; first += ROWS_A_JOB) {
      const end = Math.min(view.count, first + ROWS_A_JOB);
      this.#track(this.#threads.run({ kind: 'check', place: this.#place, table, first, end }), (result) => {
        const wrong = result.mismatched.map((row) => view.path(row)).find((path) => !this.#lost.has(path));
        if (wrong === undefined) return;
        throw new HoldfastError(
          'failed',
          `${this.#options.shownPath(wrong)} reads differently from what was written to it.`,
          {
            advice: "Check the target's disk and memory.",
          },
        );
      });
    }
  }

  async #ready(): Promise<number> {
    this.#throwFailure();
    const thread = await this.#threads.ready();
    this.#throwFailure();
    return thread;
  }

  #track(promise: Promise<JobResult>, onDone?: (result: JobResult) => Promise<void> | void, always?: () => void): void {
    this.#pending++;
    promise
      .then((result) => {
        this.#count(result);
        return onDone?.(result);
      })
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        always?.();
        this.#settleOne();
      });
  }

  #count(result: JobResult): void {
    this.#finished += result.finished;
    if (this.#foreign === 0) this.#foreignExample = result.foreignExample as ByteString;
    this.#foreign += result.foreign;
    for (const name of result.refusedXattrs) this.#refusedXattrs.add(name);
    this.#options.onBytes?.(result.bytes, result.finished);
    this.#dirtyBytes += result.bytes;
    if (this.#dirtyBytes >= WRITEBACK_BYTES && this.#writingBack === undefined && !this.#failed) this.#startWriteback();
  }

  /** The last sync is waited for: what the disk has done by then while others decoded, it need not do then. */
  #startWriteback(): void {
    this.#dirtyBytes = 0;
    this.#writingBack = this.#options.writeback().then(() => {
      this.#writingBack = undefined;
    });
  }

  #settleOne(): void {
    this.#pending--;
    if (this.#pending > 0) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }

  #fail(error: unknown): void {
    if (!this.#failed) this.#failure = error;
    this.#failed = true;
    this.#work.clear();
    this.#wakePlanner();
  }

  #throwFailure(): void {
    if (this.#failed) throw this.#failure;
  }

  async #settle(): Promise<void> {
    while (this.#pending > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
    this.#throwFailure();
  }
}

/** Walks along the parts of a file that are not holes. */
class DataCursor {
  readonly #runs: readonly { offset: number; length: number }[];
  #run = 0;
  #used = 0;

  constructor(runs: readonly { offset: number; length: number }[]) {
    this.#runs = runs;
  }

  get atEnd(): boolean {
    return this.#run === this.#runs.length;
  }

  /** Where the next `length` stored bytes go: one position each time that a hole lies between. */
  take(length: number): { position: number; length: number }[] {
    const parts: { position: number; length: number }[] = [];
    for (let left = length; left > 0; ) {
      const run = this.#runs[this.#run];
      if (run === undefined) throw new HoldfastError('damaged', "A file's chunks are longer than the file.");
      const step = Math.min(left, run.length - this.#used);
      parts.push({ position: run.offset + this.#used, length: step });
      left -= step;
      this.#used += step;
      if (this.#used < run.length) continue;
      this.#run++;
      this.#used = 0;
    }
    return parts;
  }
}
