import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createChunkIdHasher } from '../../../src/backup/crypto/chunk-id.ts';
import { decodeBlock, decodeTrailer, FOOTER_BYTES, packType, parseFooter } from '../../../src/backup/format/pack.ts';
import { type ChunkKind, DATA, META, RECORD_BYTES } from '../../../src/backup/format/pack-index.ts';
import type { SpoolFileSystem } from '../../../src/backup/ports.ts';
import { type FinishedPack, PackWriter } from '../../../src/backup/threads/pack-writer.ts';
import { testSeed } from '../../helpers/seeded-random.ts';
import { testKeys } from '../format/samples.ts';

const seed = testSeed();
const keys = testKeys(seed);
const hasher = createChunkIdHasher(keys.ring.idSecret);
const MIB = 2 ** 20;

/** Files in memory that take at most 10,007 bytes in one write. */
class SpoolInMemory implements SpoolFileSystem {
  readonly files = new Map<string, Buffer[]>();
  readonly open = new Map<number, string>();
  fails: Error | undefined;

  openSync(path: string): number {
    const fd = 100 + this.files.size;
    this.files.set(path, []);
    this.open.set(fd, path);
    return fd;
  }

  writeSync(fd: number, buffer: Uint8Array, offset: number, length: number): number {
    if (this.fails !== undefined) throw this.fails;
    const taken = Math.min(length, 10_007 * (length > MIB ? 100 : 1));
    this.files.get(this.open.get(fd) as string)?.push(Buffer.from(buffer.subarray(offset, offset + taken)));
    return taken;
  }

  closeSync(fd: number): void {
    if (!this.open.delete(fd)) throw new Error(`${fd} is not open`);
  }
}

function writerOf(kind: ChunkKind = DATA) {
  const files = new SpoolInMemory();
  const packs: FinishedPack[] = [];
  const writer = new PackWriter({
    sealer: keys.sealer,
    session: Buffer.alloc(16, 3),
    kind,
    files,
    nextPath: () => `pack-${files.files.size}`,
    onPack: (pack) => packs.push(pack),
  });
  return { files, packs, writer };
}

const idOf = (kind: ChunkKind, content: Buffer) => hasher.id(kind, createHash('sha256').update(content).digest());

/** Digests of the chunks that the packs hold, read by the trailers alone, after checking those against what was reported. */
function readBack(kind: ChunkKind, { files, packs }: { files: SpoolInMemory; packs: FinishedPack[] }): string[] {
  const digests: string[] = [];
  for (const { path, index } of packs) {
    const bytes = Buffer.concat(files.files.get(path) as Buffer[]);
    const id = createHash('sha256').update(bytes).digest('hex');
    const footer = parseFooter(bytes.subarray(-FOOTER_BYTES), bytes.length);
    const opener = keys.sealer.open(packType(kind), bytes);
    const trailer = bytes.subarray(footer.offset, footer.offset + footer.length);
    const read = decodeTrailer(opener, trailer, id, bytes.length);
    expect(read).toEqual(index);
    const blocks = Array.from(read.blockOffset, (offset, block) =>
      decodeBlock(opener, bytes.subarray(offset, offset + (read.blockLength[block] as number))),
    );
    for (let at = 0; at < read.records.length; at += RECORD_BYTES) {
      const start = read.records.readUInt32LE(at + 36);
      const plain = blocks[read.records.readUInt32LE(at + 32)]?.plain as Buffer;
      const content = plain.subarray(start, start + read.records.readUInt32LE(at + 40));
      expect(idOf(kind, content).equals(read.records.subarray(at, at + 32))).toBe(true);
      digests.push(createHash('sha256').update(content).digest('hex'));
    }
  }
  return digests;
}

const digestsOf = (contents: readonly Buffer[]) =>
  contents.map((one) => createHash('sha256').update(one).digest('hex'));

function check(contents: readonly Buffer[], kind: ChunkKind = DATA) {
  const made = writerOf(kind);
  for (const content of contents) made.writer.add(idOf(kind, content), content);
  made.writer.finish();
  expect(readBack(kind, made), `HOLDFAST_SEED=${seed}`).toEqual(digestsOf(contents));
  expect(made.files.open.size).toBe(0);
  return made;
}

