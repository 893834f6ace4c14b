import { createHash } from 'node:crypto';
import { deriveFromId } from '../../../src/backup/crypto/keyring.ts';
import { comparePaths } from '../../../src/backup/entry.ts';
import type { SnapshotBody } from '../../../src/backup/format/bodies.ts';
import {
  encodeFenceChunk,
  type Fence,
  ManifestBuilder,
  type ManifestPart,
} from '../../../src/backup/format/manifest.ts';
import type { StoredEntry } from '../../../src/backup/format/manifest-entry.ts';
import {
  type ChunkKind,
  DATA,
  ID_BYTES,
  META,
  type PackInfo,
  RECORD_BYTES,
} from '../../../src/backup/format/pack-index.ts';
import { ChunkReader } from '../../../src/backup/repository/chunk-reader.ts';
import { ChunkStorer } from '../../../src/backup/repository/chunk-storer.ts';
import { readIndexRuns, toChunkIndex } from '../../../src/backup/repository/index-loader.ts';
import { ManifestReader } from '../../../src/backup/repository/manifest-reader.ts';
import { publishSnapshot } from '../../../src/backup/repository/publish.ts';
import { readLiveness } from '../../../src/backup/repository/read-liveness.ts';
import { ChunkMemory } from '../../../src/backup/repository/remembered-chunks.ts';
import type { Repository } from '../../../src/backup/repository/repository.ts';
import { Session } from '../../../src/backup/repository/sessions.ts';
import { encodeText } from '../../../src/shared/bytes.ts';

/** Names and contents of plain files; folders are made as needed. */
export type TinyFiles = Record<string, string>;

export interface TinyBackupOptions {
  source?: string;
  time?: string;
  tags?: string[];
  trigger?: string;
  warnings?: string[];
  seq?: number;
  prev?: string | null;
  seen?: SnapshotBody['seen'];
  /** Most bytes of one pack: small values give several packs. */
  packBytes?: number;
  /** Called when everything is stored and nothing is published yet; `chunks` are the IDs of all chunks in hexadecimal. */
  beforePublish?: (body: SnapshotBody, chunks: string[]) => Promise<void> | void;
  /** What the source can still give for a chunk that was lost; by default all that was backed up. */
  forgetful?: boolean;
}

/** Backs up a few small files through the real protocol, in this thread. Gives the snapshot's ID. */
export async function backUpTiny(
  repository: Repository,
  files: TinyFiles,
  options: TinyBackupOptions = {},
): Promise<string> {
  const session = await Session.start(repository, { operation: 'backup' });
  const writer = await TinyWriter.start(repository, session, options.packBytes);
  const manifest = await writeManifest(repository, writer, files);
  await writer.flush();
  const body = snapshotBody(repository, session, files, manifest, options);
  await options.beforePublish?.(body, [...writer.contents.keys()]);
  return publishSnapshot(repository, {
    session,
    body,
    chunks: writer.memory,
    own: writer.storer.stored,
    restoreChunk: async (_kind, id) => (options.forgetful ? undefined : writer.contents.get(id.toString('hex'))),
  });
}

/** Stores chunks that have no live copy and remembers where all of them are. */
class TinyWriter {
  readonly memory = new ChunkMemory();
  readonly contents = new Map<string, Buffer>();
  readonly storer: ChunkStorer;
  readonly #pending: { kind: ChunkKind; id: Buffer }[] = [];
  readonly #find: (id: Buffer) => PackInfo | undefined;

  private constructor(storer: ChunkStorer, find: (id: Buffer) => PackInfo | undefined) {
    this.storer = storer;
    this.#find = find;
  }

  static async start(repository: Repository, session: Session, packBytes?: number): Promise<TinyWriter> {
    const index = toChunkIndex(await readIndexRuns(repository));
    const liveness = await readLiveness(repository);
    const isLive = ({ id, size }: PackInfo) => liveness.isListedLive(id, size);
    const find = (id: Buffer) =>
      index
        .copies(id)
        .map((record) => index.copy(record).pack)
        .find(isLive);
    return new TinyWriter(new ChunkStorer(repository, session.bytes, packBytes), find);
  }

  async add(kind: ChunkKind, content: Buffer): Promise<Buffer> {
    const id = this.storer.chunkId(kind, content);
    const key = id.toString('hex');
    if (this.contents.has(key)) return id;
    this.contents.set(key, content);
    const known = this.#find(id);
    if (known !== undefined) this.memory.set(kind, id, known);
    else {
      this.#pending.push({ kind, id });
      await this.storer.add(kind, id, content);
    }
    return id;
  }

