import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { HoldfastError, systemCode } from '../../shared/errors.ts';
import type { RandomSource } from '../../shared/random.ts';
import { createChunkIdHasher } from '../crypto/chunk-id.ts';
import { Sealer } from '../crypto/sealer.ts';
import { type ScanKeys, scanPack } from './pack-scan.ts';
import { type ByteSource, SharedBuffer } from './pack-window.ts';
import type { PackJob, PackJobResult, VerifySetup } from './verify-jobs.ts';

/** A link or a FIFO that someone put in a pack's place is neither followed nor waited for. */
const OPEN_PACK = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The work of one verifying thread. Synchronous from end to end; runs in a worker, or in the caller's thread where there is none. */
export class Verifier {
  readonly #keys: ScanKeys;
  readonly #buffer = new SharedBuffer();

  constructor(setup: VerifySetup) {
    const epochs = setup.epochs.map(({ epoch, index, meta, data }) => ({
      epoch,
      index: Buffer.from(index),
      meta: Buffer.from(meta),
      data: Buffer.from(data),
    }));
    const idSecret = Buffer.from(setup.idSecret);
    const sealer = new Sealer({ idSecret, epochs }, Buffer.from(setup.repositoryId), NOTHING_IS_SEALED);
    this.#keys = { sealer, hasher: createChunkIdHasher(idSecret) };
  }

  run(job: PackJob): PackJobResult {
    if (job.path === undefined) return this.#scan(job, bytesSource(job.bytes ?? new Uint8Array()));
    try {
      return this.#scanFile(job, job.path);
    } catch (error) {
      const code = systemCode(error);
      if (error instanceof HoldfastError || code === undefined) throw error;
      return code === 'ENOENT' || code === 'ENOTDIR' ? { gone: true } : { unreadable: code };
    }
  }

  #scanFile(job: PackJob, path: string): PackJobResult {
    const fd = openSync(path, OPEN_PACK);
    try {
      return this.#scan(job, fileSource(fd));
    } finally {
      closeSync(fd);
    }
  }

  #scan({ id, deep }: PackJob, source: ByteSource): PackJobResult {
    return scanPack(this.#keys, source, this.#buffer, id, deep);
  }
}

function fileSource(fd: number): ByteSource {
  return {
    size: fstatSync(fd).size,
    read(into, position) {
      let filled = 0;
      while (filled < into.length) {
        const got = readSync(fd, into, filled, into.length - filled, position + filled);
        if (got === 0) break;
        filled += got;
      }
      return filled;
    },
  };
}

function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read(into, position) {
      const part = bytes.subarray(position, position + into.length);
      into.set(part);
      return part.length;
    },
  };
}

const NOTHING_IS_SEALED: RandomSource = {
  bytes: () => {
    throw new HoldfastError('internal', 'A verifying thread does not seal.');
  },
};
