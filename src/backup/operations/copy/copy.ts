import { HoldfastError } from '../../../shared/errors.ts';
import { printableName } from '../../../shared/printable.ts';
import type { SnapshotBody } from '../../format/bodies.ts';
import type { OperationContext } from '../../ports.ts';
import { ChunkReader } from '../../repository/chunk-reader.ts';
import { nextLink, rememberHistory } from '../../repository/history.ts';
import type { Repository } from '../../repository/repository.ts';
import { type Catalog, readCatalog, resolveSnapshot, type SnapshotRecord } from '../../repository/snapshots.ts';
import { whileReading } from '../reading-session.ts';
import { commitSnapshot } from '../writing/commit.ts';
import type { WritingEnvironment } from '../writing/environment.ts';
import { WritingSession, type Written } from '../writing/writing-session.ts';
import { factsWithOrigin, originKey, originOf } from './origin.ts';
import { type CopyProgress, Translator } from './translator.ts';

export interface CopyResult {
  copied: { from: string; to: string }[];
  /** Snapshots that were there already. */
  skipped: string[];
  bytesStored: number;
  durationMs: number;
}

const PROGRESS_EVERY_MS = 100;

/**
 * Copies snapshots, oldest first, into a repository with other keys: time, host, source, tags, paths, kind and trigger stay, and `facts` remember
 * the origin, by which a snapshot that is there already is recognised. Snapshots that are not finished are left out with a warning.
 *
 * @throws HoldfastError `refused` where both are one repository, `not_found`, `damaged`, `storage_full`
 */
export async function copySnapshots(
  source: Repository,
  target: WritingEnvironment,
  ids: readonly string[],
  context: OperationContext = {},
): Promise<CopyResult> {
  if (source.id === target.repository.id) {
    throw new HoldfastError(
      'refused',
      `${target.repository.store.location} is the same repository, or a mirror of it.`,
      {
        advice: 'Copy to a repository that was made by init, or use mirror.',
      },
    );
  }
  const startedAt = source.clock.monotonic();
  const records = chosen(await readCatalog(source), ids);
  const reading = { operation: 'copy', snapshots: records.map(({ id }) => id) };
  return whileReading(source, reading, async () => {
    const run = new CopyRun(source, target, context);
    await run.copy(records);
    return { ...run.result, durationMs: Math.round(source.clock.monotonic() - startedAt) };
  });
}

/** Each once, oldest first: so a snapshot finds its parent there. */
function chosen(catalog: Catalog, ids: readonly string[]): SnapshotRecord[] {
  const records = new Set(ids.map((id) => resolveSnapshot(catalog, { id })));
  return catalog.snapshots.filter((record) => records.has(record)).toReversed();
}

class CopyRun {
  readonly result: Omit<CopyResult, 'durationMs'> = { copied: [], skipped: [], bytesStored: 0 };
  readonly #source: Repository;
  readonly #target: WritingEnvironment;
  readonly #context: OperationContext;
  /** Copies by their origin. */
  readonly #there = new Map<string, SnapshotRecord>();
  /** Sources whose earlier copies were looked at. */
  readonly #learnt = new Set<string>();

  constructor(source: Repository, target: WritingEnvironment, context: OperationContext) {
    this.#source = source;
    this.#target = target;
    this.#context = context;
  }

