import { spawnSync } from 'node:child_process';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Compression } from '../../../src/backup/archive/compress.ts';
import { compress, compressionOf, decompress } from '../../../src/backup/archive/compress.ts';
import { archiveOf, collect, fileOf, inPieces, membersOf } from './helpers/members.ts';

const PLAIN = Buffer.from(Array.from({ length: 50_000 }, (_, i) => `line ${i % 997}\n`).join(''));

const unpacked = (bytes: Buffer, length?: number) => collect(decompress(inPieces(bytes, length)));
const skippable = Buffer.concat([Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 4, 0, 0, 0]), Buffer.from('skip')]);

describe('compression of archives', () => {
  it.each<[string, Compression]>([
    ['a.tar', 'none'],
    ['a.tar.gz', 'gzip'],
    ['a.TGZ', 'gzip'],
    ['a.tar.zst', 'zstd'],
    ['a.tzst', 'zstd'],
  ])('is told for writing by the name %s', (name, compression) => {
    expect(compressionOf(name)).toBe(compression);
  });

  it('is refused for names that do not tell', () => {
    expect(() => compressionOf('a.tar.xz')).toThrow(expect.objectContaining({ code: 'usage' }));
  });

  it.each<Compression>(['none', 'gzip', 'zstd'])('with %s gives the same bytes back', async (compression) => {
    const packed = await collect(compress(inPieces(PLAIN, 1000), compression));
    expect(packed.length < PLAIN.length / 5).toBe(compression !== 'none');
    expect((await unpacked(packed, 777)).equals(PLAIN)).toBe(true);
  });

  it.each([
    ['two gzip members', Buffer.concat([gzipSync(PLAIN), gzipSync('end')])],
    ['two zstd frames', Buffer.concat([zstdCompressSync(PLAIN), zstdCompressSync('end')])],
    [
      'zstd with skippable frames',
      Buffer.concat([skippable, zstdCompressSync(PLAIN), skippable, zstdCompressSync('end'), skippable]),
    ],
  ])('reads %s as one stream, in pieces of any size', async (_, packed) => {
    for (const length of [1, 5, 1000, packed.length]) {
      expect((await unpacked(packed, length)).equals(Buffer.concat([PLAIN, Buffer.from('end')]))).toBe(true);
    }
  });

  it('reads zstd frames of every shape', async () => {
    const inputs = [Buffer.alloc(0), Buffer.from('x'), Buffer.alloc(300_000), Buffer.from(PLAIN.toReversed())];
    for (const level of [
      ['-1'],
      ['-19', '--no-check'],
      ['--long=27'],
      ['--no-content-size', '-3'],
      ['--stream-size=300000'],
    ]) {
      const frames = inputs.map((input) => spawnSync('zstd', ['-q', '-c', ...level], { input }));
      if (frames.some(({ error }) => error !== undefined)) return;
      const packed = Buffer.concat(frames.filter(({ status }) => status === 0).map(({ stdout }) => stdout));
      const expected = Buffer.concat(inputs.filter((_, i) => frames[i]?.status === 0));
      expect((await unpacked(packed)).equals(expected), level.join(' ')).toBe(true);
    }
  });

  it.each([
    ['gzip', gzipSync(PLAIN)],
    ['zstd', zstdCompressSync(PLAIN)],
  ])('says that %s data is cut short', async (_, packed) => {
    await expect(unpacked(packed.subarray(0, -5))).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining('cut short'),
    });
  });

  it.each([
    ['gzip', Buffer.concat([gzipSync(PLAIN), Buffer.from('rubbish')])],
    ['zstd', Buffer.concat([zstdCompressSync(PLAIN), Buffer.from('rubbish')])],
  ])('refuses what follows %s data and is none', async (_, packed) => {
    await expect(unpacked(packed)).rejects.toMatchObject({ code: 'damaged' });
  });

  it('refuses frames that ask for more than 128 MiB of memory', async () => {
    // Magic, descriptor without a content size, window of 2^30 bytes, one last raw block of one byte.
    const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa0, 0x09, 0x00, 0x00, 0x61]);
    await expect(unpacked(frame)).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining('128 MiB'),
    });
  });

  it('names formats that it does not read, with the command that does', async () => {
    const xz = Buffer.from('\xfd7zXZ\x00\x00', 'latin1');
    await expect(unpacked(xz)).rejects.toMatchObject({ code: 'damaged', advice: expect.stringContaining('xz -d') });
  });

  it('passes errors of its source on as they are', async () => {
    async function* failing() {
      yield gzipSync(PLAIN).subarray(0, 100);
      throw new Error('the disk is gone');
    }
    await expect(collect(decompress(failing()))).rejects.toThrow('the disk is gone');
    await expect(collect(compress(failing(), 'zstd'))).rejects.toThrow('the disk is gone');
  });

  it.each<Compression>(['none', 'gzip', 'zstd'])(
    'with %s ends its source when the consumer stops',
    async (compression) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const packed = await collect(compress(inPieces(PLAIN), compression));
      async function* source() {
        try {
          for (;;) yield packed;
        } finally {
          resolve();
        }
      }
      for await (const _ of decompress(source())) break;
      await promise;
    },
  );

  it('holds a bomb back: what is not asked for is not unpacked', async () => {
    const bomb = zstdCompressSync(Buffer.alloc(200_000_000));
    const before = process.memoryUsage().rss;
    let size = 0;
    for await (const bytes of decompress(inPieces(bomb))) {
      size += bytes.length;
      if (size > 5_000_000) break;
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
  });

  it('carries whole archives', async () => {
    const { bytes } = await archiveOf([fileOf('f', PLAIN)]);
    const { members } = await membersOf(decompress(compress(inPieces(bytes), 'zstd')));
    expect(members[0]?.data.equals(PLAIN)).toBe(true);
  });
});
