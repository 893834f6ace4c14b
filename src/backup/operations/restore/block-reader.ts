import { closeSync, constants, openSync, readSync } from 'node:fs';
import { HoldfastError, systemCode } from '../../../shared/errors.ts';
import type { RandomSource } from '../../../shared/random.ts';
import { ENVELOPE_BYTES, type ObjectOpener, Sealer } from '../../crypto/sealer.ts';
import { type DecodedBlock, decodeBlock, packType } from '../../format/pack.ts';
import { DATA } from '../../format/pack-index.ts';
import type { BlockJob, ThreadSetup } from './jobs.ts';

/** Packs that stay open: the threads work through a few at a time. */
const MAX_PACKS = 16;
/** A link or a FIFO that someone put in a pack's place is neither followed nor waited for. */
const OPEN_PACK = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** The pack is gone, cannot be read from the disk, or is something else than a file. */
const LOST_CODES = ['ENOENT', 'ENOTDIR', 'EIO', 'EISDIR', 'ELOOP', 'ENXIO', 'EINVAL', 'ESPIPE', 'EAGAIN'];

interface OpenPack {
  /** -1 where the bytes come with the jobs. */
  fd: number;
  opener: ObjectOpener;
}

/** Reads and decodes blocks of data packs, from local files or from bytes that came with the job. */
export class BlockReader {
  readonly #sealer: Sealer;
  readonly #packs = new Map<string, OpenPack>();
  #buffer = Buffer.alloc(0);

  constructor(setup: ThreadSetup) {
    const epochs = setup.epochs.map(({ epoch, index, meta, data }) => ({
      epoch,
      index: Buffer.from(index),
      meta: Buffer.from(meta),
      data: Buffer.from(data),
    }));
    const ring = { idSecret: Buffer.from(setup.idSecret), epochs };
    this.#sealer = new Sealer(ring, Buffer.from(setup.repositoryId), NOTHING_IS_SEALED);
  }

  /** Throws `damaged`, also where the pack is gone or cannot be read. */
  read(job: BlockJob): DecodedBlock {
    try {
      const pack = this.#open(job);
      return decodeBlock(pack.opener, this.#bytes(pack, job));
    } catch (error) {
      throw readFailure(error, job.object);
    }
  }

  close(): void {
    for (const { fd } of this.#packs.values()) if (fd >= 0) closeSync(fd);
    this.#packs.clear();
  }

  #open(job: BlockJob): OpenPack {
    const known = this.#packs.get(job.object);
    if (known !== undefined) return known;
    if (this.#packs.size >= MAX_PACKS) this.close();
    const fd = job.path === undefined ? -1 : openSync(job.path, OPEN_PACK);
    try {
      const envelope =
        job.path === undefined ? Buffer.from(job.envelope ?? []) : readAt(fd, Buffer.alloc(ENVELOPE_BYTES), 0);
      const pack = { fd, opener: this.#sealer.open(packType(DATA), envelope) };
      this.#packs.set(job.object, pack);
      return pack;
    } catch (error) {
      if (fd >= 0) closeSync(fd);
      throw error;
    }
  }

  #bytes({ fd }: OpenPack, job: BlockJob): Buffer {
    if (fd < 0) return asBuffer(job.bytes ?? new Uint8Array());
    if (this.#buffer.length < job.length) this.#buffer = Buffer.allocUnsafeSlow(Math.ceil(job.length * 1.25));
    return readAt(fd, this.#buffer.subarray(0, job.length), job.offset);
  }
}

function readAt(fd: number, into: Buffer, position: number): Buffer {
  let filled = 0;
  while (filled < into.length) {
    const got = readSync(fd, into, filled, into.length - filled, position + filled);
    if (got === 0) throw new HoldfastError('damaged', 'it ends too early');
    filled += got;
  }
  return into;
}

/** What is gone or cannot be read from the disk is damage; whatever else is in the way says nothing of the object. */
function readFailure(error: unknown, object: string): unknown {
  const code = systemCode(error);
  if (error instanceof HoldfastError || code === undefined) return error;
  if (LOST_CODES.includes(code)) {
    return new HoldfastError('damaged', `it cannot be read (${code})`, { cause: error });
  }
  const refused = code === 'EACCES' || code === 'EPERM';
  return new HoldfastError(refused ? 'permission' : 'store_failed', `Cannot read ${object} (${code}).`, {
    ...(refused ? { advice: 'Run as the user who owns the repository, or change the owner of its folder.' } : {}),
    cause: error,
  });
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const NOTHING_IS_SEALED: RandomSource = {
  bytes: () => {
    throw new HoldfastError('internal', 'A restoring thread does not seal.');
  },
};
