import type { Transform } from 'node:stream';
import { pipeline, Readable } from 'node:stream';
import { constants, createGunzip, createGzip, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { HoldfastError, systemCode } from '../../shared/errors.ts';
import { ByteStream } from './byte-stream.ts';
import { ZstdFrameCutter } from './zstd-frames.ts';

export type Compression = 'none' | 'gzip' | 'zstd';

const SUFFIXES: readonly (readonly [suffix: string, compression: Compression])[] = [
  ['.tar', 'none'],
  ['.tar.gz', 'gzip'],
  ['.tgz', 'gzip'],
  ['.tar.zst', 'zstd'],
  ['.tzst', 'zstd'],
];

const ZSTD_LEVEL = 3;
const PIECE = 128 * 1024;

/**
 * How an archive of this file name is compressed.
 * @throws HoldfastError `usage` for other names
 */
export function compressionOf(fileName: string): Compression {
  const match = SUFFIXES.find(([suffix]) => fileName.toLowerCase().endsWith(suffix));
  if (match !== undefined) return match[1];
  throw new HoldfastError('usage', `The name ${JSON.stringify(fileName)} does not say which archive to write.`, {
    advice: `Use a name that ends in ${SUFFIXES.map(([suffix]) => suffix).join(', ')}.`,
  });
}

/** `source` compressed. Its errors come out unchanged; ending the iteration early ends it too. */
export async function* compress(source: AsyncIterable<Uint8Array>, compression: Compression): AsyncGenerator<Buffer> {
  if (compression === 'none') {
    for await (const bytes of source) yield Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return;
  }
  const transform =
    compression === 'gzip'
      ? createGzip({ chunkSize: PIECE })
      : createZstdCompress({
          chunkSize: PIECE,
          params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL, [constants.ZSTD_c_checksumFlag]: 1 },
        });
  yield* through(source, transform);
}

/** Beginnings of files, by which archives are told apart; those without a compression are refused by name. */
const MAGICS: readonly { magic: Buffer; compression?: Compression; name: string; command?: string }[] = [
  { magic: Buffer.from([0x1f, 0x8b]), compression: 'gzip', name: 'gzip' },
  { magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), compression: 'zstd', name: 'zstd' },
  { magic: Buffer.from('BZh'), name: 'bzip2', command: 'bzip2 -d' },
  { magic: Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]), name: 'xz', command: 'xz -d' },
  { magic: Buffer.from('LZIP'), name: 'lzip', command: 'lzip -d' },
  { magic: Buffer.from([0x04, 0x22, 0x4d, 0x18]), name: 'lz4', command: 'lz4 -d' },
  { magic: Buffer.from([0x1f, 0x9d]), name: 'compress', command: 'uncompress' },
  { magic: Buffer.from('PK\x03\x04'), name: 'zip', command: 'unzip' },
];
const MAGIC_LENGTH = 6;
/** A skippable frame, with which parallel zstd compressors begin: its first byte is 0x50 to 0x5f. */
const SKIPPABLE_REST = Buffer.from([0x2a, 0x4d, 0x18]);

/**
 * The tar archive in `source`, which may be plain, gzip or zstd; its first bytes tell. What comes out may be
 * thousands of times what goes in: the consumer bounds what it keeps.
 *
 * @throws HoldfastError `damaged` where the compressed data is, or is in another format; errors of `source` unchanged
 */
export async function* decompress(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const stream = new ByteStream(source);
  try {
    const first = await stream.read(MAGIC_LENGTH);
    const compression = compressionIn(first);
    const whole = piecesOf(first, stream);
    if (compression === 'none') yield* whole;
    else if (compression === 'gzip') yield* through(whole, createGunzip({ chunkSize: PIECE }));
    else yield* through(withinFrames(whole), createZstdDecompress({ chunkSize: PIECE }));
  } finally {
    await stream.close();
  }
}

function compressionIn(first: Buffer): Compression {
  if (((first[0] ?? 0) & 0xf0) === 0x50 && first.subarray(1, 4).equals(SKIPPABLE_REST)) return 'zstd';
  const known = MAGICS.find(({ magic }) => first.subarray(0, magic.length).equals(magic));
  if (known === undefined) return 'none';
  if (known.compression !== undefined) return known.compression;
  throw new HoldfastError('damaged', `The archive is in the format of ${known.name}, which is not read here.`, {
    advice: `Unpack it with ${known.command} first.`,
  });
}

async function* piecesOf(first: Buffer, stream: ByteStream): AsyncGenerator<Buffer> {
  yield first;
  for (;;) {
    const bytes = await stream.take(PIECE);
    if (bytes === undefined) return;
    yield bytes;
  }
}

async function* withinFrames(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const cutter = new ZstdFrameCutter();
  for await (const bytes of pieces) yield* cutter.cut(bytes);
}

async function* through(source: AsyncIterable<Uint8Array>, transform: Transform): AsyncGenerator<Buffer> {
  // The callback is needed, but has nothing to do: an error of either end destroys the transform and ends the loop.
  pipeline(Readable.from(source, { highWaterMark: 1 }), transform, () => {});
  try {
    for await (const bytes of transform) yield bytes as Buffer;
  } catch (error) {
    throw asDamage(error);
  }
}

function asDamage(error: unknown): unknown {
  const code = systemCode(error) ?? '';
  if (code === 'ZSTD_error_frameParameter_windowTooLarge') {
    return new HoldfastError('damaged', 'The archive needs more than 128 MiB of memory to unpack.', {
      advice: 'Unpack it with zstd -d --long=31 first.',
      cause: error,
    });
  }
  if (!/^(Z_|ZSTD_|ERR_ZSTD|ERR_ZLIB)/.test(code)) return error;
  const isShort = code === 'Z_BUF_ERROR';
  return new HoldfastError(
    'damaged',
    isShort
      ? 'The archive is cut short: its compressed data does not end.'
      : 'The compressed data of the archive is damaged.',
    { advice: 'Fetch or create the archive again.', cause: error },
  );
}
