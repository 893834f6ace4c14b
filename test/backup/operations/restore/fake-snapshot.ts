import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import { createChunkIdHasher } from '../../../../src/backup/crypto/chunk-id.ts';
import { createKeyRing } from '../../../../src/backup/crypto/keyring.ts';
import { Sealer } from '../../../../src/backup/crypto/sealer.ts';
import type { ChunkRef } from '../../../../src/backup/entry.ts';
import type { SnapshotBody } from '../../../../src/backup/format/bodies.ts';
import type { StoredEntry } from '../../../../src/backup/format/manifest-entry.ts';
import { DATA, type PackIndex, packName, RECORD_BYTES } from '../../../../src/backup/format/pack-index.ts';
import type { ChunkPlace, SnapshotContent } from '../../../../src/backup/operations/restore/content.ts';
import { dataRuns } from '../../../../src/backup/operations/restore/copy-object.ts';
import type { RestoreSnapshot } from '../../../../src/backup/operations/restore/restore-ports.ts';
import type { Layout } from '../../../../src/backup/operations/restore/targets.ts';
import type { ByteRange } from '../../../../src/backup/ports.ts';
import { PackWriter } from '../../../../src/backup/threads/pack-writer.ts';
import type { DamagedObject } from '../../../../src/backup/types.ts';
import { SeededRandom } from '../../../helpers/seeded-random.ts';

/** An entry with what a file holds: all of it, zeros of holes included. */
export interface FakeObject {
  entry: StoredEntry;
  content?: Buffer;
}

export interface FakeOptions {
  layout?: Layout;
  /** What was backed up. */
  paths?: string[];
  /** Files are cut every so many bytes. */
  chunkBytes?: number;
  /** A pack is closed after so many chunks. */
  packChunks?: number;
  /** Each chunk is in so many packs. */
  copies?: number;
  /** Blocks come with the jobs, as from a store that is no folder. */
  remote?: boolean;
  entriesARun?: number;
  /** Runs that cannot be read, by number. */
  lostRuns?: number[];
}

const random = new SeededRandom(7);
export const RING = createKeyRing(random);
export const REPOSITORY_ID = random.bytes(32);

/** A snapshot whose packs are real files in a folder, without a repository around it. */
export class FakeSnapshot implements SnapshotContent {
  readonly id = 'ab'.repeat(32);
  /** Names of the packs in the store, in the order in which they were written. */
  readonly packs: string[] = [];
  readonly #folder: string;
  readonly #objects: readonly FakeObject[];
  readonly #options: FakeOptions;
  readonly #places = new Map<string, ChunkPlace[]>();
  readonly #hasher = createChunkIdHasher(RING.idSecret);
  /** What `copies` was asked for. */
  readonly asked: string[] = [];

  constructor(folder: string, objects: readonly FakeObject[], options: FakeOptions = {}) {
    this.#folder = folder;
    this.#objects = objects;
    this.#options = options;
    fs.mkdirSync(folder, { recursive: true });
    for (let copy = 0; copy < (options.copies ?? 1); copy++) this.#writePacks(copy);
  }

