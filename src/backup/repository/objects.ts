import { HoldfastError } from '../../shared/errors.ts';
import { mapParallel } from '../../shared/parallel.ts';
import { objectId } from '../format/pack.ts';
import type { ObjectInfo, Store } from '../ports.ts';
import { isNotFound, isUnusable } from './damage.ts';
import { idOfName } from './names.ts';

/** How many small objects are read at once. */
export const PARALLEL_READS = 8;
const MOST_LISTINGS = 5;

/** What one pass over a prefix needs. */
export interface ObjectPass {
  store: Store;
  prefix: string;
  /** Which of the listed objects to read; all where absent. */
  wanted?: (info: ObjectInfo) => boolean;
  /** Bytes that were read before they were asked for; they are taken out as they are used. */
  early?: Map<string, Promise<Buffer>>;
  /** Called once for each object that has the hash its name promises. May throw `damaged`. */
  use: (name: string, bytes: Buffer) => void;
  /** Called for what cannot be used: `damaged`, or `unsupported_version` for an object of a newer program. */
  damaged: (name: string, error: HoldfastError) => void;
  signal?: AbortSignal | undefined;
}

/**
 * Reads every object below a prefix. Where one vanishes between listing and reading, somebody may have replaced it, so the prefix is listed
 * again. Returns the last listing.
 */
export async function readObjects(pass: ObjectPass): Promise<ObjectInfo[]> {
  const done = new Set<string>();
  for (let listing = 1; ; listing++) {
    const listed = await pass.store.list(pass.prefix, pass.signal);
    const open = listed.filter((info) => !done.has(info.name) && (pass.wanted?.(info) ?? true));
    let vanished = false;
    await mapParallel(open, PARALLEL_READS, async ({ name }) => {
      if (await readOne(pass, name)) done.add(name);
      else vanished = true;
    });
    if (!vanished || listing === MOST_LISTINGS) return listed;
  }
}

async function readOne(pass: ObjectPass, name: string): Promise<boolean> {
  let bytes: Buffer;
  try {
    bytes = await (takeEarly(pass, name) ?? pass.store.get(name, undefined, pass.signal));
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
  try {
    requireHash(name, bytes);
    pass.use(name, bytes);
  } catch (error) {
    if (!isUnusable(error)) throw error;
    pass.damaged(name, error);
  }
  return true;
}

function takeEarly({ early }: ObjectPass, name: string): Promise<Buffer> | undefined {
  const bytes = early?.get(name);
  early?.delete(name);
  return bytes;
}

/** Throws `damaged` where the bytes are not those that the name promises. */
export function requireHash(name: string, bytes: Buffer): void {
  const id = idOfName(name);
  if (id !== undefined && objectId(bytes) !== id) {
    throw new HoldfastError('damaged', 'its content does not match its name');
  }
}
