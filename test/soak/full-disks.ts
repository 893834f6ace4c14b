import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { readTree } from '../helpers/compare-trees.ts';
import type { SeededRandom } from '../helpers/seeded-random.ts';
import { ProcessGroup } from './process-group.ts';
import { content, makeTree, type TreeShape } from './random-tree.ts';
import { describe, SoakRepository } from './soak-repository.ts';

export type DiskSort = 'tmpfs' | 'ext4';

export interface FullDisksRequest {
  random: SeededRandom;
  sort: DiskSort;
  /** How many bytes the filler leaves free, once each. */
  leaves: readonly number[];
  report?: (line: string) => void;
}

const DISK_BYTES = 64 * 2 ** 20;
const INODES = 1000;
const SHAPE: TreeShape = { files: 120, maxBytes: 20_000, large: 2, largeBytes: 3_000_000 };
const STORAGE_FULL = 14;

/** Whether this user may mount file systems of this sort here. */
export function canMount(sort: DiskSort): boolean {
  const repository = new SoakRepository();
  const disk = mountDisk(repository.root, sort);
  disk?.unmount();
  rmSync(repository.root, { recursive: true });
  return disk !== undefined;
}

/** Fills a file system that holds a repository to the last byte, and works on it all the same. Gives what went wrong. */
export async function fillDisks(
  request: FullDisksRequest,
): Promise<{ rounds: number; refused: number; harm: string[] }> {
  const result = { rounds: 0, refused: 0, harm: [] as string[] };
  for (const leave of request.leaves) {
    const { refused, harm } = await fillOne(request, leave);
    result.rounds++;
    result.refused += refused;
    result.harm.push(...harm.map((line) => `${request.sort}, ${leave} bytes left: ${line}`));
    request.report?.(`${request.sort}, ${leave} bytes left: ${refused} refused, ${harm.length} harmed`);
  }
  return result;
}

async function fillOne(
  { random, sort }: FullDisksRequest,
  leave: number,
): Promise<{ refused: number; harm: string[] }> {
  const place = new SoakRepository();
  const disk = mountDisk(place.root, sort);
  if (disk === undefined) throw new Error(`${sort} cannot be mounted here`);
  const repository = new SoakRepository(join(disk.folder, 'repository'));
  const harm: string[] = [];
  const source = join(repository.root, 'source');
  const check = async (what: string) => harm.push(...(await repository.harm()).map((line) => `${what}: ${line}`));
  let refused = 0;
  try {
    makeTree(source, random, SHAPE);
    await repository.init();
    await repository.backup(source);
    // Two snapshots with much of their own, for `forget` to give up.
    const going: string[] = [];
    for (let number = 0; number < 2; number++) {
      writeFileSync(join(source, 'passing'), content(random, 5_000_000));
      going.push(await repository.backup(source));
    }
    rmSync(join(source, 'passing'));
    const fillAll = () => {
      fill(disk.folder, leave);
      if (sort === 'tmpfs' && leave === 0) takeInodes(disk.folder);
    };
    fillAll();
    writeFileSync(join(source, 'more'), content(random, 4_000_000));
    for (let attempt = 0; attempt < 2; attempt++) {
      const outcome = await repository.start('backup', source).finished;
      const clear = outcome.status === STORAGE_FULL && /room|full|space/i.test(outcome.messages + outcome.output);
      if (clear && !/\bat .*:\d+:\d+/.test(outcome.messages)) refused++;
      else harm.push(`a backup on a full disk: ${describe(outcome)}`);
    }
    await repository.run('list');
    await check('while the disk is full');
    await repository.closeEngine();
    // Whatever became free meanwhile is taken by somebody else.
    fillAll();
    await repository.run('forget', ...going, '--yes');
    for (const id of going) repository.reported.delete(id);
    const { deletedPacks } = await repository.run('prune', '--grace', '0s', '--yes');
    if (deletedPacks === 0) harm.push('prune freed nothing');
    await repository.backup(source);
    await repository.run('verify', '--deep');
    await check('at the end');
    await repository.closeEngine();
    await repository.run('prune', '--grace', '0s');
    harm.push(...repository.leftovers().map((name) => `${name} is left`));
  } catch (error) {
    harm.push(String(error));
  } finally {
    await repository.remove();
    disk.unmount();
    await place.remove();
  }
  return { refused, harm };
}