describe('written packs', () => {
  it.each([DATA, META] as const)('read back by their trailer (kind %i)', (kind) => {
    const contents = Array.from({ length: 300 }, (_, i) => keys.random.bytes(1 + ((i * 7919) % 9000)));
    expect(check(contents, kind).packs).toHaveLength(1);
  });

  it('hold chunks that are larger than a block, between small ones', () => {
    const small = Buffer.from('small');
    const large = Buffer.alloc(3 * MIB, keys.random.bytes(1000));
    const largest = Buffer.alloc(8 * MIB, 'x');
    const { packs } = check([
      small,
      large,
      small,
      largest,
      large,
      small,
      Buffer.alloc(MIB, 1),
      Buffer.alloc(MIB + 1, 2),
    ]);
    expect(packs[0]?.index.blockOffset.length).toBe(8);
  });

  it('hold tens of thousands of tiny chunks', () => {
    const contents = Array.from({ length: 40_000 }, (_, i) => Buffer.from([i, i >> 8]));
    const { packs } = check(contents);
    expect(packs[0]?.index.blockOffset.length).toBe(3);
  });

  it('hold what gains nothing by compression in blocks of its own, from shared memory, and keep small chunks together around it', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(600_000));
    const noise = Array.from({ length: 3 }, () => keys.random.bytes(shared.length));
    const small = Array.from({ length: 4 }, (_, i) => Buffer.from(`small ${i} `.repeat(50)));
    const made = writerOf();
    const add = (content: Buffer) => {
      const place = shared.subarray(0, content.length);
      place.set(content);
      made.writer.add(idOf(DATA, content), place);
      // Whoever lends the memory uses it for something else at once.
      place.fill(0);
    };
    for (const [i, content] of small.entries()) for (const each of [content, ...noise.slice(i, i + 1)]) add(each);
    made.writer.finish();
    expect(readBack(DATA, made), `HOLDFAST_SEED=${seed}`).toEqual(digestsOf([...noise, ...small]));
    const [pack] = made.packs;
    expect(Array.from(pack?.index.blockLength ?? [], (length) => length > shared.length)).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it('compress the chunks of one large file, which are as many, better than small files', () => {
    const words = Array.from({ length: 500 }, () => keys.random.bytes(6));
    const chunk = () =>
      Buffer.concat(
        Array.from({ length: 2000 }, (_, i) => Buffer.concat([words[(i * i) % 499] as Buffer, keys.random.bytes(2)])),
      );
    const contents = Array.from({ length: 40 }, chunk);
    const chunks = check(contents);
    const files = writerOf();
    for (const content of contents) {
      files.writer.room(content.length + 1).set(content);
      files.writer.commit(idOf(DATA, content), content.length);
    }
    files.writer.finish();
    expect(readBack(DATA, files)).toEqual(digestsOf(contents));
    const [sizeOfChunks = 0, sizeOfFiles = 0] = [chunks, files].map(({ packs }) => packs[0]?.index.packs[0]?.size);
    expect(sizeOfChunks).toBeLessThan(0.95 * sizeOfFiles);
  });

  it('take the open block along where content in blocks of its own fills the pack', () => {
    const first = Buffer.from('first');
    const one = keys.random.bytes(4 * MIB);
    const noise = Array.from({ length: 9 }, (_, i) => {
      const content = Buffer.from(one);
      content.writeUInt32LE(i);
      return content;
    });
    const made = writerOf();
    for (const content of [first, ...noise]) made.writer.add(idOf(DATA, content), content);
    made.writer.finish();
    expect(readBack(DATA, made), `HOLDFAST_SEED=${seed}`).toEqual(
      digestsOf([...noise.slice(0, 8), first, ...noise.slice(8)]),
    );
    expect(made.packs.map(({ index }) => index.blockOffset.length)).toEqual([9, 1]);
  });

  it('end at about 32 MiB', () => {
    const noise = keys.random.bytes(MIB);
    const contents = Array.from({ length: 70 }, (_, i) => {
      const content = Buffer.from(noise);
      content.writeUInt32LE(i);
      return content;
    });
    const { packs } = check(contents);
    expect(packs.map(({ index }) => Math.floor((index.packs[0]?.size as number) / MIB))).toEqual([32, 32, 6]);
    expect(new Set(packs.map(({ index }) => index.packs[0]?.id)).size).toBe(3);
  });

  it('leave out what was read into the room and not committed', () => {
    const made = writerOf();
    const [kept, known] = [Buffer.from('kept'), Buffer.from('known already')];
    made.writer.room(known.length + 1).set(known);
    made.writer.room(kept.length + 1).set(kept);
    made.writer.commit(idOf(DATA, kept), kept.length);
    made.writer.room(2 * MIB).fill(1);
    made.writer.room(kept.length).set(known.subarray(0, 4));
    made.writer.commit(idOf(DATA, known.subarray(0, 4)), 4);
    made.writer.finish();
    expect(readBack(DATA, made)).toEqual(digestsOf([kept, known.subarray(0, 4)]));
  });

  it('are none where nothing was written', () => {
    const made = writerOf();
    made.writer.room(10);
    made.writer.finish();
    made.writer.finish();
    expect([made.packs.length, made.files.files.size]).toEqual([0, 0]);
  });

  it('are closed when they are abandoned, whatever failed', () => {
    for (const step of ['block', 'trailer'] as const) {
      const made = writerOf();
      made.writer.add(idOf(DATA, Buffer.from('a')), Buffer.from('a'));
      if (step === 'trailer') made.files.writeSync = failAfter(made.files, 4);
      else made.files.fails = Object.assign(new Error('full'), { code: 'ENOSPC' });
      expect(() => made.writer.finish()).toThrow('full');
      made.writer.abandon();
      expect(made.files.open.size, step).toBe(0);
      expect(made.packs).toEqual([]);
    }
  });
});

/** A writeSync that fails from the `good`th write on. */
function failAfter(files: SpoolInMemory, good: number): SpoolFileSystem['writeSync'] {
  const write = files.writeSync.bind(files);
  let writes = 1;
  return (...rest) => {
    if (writes++ >= good) throw new Error('full');
    return write(...rest);
  };
}
