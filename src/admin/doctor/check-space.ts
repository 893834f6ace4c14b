import type { Config } from '../../config/config.ts';
import type { DiskSpace } from '../../jobs/watch/disk-space.ts';
import { formatBytes } from '../../shared/sizes.ts';
import { doubt, type Finding, ok, problem } from './finding.ts';

/** How near the cap and the ends of the disks are. */
export async function checkSpace(
  { repository, state, unattended }: Pick<Config, 'repository' | 'state' | 'unattended'>,
  usedBytes: number | undefined,
  diskSpace: (folder: string) => Promise<DiskSpace | undefined>,
): Promise<Finding[]> {
  const { capBytes, warnAt } = unattended.storage;
  const warnShare = (warnAt[0] ?? 100) / 100;
  const disks = await Promise.all([repository.location, state].map(diskSpace));
  const different = disks.filter(
    (disk, i) => disk !== undefined && disks.findIndex((other) => other?.device === disk.device) === i,
  );
  return [
    ...(usedBytes === undefined ? [] : [capFinding(usedBytes, capBytes, warnShare)]),
    ...different.flatMap((disk) => (disk === undefined ? [] : [diskFinding(disk, warnShare)])),
  ];
}

function capFinding(usedBytes: number, capBytes: number | undefined, warnShare: number): Finding {
  const used = formatBytes(usedBytes);
  if (capBytes === undefined) return ok('space', `The repository takes ${used}; it has no cap`);
  const found = `The repository takes ${used} of its cap of ${formatBytes(capBytes)}`;
  const fix = 'Raise storage.cap, keep less with retention, or run holdfast prune.';
  if (usedBytes >= capBytes) return problem('space', found, fix);
  return usedBytes >= capBytes * warnShare ? doubt('space', found, fix) : ok('space', found);
}

/** Less of a disk is as good as none. */
const LEAST_FREE_SHARE = 0.01;

function diskFinding({ folder, freeBytes, totalBytes }: DiskSpace, warnShare: number): Finding {
  const found = `${formatBytes(freeBytes)} of ${formatBytes(totalBytes)} are free at ${folder}`;
  const fix = 'Make room on this disk, or use a larger one.';
  if (freeBytes < totalBytes * LEAST_FREE_SHARE) return problem('space', found, fix);
  return totalBytes - freeBytes >= totalBytes * warnShare ? doubt('space', found, fix) : ok('space', found);
}