  async copy(records: readonly SnapshotRecord[]): Promise<void> {
    await this.#lookThere();
    const open = records.filter((record) => this.#isToBeCopied(record));
    if (open.length === 0) return;
    const session = await WritingSession.open(this.#target.repository, {
      ...this.#target,
      operation: 'copy',
      signal: this.#context.signal,
    });
    let unfinished = false;
    const lease = {
      bytes: session.session.bytes,
      stop: async () => {
        unfinished = true;
        await session.session.stop();
      },
      end: async () => {},
    };
    try {
      const translator = new Translator(new ChunkReader(this.#source), session, this.#progress());
      for (const record of open) {
        const { body, written } = await this.#carryOver(record, session, translator);
        const id = await commitSnapshot(session, body, written, lease);
        this.result.bytesStored += written.stored;
        await this.#remember(record, id);
      }
    } finally {
      await session.close();
      // Where a snapshot was left unfinished, the session's objects tell others.
      if (!unfinished) await session.session.end().catch(() => {});
    }
  }

  async #lookThere(): Promise<void> {
    const { repository } = this.#target;
    const { snapshots } = await readCatalog(repository);
    for (const record of snapshots) {
      if (record.confirmed !== undefined) this.#there.set(originKey(originOf(repository.id, record)), record);
    }
  }

  #isToBeCopied(record: SnapshotRecord): boolean {
    if (record.confirmed === undefined) {
      this.#context.onWarning?.(`Snapshot ${record.id.slice(0, 8)} is ${record.status} and is not copied.`);
      return false;
    }
    if (!this.#there.has(this.#key(record))) return true;
    this.result.skipped.push(record.id);
    return false;
  }

  async #carryOver(
    record: SnapshotRecord,
    session: WritingSession,
    translator: Translator,
  ): Promise<{ body: SnapshotBody; written: Written }> {
    const { repository, heads, program } = this.#target;
    const { body } = record;
    await this.#learn(record, translator);
    const manifest = await translator.translate(body.manifest, this.#context.signal);
    const written = await session.finish();
    this.#context.signal?.throwIfAborted();
    const copied: SnapshotBody = {
      ...body,
      critical: [],
      tags: record.tags,
      parent: await this.#parentThere(body.parent),
      manifest,
      run: { ...body.run, stored: written.stored },
      facts: factsWithOrigin(body.facts, originOf(this.#source.id, record)),
      session: session.session.id,
      writer: repository.writer,
      ...nextLink(await readCatalog(repository), await heads.load(), repository.writer),
      program,
    };
    return { body: copied, written };
  }

  /** Snapshots of one source follow each other in one session, so what earlier runs did has to be looked at only once. */
  async #learn(record: SnapshotRecord, translator: Translator): Promise<void> {
    const { host, source, manifest } = record.body;
    const group = JSON.stringify([host, source]);
    if (this.#learnt.has(group)) return;
    this.#learnt.add(group);
    const { snapshots } = await readCatalog(this.#source);
    const earlier = snapshots.find(
      (other) => other.body.host === host && other.body.source === source && this.#there.has(this.#key(other)),
    );
    if (earlier === undefined) return;
    const copy = this.#there.get(this.#key(earlier)) as SnapshotRecord;
    await translator.learn(earlier.body.manifest, copy.body.manifest, manifest);
  }

  async #parentThere(parent: string | null): Promise<string | null> {
    if (parent === null) return null;
    const record = (await readCatalog(this.#source)).snapshots.find(({ id }) => id === parent);
    const key = record === undefined ? originKey({ repository: this.#source.id, snapshot: parent }) : this.#key(record);
    return this.#there.get(key)?.id ?? null;
  }

  async #remember(record: SnapshotRecord, id: string): Promise<void> {
    const { repository, heads } = this.#target;
    this.result.copied.push({ from: record.id, to: id });
    const catalog = await readCatalog(repository);
    await rememberHistory(catalog, heads);
    const copy = catalog.snapshots.find((other) => other.id === id);
    if (copy !== undefined) this.#there.set(this.#key(record), copy);
  }

  #key(record: SnapshotRecord): string {
    return originKey(originOf(this.#source.id, record));
  }

  #progress(): CopyProgress {
    const { clock } = this.#source;
    const { onProgress } = this.#context;
    let files = 0;
    let last = Number.NEGATIVE_INFINITY;
    const progress: CopyProgress = {
      read: 0,
      tell: (path) => {
        files++;
        const now = clock.monotonic();
        if (onProgress === undefined || now - last < PROGRESS_EVERY_MS) return;
        last = now;
        onProgress({ phase: 'copy', files, bytes: progress.read, current: printableName(path) });
      },
    };
    return progress;
  }
}
