import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createChunkIdHasher } from '../../../src/backup/crypto/chunk-id.ts';
import { createKeyRing, deriveFromId, type KeyRing } from '../../../src/backup/crypto/keyring.ts';
import { OBJECT_TYPES, type ObjectType, Sealer } from '../../../src/backup/crypto/sealer.ts';
import { sealSlot } from '../../../src/backup/crypto/slot.ts';
import type { NoteContent, SnapshotBody } from '../../../src/backup/format/bodies.ts';
import { encodeBody } from '../../../src/backup/format/body.ts';
import { encodeHeader } from '../../../src/backup/format/header.ts';
import { encodeIndexRun } from '../../../src/backup/format/index-run.ts';
import {
  encodeChunkList,
  encodeFenceChunk,
  type Fence,
  ManifestBuilder,
  type ManifestPart,
} from '../../../src/backup/format/manifest.ts';
import type { StoredEntry } from '../../../src/backup/format/manifest-entry.ts';
import { encodeBlock, encodeTrailer, objectId, packType, writeRecord } from '../../../src/backup/format/pack.ts';
import {
  type ChunkKind,
  DATA,
  META,
  mergePackIndexes,
  type PackIndex,
  packName,
  RECORD_BYTES,
} from '../../../src/backup/format/pack-index.ts';
import { type ByteString, encodeText } from '../../../src/shared/bytes.ts';
import { SeededRandom } from '../seeded-random.ts';

export const PASSPHRASE = 'correct horse ✓';

/** An entry as a test writes it: what is left out gets a plain value, and a file's content is stored. */
export type EntryWish = Partial<StoredEntry> & { path: ByteString; content?: Buffer };

export interface SnapshotWish {
  time?: string;
  trigger?: string;
  confirmed?: boolean;
  /** Entries of one manifest chunk; small values give several. */
  entriesPerChunk?: number;
  /** What becomes of a manifest chunk before it is stored. */
  alter?: (manifest: Buffer) => Buffer;
  source?: string;
}

interface Chunk {
  id: Buffer;
  content: Buffer;
}

const SESSION = Buffer.alloc(16, 7);
const CHUNK_BYTES = 3000;
const BLOCK_BYTES = 8000;
const PACK_BLOCKS = 3;
const INDIRECT_CHUNKS = 20;
const EMPTY = Buffer.alloc(0);

/**
 * A repository made with the codecs alone, of small packs and blocks, so that every kind of object and of damage is met in a few hundred
 * kilobytes. It writes what it is told, malformed entries too.
 */
export class BuiltRepository {
  readonly objects = new Map<string, Buffer>();
  readonly ring: KeyRing;
  readonly #random: SeededRandom;
  readonly #sealer: Sealer;
  readonly #header;
  readonly #known = new Set<string>();
  readonly #homes = new Map<string, string>();
  #pending: Record<ChunkKind, Chunk[]> = { [DATA]: [], [META]: [] };
  #indexes: PackIndex[] = [];
  #snapshots = 0;

  private constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    this.ring = createKeyRing(this.#random);
    this.#header = encodeHeader(this.#random.bytes(32), '2030-01-01T00:00:00.000Z');
    this.#sealer = new Sealer(this.ring, this.#header.repositoryId, this.#random);
  }

