import type { ByteString } from '../../../shared/bytes.ts';
import type { ChunkRef } from '../../entry.ts';
import type { StoredEntry } from '../../format/manifest-entry.ts';
import type { ByteRange } from '../../ports.ts';
import type { DamagedObject } from '../../types.ts';

/** One copy of a chunk: the block that holds it, and where the chunk lies in the block's plaintext. */
export interface ChunkPlace {
  /** Number of the pack, for `packObject`. */
  pack: number;
  blockOffset: number;
  /** Header, ciphertext and tag. */
  blockLength: number;
  offset: number;
  length: number;
}

/** What restore asks of one snapshot and of the repository that holds it. */
export interface SnapshotContent {
  /**
   * The manifest in its order, some hundred entries at a time; every call starts anew. Throws `damaged`; given `onDamage`, reports
   * parts that cannot be read and goes on behind them. Given `only`, parts are left out that hold neither these paths, nor what is below or above them.
   */
  runs(
    onDamage?: (damaged: DamagedObject) => void,
    only?: readonly ByteString[],
  ): AsyncIterable<readonly StoredEntry[]>;
  /** The chunks of a file in order, some at a time. Throws `damaged`. */
  chunkRuns(entry: StoredEntry): AsyncIterable<readonly ChunkRef[]>;
  locate(id: Buffer): ChunkPlace | undefined;
  /** Every copy of a chunk that can be found by looking again; for when the first one fails. */
  copies(id: Buffer): Promise<readonly ChunkPlace[]>;
  /** Name in the store. */
  packObject(pack: number): string;
  /** See Store. */
  localPath(object: string): string | undefined;
  read(object: string, range: ByteRange, signal?: AbortSignal): Promise<Buffer>;
}
