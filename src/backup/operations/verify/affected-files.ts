import type { ByteString } from '../../../shared/bytes.ts';
import type { HoldfastError } from '../../../shared/errors.ts';
import type { ChunkRef } from '../../entry.ts';
import type { Fence } from '../../format/manifest.ts';
import type { StoredEntry } from '../../format/manifest-entry.ts';
import { packName } from '../../format/pack-index.ts';
import type { ChunkReader } from '../../repository/chunk-reader.ts';
import type { SnapshotRecord } from '../../repository/snapshots.ts';
import type { Copies } from './copies.ts';
import type { DamageReport } from './damage-report.ts';
import { type ManifestVisitor, walkManifest } from './manifest-walk.ts';
import type { RepositoryState } from './repository-state.ts';

/** Stands for everything that a snapshot holds: no entry has this path. */
const EVERYTHING = '/' as ByteString;

/** Something that cannot be restored, and why. `count` where one path stands for several entries, whose names are lost. */
interface Loss {
  objects: readonly string[];
  path: ByteString;
  count: number;
}

/** What the search for affected files leans on. */
export interface Suspicion {
  state: RepositoryState;
  copies: Copies;
  report: DamageReport;
  /** Packs of which the index tells something wrong: the run to blame, by pack name. */
  wrongRuns: ReadonlyMap<string, string>;
}

/** Reports the files of the snapshots that cannot be restored, each with the objects that should hold its content. */
export async function reportAffectedFiles(
  snapshots: readonly SnapshotRecord[],
  reader: ChunkReader,
  suspicion: Suspicion,
  signal?: AbortSignal,
): Promise<void> {
  const known = new Map<string, Loss[]>();
  for (const snapshot of snapshots) {
    await walkManifest(reader, snapshot.body.manifest, new LossCollector(snapshot, suspicion, known), signal);
  }
}

class LossCollector implements ManifestVisitor {
  readonly #snapshot: SnapshotRecord;
  readonly #suspicion: Suspicion;
  /** The losses of parts that were read for another snapshot. */
  readonly #known: Map<string, Loss[]>;
  #part: Loss[] = [];

  constructor(snapshot: SnapshotRecord, suspicion: Suspicion, known: Map<string, Loss[]>) {
    this.#snapshot = snapshot;
    this.#suspicion = suspicion;
    this.#known = known;
  }

  /** Fence and manifest chunks are missed when they are read, and side chunks only make the next backup slower. */
  meta(): void {}

  enter(key: string): boolean {
    const known = this.#known.get(key);
    this.#part = [];
    for (const loss of known ?? []) this.#report(loss);
    return known === undefined;
  }

  leave(key: string): void {
    this.#known.set(key, this.#part);
  }

  data({ id }: ChunkRef): boolean {
    return !this.#suspicion.copies.isReadable(id);
  }

  file(entry: StoredEntry, lost: readonly ChunkRef[]): void {
    if (lost.length === 0) return;
    const objects = new Set(lost.flatMap(({ id }) => this.#blame(id)));
    this.#lose({ objects: [...objects], path: entry.path, count: 1 });
  }

  lostPart(fence: Fence | undefined, id: Buffer, error: HoldfastError): void {
    const objects = this.#blameMeta(id, error);
    const what = fence === undefined ? 'the list of all files' : 'a part of the list of files';
    for (const object of objects) {
      this.#suspicion.report.add(object, `${what} is lost, so their names are unknown`, {
        snapshot: this.#snapshot.id,
      });
    }
    if (fence !== undefined) this.#lose({ objects, path: fence.firstPath, count: fence.count });
    else this.#report({ objects, path: EVERYTHING, count: this.#snapshot.body.totals.files });
  }

  lostList(entry: StoredEntry, error: HoldfastError): void {
    const objects = (entry.chunks ?? []).flatMap(({ id }) => this.#blameMeta(id, error));
    this.#lose({ objects: [...new Set(objects)], path: entry.path, count: 1 });
  }

  #lose(loss: Loss): void {
    this.#part.push(loss);
    this.#report(loss);
  }

  #report({ objects, path, count }: Loss): void {
    for (const object of objects) this.#suspicion.report.addFile(object, this.#snapshot.id, path, count);
  }

  /** The packs whose reading failed; where none did, what was read contradicts itself, and the snapshot is to blame. */
  #blameMeta(id: Buffer, error: HoldfastError): string[] {
    const { copies, report } = this.#suspicion;
    const failed = error.details.objects;
    const objects = Array.isArray(failed) ? (failed as string[]) : [];
    if (objects.length > 0) {
      for (const object of objects)
        if (!report.has(object)) report.add(object, 'a block that holds part of a list of files cannot be read');
      return objects;
    }
    if (!copies.isReadable(id)) return this.#blame(id);
    const object = `snapshots/${this.#snapshot.id}`;
    report.add(object, `its list of files is wrong: ${error.message}`, { snapshot: this.#snapshot.id });
    return [object];
  }

  /** The objects to blame for a chunk that cannot be read. */
  #blame(id: Buffer): string[] {
    const { copies, report, wrongRuns } = this.#suspicion;
    const packs = copies.packsOf(id);
    if (packs.length === 0) return this.#blameForUnknown(id);
    return packs.map((pack) => {
      if (report.has(pack)) return pack;
      const run = wrongRuns.get(pack);
      if (run !== undefined) return run;
      report.add(pack, 'it is gone although a snapshot needs it');
      return pack;
    });
  }

  /**
   * The index does not know the chunk. It is in a pack of which nothing can be read, or was in one of the packs that this backup stored and
   * that are gone.
   */
  #blameForUnknown(id: Buffer): string[] {
    const { state, copies, report } = this.#suspicion;
    const isUnknown = (pack: string): boolean => copies.packNumber(pack) === undefined;
    const opaque = [...state.packs.keys()].filter(isUnknown).map(packName);
    if (opaque.length > 0) {
      for (const pack of opaque) report.add(pack, 'nothing in it can be read');
      return opaque;
    }
    const gone = (this.#snapshot.confirmed?.packs ?? []).filter((pack) => !state.packs.has(pack)).map(packName);
    if (gone.length > 0) {
      for (const pack of gone) report.add(pack, 'it is missing, and so is its index');
      return gone;
    }
    const object = `snapshots/${this.#snapshot.id}`;
    report.add(object, `chunk ${id.toString('hex', 0, 8)} is in no pack`, { snapshot: this.#snapshot.id });
    return [object];
  }
}
