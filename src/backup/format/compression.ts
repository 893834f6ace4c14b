import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { HoldfastError } from '../../shared/errors.ts';

/** Codecs of blocks and bodies (docs/FORMAT.md sections 4 and 6). */
export const CODEC_STORED = 0;
export const CODEC_ZSTD = 1;

/**
 * Level 2 with the hash table of level 3: on source code, SQL and database pages a third faster than level 3 for 1 to 4 % more bytes. The
 * compressor is what a backup waits for.
 */
const PARAMETERS = { [constants.ZSTD_c_compressionLevel]: 2, [constants.ZSTD_c_hashLog]: 17 };
/**
 * For blocks of small files: a table that the processor's caches hold, and matches of seven bytes. Faster by an eighth to a
 * fifth for 0.2 to 3 % more bytes, which compressing them together has gained several times over.
 */
const SMALL_FILES = {
  [constants.ZSTD_c_compressionLevel]: 2,
  [constants.ZSTD_c_hashLog]: 16,
  [constants.ZSTD_c_minMatch]: 7,
};
/** Blocks that gain less than 3 % are stored: reading them again is then free. */
const WORTHWHILE = 0.97;
/** Larger blocks are tried by samples first: media and archives, that gain nothing, are most of what is large. */
const SAMPLED_BYTES = 256 * 1024;
const SAMPLES = 8;
const SAMPLE_BYTES = 8 * 1024;
/** Bytes that are counted before: few enough to cost nothing beside compressing the samples, which takes a tenth as long as the block itself. */
const COUNTED = 4096;
/** How often two bytes of even noise are the same, with room for chance: the counts of text, code and database pages are several times as uneven. */
const EVEN_PAIRS = (1.25 * COUNTED * (COUNTED - 1)) / 256;

/** The smaller of `plain` and its zstd form, with the codec that tells which. `smallFiles`: it is several files together. */
export function compress(plain: Uint8Array, smallFiles = false): { codec: number; bytes: Uint8Array } {
  if (gainsNothing(plain)) return { codec: CODEC_STORED, bytes: plain };
  const limit = Math.floor(plain.length * WORTHWHILE);
  const packed = zstdCompressSync(plain, {
    params: smallFiles ? SMALL_FILES : PARAMETERS,
    // One output buffer of the worst case, instead of a chain of small ones that must be joined.
    chunkSize: Math.max(64, plain.length + (plain.length >>> 7) + 128),
  });
  if (packed.length <= limit) return { codec: CODEC_ZSTD, bytes: packed };
  discard(packed);
  return { codec: CODEC_STORED, bytes: plain };
}

/** True for large content of which samples tell that compressing it is in vain. */
export function gainsNothing(plain: Uint8Array): boolean {
  return plain.length >= SAMPLED_BYTES && looksRandom(plain) && samplesGainNothing(plain);
}

const counts = new Uint32Array(256);

/** True where all byte values are about as frequent, in a sample from all over the block. Where they are not, entropy coding alone gains something. */
function looksRandom(plain: Uint8Array): boolean {
  counts.fill(0);
  const step = Math.floor(plain.length / COUNTED);
  for (let i = 0; i < COUNTED; i++) (counts[plain[i * step] as number] as number)++;
  let pairs = 0;
  for (const count of counts) pairs += count * (count - 1);
  return pairs < EVEN_PAIRS;
}

/** True where pieces from all over the block do not become smaller at all, which compressed and encrypted content alone does not. */
function samplesGainNothing(plain: Uint8Array): boolean {
  const samples = Buffer.allocUnsafeSlow(SAMPLES * SAMPLE_BYTES);
  const step = Math.floor((plain.length - SAMPLE_BYTES) / (SAMPLES - 1));
  for (let i = 0; i < SAMPLES; i++) samples.set(plain.subarray(i * step, i * step + SAMPLE_BYTES), i * SAMPLE_BYTES);
  const packed = zstdCompressSync(samples, { params: PARAMETERS, chunkSize: samples.length + 1024 });
  const gained = packed.length < samples.length;
  discard(samples);
  discard(packed);
  return !gained;
}

/** Exactly `plainLength` bytes, or `damaged`. Never produces more, whatever the input claims. */
export function decompress(codec: number, bytes: Buffer, plainLength: number): Buffer {
  if (codec === CODEC_STORED) {
    if (bytes.length !== plainLength)
      throw new HoldfastError('damaged', 'a stored piece has another length than it says');
    return bytes;
  }
  if (codec !== CODEC_ZSTD) throw new HoldfastError('damaged', `it names codec ${codec}, which does not exist`);
  let plain: Buffer;
  try {
    plain = zstdDecompressSync(bytes, {
      maxOutputLength: Math.max(1, plainLength),
      // A byte more than is needed: a buffer that is filled to its end makes zlib allocate and try another one.
      chunkSize: Math.max(64, plainLength + 1),
    });
  } catch (error) {
    throw new HoldfastError('damaged', 'a compressed piece does not decompress', { cause: error });
  }
  if (plain.length !== plainLength)
    throw new HoldfastError('damaged', 'a compressed piece has another length than it says');
  return plain;
}

/**
 * Gives a large buffer's memory back at once instead of at the next garbage collection: blocks come by the thousand, and what waits for the collector
 * makes it run and the process grow. The buffer is empty afterwards. Those that may share Node's pool, of 64 KiB, are left alone, and small ones.
 */
export function discard(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (!(buffer instanceof ArrayBuffer)) return;
  const isAlone = buffer.byteLength >= SHARED_BYTES || buffer.byteLength === bytes.byteLength;
  if (isAlone && buffer.byteLength >= DISCARD_BYTES) buffer.transfer(0);
}

const DISCARD_BYTES = 8 * 1024;
const SHARED_BYTES = 64 * 1024 + 1;