  get snapshot(): RestoreSnapshot {
    const body = {
      time: '2026-11-20T12:00:00.000Z',
      paths: this.#options.paths ?? ['/srv/app'],
      totals: { files: this.#objects.length, directories: 0, others: 0, bytes: 0, chunks: 0 },
    } as unknown as SnapshotBody;
    return { id: this.id, body, layout: this.#options.layout ?? 'content', content: this };
  }

  /** The file of a pack. */
  file(object: string): string {
    return join(this.#folder, object.replaceAll('/', '-'));
  }

  async *runs(onDamage?: (damaged: DamagedObject) => void): AsyncGenerator<readonly StoredEntry[]> {
    const size = this.#options.entriesARun ?? 5;
    for (let at = 0; at < this.#objects.length; at += size) {
      if (this.#options.lostRuns?.includes(at / size)) {
        if (onDamage === undefined) throw new Error('lost');
        onDamage({ object: 'packs/lost', kind: 'pack', problem: 'is gone', files: [], filesTotal: 0 });
        continue;
      }
      yield this.#objects.slice(at, at + size).map(({ entry }) => ({ ...entry }));
    }
  }

  async *chunkRuns(entry: StoredEntry): AsyncGenerator<readonly ChunkRef[]> {
    const object = this.#objects.find(({ entry: { path } }) => path === entry.path) as FakeObject;
    for (const chunk of this.#chunksOf(object)) yield [{ id: chunk.id, length: chunk.content.length }];
  }

  locate(id: Buffer): ChunkPlace | undefined {
    return this.#places.get(id.toString('hex'))?.[0];
  }

  async copies(id: Buffer): Promise<readonly ChunkPlace[]> {
    this.asked.push(id.toString('hex'));
    return this.#places.get(id.toString('hex')) ?? [];
  }

  packObject(pack: number): string {
    return this.packs[pack] as string;
  }

  localPath(object: string): string | undefined {
    return this.#options.remote ? undefined : this.file(object);
  }

  async read(object: string, { offset, length }: ByteRange): Promise<Buffer> {
    return fs.readFileSync(this.file(object)).subarray(offset, offset + length);
  }

  /** Forgets where the chunks of a file are. */
  hide(path: string): void {
    const object = this.#objects.find(({ entry }) => entry.path === path) as FakeObject;
    for (const { id } of this.#chunksOf(object)) this.#places.delete(id.toString('hex'));
  }

  /** The packs that hold a file's content. */
  packsOf(path: string): string[] {
    const object = this.#objects.find(({ entry }) => entry.path === path) as FakeObject;
    const places = this.#chunksOf(object).flatMap(({ id }) => this.#places.get(id.toString('hex')) ?? []);
    return [...new Set(places.map(({ pack }) => this.packObject(pack)))];
  }

  #writePacks(copy: number): void {
    const finished: { path: string; index: PackIndex }[] = [];
    let number = 0;
    const writer = new PackWriter({
      sealer: new Sealer(RING, REPOSITORY_ID, new SeededRandom(100 + copy)),
      session: Buffer.alloc(16),
      kind: DATA,
      files: fs,
      nextPath: () => join(this.#folder, `spool-${copy}-${number++}`),
      onPack: (pack) => finished.push(pack),
    });
    const done = new Set<string>();
    for (const object of this.#objects) {
      const chunks = this.#chunksOf(object);
      this.#describe(object, chunks);
      for (const { id, content } of chunks) {
        const key = id.toString('hex');
        if (done.has(key)) continue;
        done.add(key);
        writer.add(id, content);
        if (done.size % (this.#options.packChunks ?? 1000) === 0) writer.finish();
      }
    }
    writer.finish();
    for (const { path, index } of finished) this.#take(path, index);
  }

  #take(path: string, { packs, records, blockOffset, blockLength }: PackIndex): void {
    const object = packName(packs[0]?.id ?? '');
    const pack = this.packs.push(object) - 1;
    fs.renameSync(path, this.file(object));
    for (let at = 0; at < records.length; at += RECORD_BYTES) {
      const block = records.readUInt32LE(at + 32);
      const key = records.toString('hex', at, at + 32);
      const places = this.#places.get(key) ?? [];
      places.push({
        pack,
        blockOffset: blockOffset[block] as number,
        blockLength: blockLength[block] as number,
        offset: records.readUInt32LE(at + 36),
        length: records.readUInt32LE(at + 40),
      });
      this.#places.set(key, places);
    }
  }

  #describe({ entry, content }: FakeObject, chunks: readonly { id: Buffer; content: Buffer }[]): void {
    if (entry.type !== 'file' || content === undefined) return;
    entry.size = content.length;
    entry.digest = createHash('sha256').update(content).digest();
    if (entry.indirect !== true) entry.chunks = chunks.map((chunk) => ({ id: chunk.id, length: chunk.content.length }));
  }

  #chunksOf({ entry, content }: FakeObject): { id: Buffer; content: Buffer }[] {
    if (entry.type !== 'file' || content === undefined) return [];
    const stored = Buffer.concat(
      dataRuns(entry.holes ?? [], content.length).map(({ offset, length }) =>
        content.subarray(offset, offset + length),
      ),
    );
    const chunks: { id: Buffer; content: Buffer }[] = [];
    const step = this.#options.chunkBytes ?? 262_144;
    for (let at = 0; at < stored.length; at += step) {
      const piece = stored.subarray(at, at + step);
      chunks.push({ id: this.#hasher.id(DATA, createHash('sha256').update(piece).digest()), content: piece });
    }
    return chunks;
  }
}