  static async create(seed: number, files: Record<string, Buffer> = {}): Promise<BuiltRepository> {
    const built = new BuiltRepository(seed);
    built.objects.set('holdfast.json', built.#header.bytes);
    const { copies } = await sealSlot(built.ring, built.#header.bytes, PASSPHRASE, 'test', built.#random, 15);
    for (const copy of copies) built.objects.set(`keys/${objectId(copy)}`, copy);
    for (const [name, bytes] of Object.entries(files)) built.objects.set(name, bytes);
    built.putConfig(1, []);
    return built;
  }

  /** Configurations N and N + 1. */
  putConfig(number: number, read: string[], critical: string[] = []): void {
    const files = [...this.objects].filter(([name]) => /^[A-Za-z0-9.-]+\.(mjs|md)$/.test(name));
    const body = {
      type: 'config',
      version: 1,
      critical,
      pair: this.#random.bytes(16).toString('hex'),
      features: { read, write: [] },
      chunker: { min: 131_072, avg: 524_288, max: 4_194_304 },
      files: Object.fromEntries(files.map(([name, bytes]) => [name, objectId(bytes)])),
    };
    for (const copy of [0, 1] as const) {
      this.#putBody(`config/${number + copy}`, OBJECT_TYPES.config, { ...body, number: number + copy, copy });
    }
  }

  #putBody(name: string, type: ObjectType, body: object): string {
    const bytes = encodeBody(this.#sealer, type, SESSION, body);
    const full = name.endsWith('/') ? `${name}${objectId(bytes)}` : name;
    this.objects.set(full, bytes);
    return full.slice(full.lastIndexOf('/') + 1);
  }

  /** Stores a chunk once. Gives its ID. */
  addChunk(kind: ChunkKind, content: Buffer): Buffer {
    const id = createChunkIdHasher(this.ring.idSecret).id(kind, createHash('sha256').update(content).digest());
    if (this.#known.has(id.toString('hex'))) return id;
    this.#known.add(id.toString('hex'));
    this.#pending[kind].push({ id, content });
    return id;
  }

  /** Entries must be in order, unless the test wants them otherwise. Gives the snapshot's ID. */
  addSnapshot(wishes: readonly EntryWish[], wish: SnapshotWish = {}): string {
    const fences: Fence[] = [];
    const builder = new ManifestBuilder(deriveFromId(this.ring, 'holdfast manifest key'));
    const store = (part: ManifestPart | undefined): void => {
      if (part === undefined) return;
      const manifest = wish.alter?.(part.manifest) ?? part.manifest;
      fences.push({
        firstPath: part.firstPath,
        count: part.count,
        manifest: { id: this.addChunk(META, manifest), length: manifest.length },
        side: { id: this.addChunk(META, part.side), length: part.side.length },
      });
    };
    for (const [i, entry] of wishes.entries()) {
      if (i > 0 && i % (wish.entriesPerChunk ?? 8) === 0) store(builder.finish());
      builder.append(this.#entry(entry), { inode: 1n, ctimeNs: 0n, sizeOnDisk: 0 });
    }
    store(builder.finish());
    const fence = encodeFenceChunk(fences);
    return this.#publish([{ id: this.addChunk(META, fence).toString('hex'), length: fence.length }], wish);
  }

  #entry({ content, ...wish }: EntryWish): StoredEntry {
    const type = wish.type ?? (content === undefined ? 'directory' : 'file');
    const plain = { type, mode: type === 'directory' ? 0o755 : 0o644, size: 0, mtimeNs: 1_700_000_000_000_000_000n };
    const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    const entry: StoredEntry = { ...plain, ...owner, ...wish };
    if (content === undefined || content.length === 0) return entry;
    return { ...entry, ...this.#content(content, wish) };
  }

  /** One chunk, several, or so many that the list is kept in chunks too. */
  #content(content: Buffer, { holes = [], size, digest }: Partial<StoredEntry>): Partial<StoredEntry> {
    const chunks = piecesOf(content).map((piece) => ({ id: this.addChunk(DATA, piece), length: piece.length }));
    // Holes may be larger than memory where a test says what the file is.
    const logical = size !== undefined && digest !== undefined ? EMPTY : withHoles(content, holes);
    const facts = { size: size ?? logical.length, digest: digest ?? createHash('sha256').update(logical).digest() };
    if (chunks.length < INDIRECT_CHUNKS) return { ...facts, chunks };
    const list = encodeChunkList(chunks);
    // Cut in the middle of a record: the list is the parts together.
    const lists = [list.subarray(0, 100), list.subarray(100)];
    return {
      ...facts,
      indirect: true,
      chunks: lists.map((part) => ({ id: this.addChunk(META, part), length: part.length })),
    };
  }

  /** The packs in which the chunks of a file's stored data are. */
  homesOf(content: Buffer): Set<string> {
    return new Set(piecesOf(content).map((piece) => this.#homes.get(this.addChunk(DATA, piece).toString('hex')) ?? ''));
  }

  #publish(manifest: SnapshotBody['manifest'], wish: SnapshotWish): string {
    const packs = this.#flush();
    const indexes = this.#putIndex();
    const time = wish.time ?? `2030-01-${String(++this.#snapshots).padStart(2, '0')}T00:00:00.000Z`;
    const body: SnapshotBody = {
      type: 'snapshot',
      version: 1,
      critical: [],
      time,
      ended: time,
      scan: time,
      host: 'host',
      source: wish.source ?? 'app',
      paths: ['/srv/app'],
      kind: 'files',
      trigger: wish.trigger ?? 'manual',
      tags: [],
      parent: null,
      manifest,
      totals: { files: 1, directories: 1, others: 0, bytes: 1, chunks: 1 },
      run: { new: 0, changed: 0, unmodified: 0, read: 0, added: 0, stored: 0 },
      warnings: [],
      warningCount: 0,
      facts: {},
      session: SESSION.toString('hex'),
      writer: '00'.repeat(16),
      seq: this.#snapshots,
      prev: null,
      seen: {},
      program: 'holdfast test',
    };
    const id = this.#putBody('snapshots/', OBJECT_TYPES.snapshot, body);
    if (wish.confirmed ?? true) this.addNote(id, { note: 'confirmed', body, packs, indexes });
    else this.#addSession(time);
    return id;
  }

  addNote(snapshot: string, content: NoteContent, time = '2030-02-01T00:00:00.000Z'): void {
    const pair = this.#random.bytes(16).toString('hex');
    for (const copy of [0, 1]) {
      const common = { type: 'note', version: 1, critical: [], snapshot, time, pair, copy, writer: '00'.repeat(16) };
      this.#putBody(`notes/${snapshot}/`, OBJECT_TYPES.note, { ...common, ...content });
    }
  }

  /** A heartbeat of the one session that all snapshots are from: it still runs. */
  #addSession(time: string): void {
    const session = SESSION.toString('hex');
    const place = { host: 'host', machine: 'm', boot: 'b', pidNamespace: 'n', pid: 1, pidStart: 1 };
    const body = { type: 'session', version: 1, critical: [], session, number: 0, operation: 'backup', ...place };
    this.#putBody(`sessions/${session}/0`, OBJECT_TYPES.session, { ...body, started: time, time });
  }

  /** An object of one body, sealed as it is told: the header need not be true of what follows. */
  addSealedBody(folder: string, type: ObjectType, header: Buffer, sealed: Buffer): string {
    const object = this.#sealer.seal(type, SESSION);
    const bytes = Buffer.concat([object.envelope, header, ...object.seal('body', 0, sealed, header)]);
    const name = `${folder}/${objectId(bytes)}`;
    this.objects.set(name, bytes);
    return name;
  }

  /** A mark that names these packs. */
  addMark(packs: string[]): void {
    const body = { type: 'mark', version: 1, critical: [], time: '2030-02-01T00:00:00.000Z', session: '', indexes: [] };
    this.#putBody('gc/', OBJECT_TYPES.mark, { ...body, packs });
  }

  /** Puts what is pending into packs of a few blocks. Gives their IDs. */
  #flush(): string[] {
    const ids: string[] = [];
    for (const kind of [DATA, META] as const) {
      const blocks = groupBySize(this.#pending[kind]);
      for (let at = 0; at < blocks.length; at += PACK_BLOCKS) {
        const { bytes, index } = this.#encodePack(kind, blocks.slice(at, at + PACK_BLOCKS));
        const id = objectId(bytes);
        this.objects.set(packName(id), bytes);
        this.#indexes.push({ ...index, packs: [{ id, size: bytes.length, kind, session: SESSION }] });
        ids.push(id);
        for (const chunk of blocks.slice(at, at + PACK_BLOCKS).flat()) {
          this.#homes.set(chunk.id.toString('hex'), packName(id));
        }
      }
    }
    this.#pending = { [DATA]: [], [META]: [] };
    return ids;
  }

  #encodePack(kind: ChunkKind, blocks: Chunk[][]): { bytes: Buffer; index: PackIndex } {
    const sealer = this.#sealer.seal(packType(kind), SESSION);
    const parts = [sealer.envelope];
    const offsets: number[] = [];
    const plains: number[] = [];
    const records: Buffer[] = [];
    for (const [number, chunks] of blocks.entries()) {
      const table = Buffer.alloc(4 * chunks.length);
      let at = table.length;
      for (const [i, { id, content }] of chunks.entries()) {
        table.writeUInt32LE(content.length, 4 * i);
        const record = Buffer.alloc(RECORD_BYTES);
        writeRecord(record, 0, id, number, at, content.length);
        records.push(record);
        at += content.length;
      }
      const plain = Buffer.concat([table, ...chunks.map(({ content }) => content)]);
      offsets.push(lengthOf(parts));
      plains.push(plain.length);
      parts.push(Buffer.concat(encodeBlock(sealer, number, plain, chunks.length)));
    }
    const end = lengthOf(parts);
    const index: PackIndex = {
      packs: [{ id: '00'.repeat(32), size: 0, kind, session: SESSION }],
      blockPack: new Uint32Array(blocks.length),
      blockOffset: Uint32Array.from(offsets),
      blockLength: Uint32Array.from(offsets, (offset, i) => (offsets[i + 1] ?? end) - offset),
      records: Buffer.concat(records),
    };
    return { bytes: Buffer.concat([...parts, encodeTrailer(sealer, index, plains, end)]), index };
  }

  #putIndex(): string[] {
    if (this.#indexes.length === 0) return [];
    const bytes = encodeIndexRun(this.#sealer, SESSION, mergePackIndexes(this.#indexes));
    this.#indexes = [];
    this.objects.set(`index/${objectId(bytes)}`, bytes);
    return [objectId(bytes)];
  }

  /** Writes the objects, or what a test made of them, as a local repository. */
  writeTo(folder: string, objects: ReadonlyMap<string, Buffer> = this.objects): string {
    for (const [name, bytes] of objects) {
      const file = join(folder, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, bytes);
    }
    return folder;
  }
}

function piecesOf(content: Buffer): Buffer[] {
  const count = Math.ceil(content.length / CHUNK_BYTES);
  return Array.from({ length: count }, (_, i) => content.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES));
}

function lengthOf(parts: readonly Buffer[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

function groupBySize(chunks: readonly Chunk[]): Chunk[][] {
  const groups: Chunk[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const chunk of chunks) {
    if (bytes + chunk.content.length > BLOCK_BYTES) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)?.push(chunk);
    bytes += chunk.content.length;
  }
  return groups;
}

function withHoles(stored: Buffer, holes: readonly { offset: number; length: number }[]): Buffer {
  const parts: Buffer[] = [];
  let used = 0;
  let position = 0;
  for (const { offset, length } of holes) {
    parts.push(stored.subarray(used, used + offset - position), Buffer.alloc(length));
    used += offset - position;
    position = offset + length;
  }
  return Buffer.concat([...parts, stored.subarray(used)]);
}

/** A path as a test writes it. */
export const at = encodeText;