  async flush(): Promise<void> {
    const index = await this.storer.flush();
    const homes = new Map<string, PackInfo>();
    for (let at = 0; at < index.records.length; at += RECORD_BYTES) {
      const block = index.records.readUInt32LE(at + ID_BYTES);
      homes.set(
        index.records.toString('hex', at, at + ID_BYTES),
        index.packs[index.blockPack[block] as number] as PackInfo,
      );
    }
    for (const { kind, id } of this.#pending) this.memory.set(kind, id, homes.get(id.toString('hex')) as PackInfo);
  }
}

async function writeManifest(
  repository: Repository,
  writer: TinyWriter,
  files: TinyFiles,
): Promise<{ id: string; length: number }[]> {
  const builder = new ManifestBuilder(deriveFromId(repository.ring, 'holdfast manifest key'));
  const fences: Fence[] = [];
  const store = async (part: ManifestPart | undefined): Promise<void> => {
    if (part === undefined) return;
    const manifest = { id: await writer.add(META, part.manifest), length: part.manifest.length };
    const side = { id: await writer.add(META, part.side), length: part.side.length };
    fences.push({ firstPath: part.firstPath, count: part.count, manifest, side });
  };
  for (const entry of entriesOf(files)) {
    if (entry.size > 0) {
      const content = Buffer.from(files[entry.path] as string);
      entry.chunks = [{ id: await writer.add(DATA, content), length: content.length }];
    }
    await store(builder.add(entry, { inode: 1n, ctimeNs: 0n, sizeOnDisk: entry.size }));
  }
  await store(builder.finish());
  const chunk = encodeFenceChunk(fences);
  return [{ id: (await writer.add(META, chunk)).toString('hex'), length: chunk.length }];
}

/** The entries of the files and of the folders above them, in manifest order. */
export function entriesOf(files: TinyFiles): StoredEntry[] {
  const folders = new Set(['']);
  for (const path of Object.keys(files)) {
    const parts = path.split('/').slice(0, -1);
    parts.forEach((_, depth) => {
      folders.add(parts.slice(0, depth + 1).join('/'));
    });
  }
  const common = { uid: 1000, gid: 1000, user: encodeText('ada'), group: encodeText('ada'), mtimeNs: 1n };
  const entries: StoredEntry[] = [...folders].map((path) => {
    return { ...common, path: encodeText(path), type: 'directory', mode: 0o755, size: 0 };
  });
  for (const [path, text] of Object.entries(files)) {
    const digest = createHash('sha256').update(text).digest();
    entries.push({
      ...common,
      path: encodeText(path),
      type: 'file',
      mode: 0o644,
      size: Buffer.byteLength(text),
      digest,
    });
  }
  return entries.sort((a, b) => comparePaths(a.path, b.path));
}

function snapshotBody(
  repository: Repository,
  session: Session,
  files: TinyFiles,
  manifest: { id: string; length: number }[],
  options: TinyBackupOptions,
): SnapshotBody {
  const now = repository.timestamp();
  const bytes = Object.values(files).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return {
    type: 'snapshot',
    version: 1,
    critical: [],
    time: options.time ?? now,
    ended: now,
    scan: now,
    host: repository.host.host,
    source: options.source ?? 'app',
    paths: ['/srv/app'],
    kind: 'files',
    trigger: options.trigger ?? 'manual',
    tags: options.tags ?? [],
    parent: null,
    manifest,
    totals: { files: Object.keys(files).length, directories: 1, others: 0, bytes, chunks: Object.keys(files).length },
    run: { new: 0, changed: 0, unmodified: 0, read: bytes, added: bytes, stored: bytes },
    warnings: options.warnings ?? [],
    warningCount: options.warnings?.length ?? 0,
    facts: {},
    session: session.id,
    writer: repository.writer,
    seq: options.seq ?? 1,
    prev: options.prev ?? null,
    seen: options.seen ?? {},
    program: 'holdfast test',
  };
}

/** Reads a snapshot's files back. Throws where anything is damaged. */
export async function restoreTiny(
  repository: Repository,
  body: SnapshotBody,
  chunks = new ChunkReader(repository),
): Promise<TinyFiles> {
  const manifest = new ManifestReader(chunks, body.manifest);
  const files: TinyFiles = {};
  for await (const entry of manifest.entries()) {
    if (entry.type !== 'file') continue;
    const parts: Buffer[] = [];
    for (const { id } of await manifest.chunkList(entry)) parts.push(await chunks.read(DATA, id));
    files[entry.path] = Buffer.concat(parts).toString();
  }
  return files;
}