/** Backs up under a limit on the size of files: each write beyond it fails, wherever that is. Gives what went wrong. */
export async function limitFiles(
  random: SeededRandom,
  limitsKiB: readonly number[],
): Promise<{ refused: number; harm: string[] }> {
  const repository = new SoakRepository();
  const source = join(repository.root, 'source');
  const harm: string[] = [];
  let refused = 0;
  try {
    makeTree(source, random, SHAPE);
    await repository.init();
    await repository.backup(source);
    for (const limit of limitsKiB) {
      writeFileSync(join(source, 'more'), content(random, 2_000_000));
      const script = `ulimit -f ${limit * 2}; exec "$@"`;
      const facts = readTree(source);
      const outcome = await new ProcessGroup(
        ['/bin/sh', '-c', script, 'sh', ...repository.argv('backup', source)],
        repository.env,
      ).finished;
      repository.noteReport(outcome, facts);
      if (outcome.status !== 0) refused++;
      const clear = outcome.status === 0 || outcome.status === 1 || outcome.status === STORAGE_FULL;
      if (!clear || outcome.signal !== null || /\bat .*:\d+:\d+/.test(outcome.messages)) {
        harm.push(`files of at most ${limit} KiB: ${describe(outcome)}`);
      }
      await repository.backup(source);
    }
    await repository.closeEngine();
    harm.push(...(await repository.harm()));
    await repository.run('verify', '--deep');
    await repository.closeEngine();
    await repository.run('prune', '--grace', '0s');
    harm.push(...repository.leftovers().map((name) => `${name} is left`));
  } catch (error) {
    harm.push(String(error));
  } finally {
    await repository.remove();
  }
  return { refused, harm };
}

function mountDisk(root: string, sort: DiskSort): { folder: string; unmount(): void } | undefined {
  const folder = join(root, 'disk');
  mkdirSync(folder, { recursive: true });
  if (sort === 'tmpfs') {
    if (!succeeds('mount', '-t', 'tmpfs', '-o', `size=${DISK_BYTES},nr_inodes=${INODES}`, 'holdfast-soak', folder))
      return undefined;
  } else {
    const image = join(root, 'image');
    const made =
      succeeds('truncate', '-s', String(DISK_BYTES), image) &&
      succeeds('mkfs.ext4', '-q', '-F', '-m', '0', image) &&
      succeeds('mount', '-o', 'loop', image, folder);
    if (!made) return undefined;
  }
  return { folder, unmount: () => void spawnSync('umount', [folder]) };
}

function succeeds(program: string, ...words: string[]): boolean {
  return spawnSync(program, words).status === 0;
}

/** Writes a file until only `leave` bytes are free; with 0, until the system refuses a single byte. */
function fill(folder: string, leave: number): void {
  const fd = openSync(join(folder, 'filler'), 'a');
  try {
    for (let size = 2 ** 20; size >= 1; size = Math.floor(size / 16)) {
      while (freeBytes(folder) - size >= leave || leave === 0) {
        try {
          if (writeSync(fd, Buffer.alloc(size, 0x55)) < size) break;
        } catch {
          break;
        }
      }
    }
  } finally {
    closeSync(fd);
  }
}

/** Makes empty files until the system refuses one. */
function takeInodes(folder: string): void {
  for (let number = 0; number < INODES; number++) {
    try {
      closeSync(openSync(join(folder, `filler-${number}`), 'w'));
    } catch {
      return;
    }
  }
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
