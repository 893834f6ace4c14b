import type { Engine } from '../../backup/engine.ts';
import { HoldfastError } from '../../shared/errors.ts';
import { formatBytes } from '../../shared/sizes.ts';
import type { DiskSpace } from './disk-space.ts';

/** How much one backup may store, and what sets the limit. */
export interface Room {
  bytes: number;
  limit: 'cap' | 'disk';
}

export interface StorageLimits {
  /** Of the repository, for people. */
  location: string;
  capBytes: number | undefined;
  /** The file system that the repository lies on, where it is one of this machine. */
  disk: () => Promise<DiskSpace | undefined>;
}

/** Left free on the repository's file system: forget and prune have to write, too. */
const DISK_RESERVE_BYTES = 32 * 2 ** 20;

/**
 * How much a backup may store; undefined where nothing limits it.
 *
 * @throws HoldfastError `storage_full` at the cap and on a full disk, with the ways out
 */
export async function roomFor(
  repository: Pick<Engine, 'usedBytes'>,
  { location, capBytes, disk }: StorageLimits,
): Promise<Room | undefined> {
  const space = await disk();
  const rooms: Room[] = [];
  if (space !== undefined) rooms.push({ limit: 'disk', bytes: space.freeBytes - DISK_RESERVE_BYTES });
  if (capBytes !== undefined) rooms.push({ limit: 'cap', bytes: capBytes - (await repository.usedBytes()) });
  const [least] = rooms.toSorted((a, b) => a.bytes - b.bytes);
  if (least === undefined || least.bytes > 0) return least;
  const found =
    least.limit === 'disk'
      ? `The disk of ${location} is full: ${formatBytes(space?.freeBytes ?? 0)} are free`
      : `${location} takes ${formatBytes((capBytes ?? 0) - least.bytes)}, and its cap is ${formatBytes(capBytes ?? 0)}`;
  throw storageFull(found, least.limit);
}

/** In place of the engine's own error, for a backup that needed more than it was given. */
export function outOfRoom({ bytes, limit }: Room): HoldfastError {
  const left = limit === 'cap' ? 'are left below the cap of the repository' : 'may be used of its disk';
  return storageFull(`More would be stored than the ${formatBytes(bytes)} that ${left}`, limit);
}

const storageFull = (message: string, limit: Room['limit']): HoldfastError =>
  new HoldfastError('storage_full', message, {
    advice: `${limit === 'cap' ? 'Raise storage.cap' : 'Free space on that disk'}; or keep less: shorten retention, then prune; or move the repository to where there is more room.`,
    details: { limit },
  });
