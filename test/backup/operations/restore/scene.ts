import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { runRestore } from '../../../../src/backup/operations/restore/restore-operation.ts';
import type { RestorePorts } from '../../../../src/backup/operations/restore/restore-ports.ts';
import type { OperationContext } from '../../../../src/backup/ports.ts';
import { openPosix } from '../../../../src/backup/posix/open-posix.ts';
import type { Posix } from '../../../../src/backup/posix/posix.ts';
import type { RestoreRequest, RestoreResult } from '../../../../src/backup/types.ts';
import { systemClock } from '../../../../src/shared/clock.ts';
import { readProcessIdentity } from '../../../../src/shared/process-identity.ts';
import { systemRandom } from '../../../../src/shared/random.ts';
import { compareTrees, type TreeOptions } from '../../../helpers/compare-trees.ts';
import { type FakeOptions, FakeSnapshot, REPOSITORY_ID, RING } from './fake-snapshot.ts';
import { readObjects } from './read-objects.ts';

export const IMPLEMENTATIONS: [string, Posix][] = [
  ['native', openPosix()],
  ['fallback', openPosix({ native: 'off' })],
];

export const isRoot = process.getuid?.() === 0;

/** A place for one test: `source` is a folder to take snapshots of, `target` a path to restore to, `home` holds both. */
export class Scene {
  readonly home: string;
  readonly source: string;
  readonly target: string;
  readonly safetyBackups: string[][] = [];
  #snapshots = 0;

  constructor(base: string) {
    this.home = fs.mkdtempSync(join(base, 'holdfast-restore-'));
    this.source = join(this.home, 'source');
    this.target = join(this.home, 'place/target');
    fs.chmodSync(this.home, 0o755);
    fs.mkdirSync(this.source);
    fs.mkdirSync(join(this.home, 'place'));
  }

  /** Runs a shell script in a folder. */
  shell(folder: string, script: string): void {
    fs.mkdirSync(folder, { recursive: true });
    execFileSync('bash', ['-euc', script], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  }

  /** The source as it is now. */
  snapshot(options: FakeOptions = {}): FakeSnapshot {
    return new FakeSnapshot(join(this.home, `packs-${this.#snapshots++}`), readObjects(this.source), options);
  }

  ports(posix: Posix, overrides: Partial<RestorePorts> = {}): RestorePorts {
    return {
      posix,
      clock: systemClock,
      random: systemRandom,
      identity: readProcessIdentity(),
      keys: { ring: RING, repositoryId: REPOSITORY_ID },
      threads: 0,
      safetyBackup: async (paths) => {
        this.safetyBackups.push([...paths]);
        return 'safety';
      },
      ...overrides,
    };
  }

  restore(
    posix: Posix,
    snapshot: FakeSnapshot,
    request: Partial<RestoreRequest> = {},
    overrides: Partial<RestorePorts> = {},
    context: OperationContext = {},
  ): Promise<RestoreResult> {
    const to = request.inPlace === true ? {} : { to: this.target };
    const whole = { snapshot: snapshot.id, ...to, apply: true, ...request };
    return runRestore(this.ports(posix, overrides), snapshot.snapshot, whole, context);
  }

  /** A copy of a tree with everything that a restore could change. */
  copy(from: string, name: string): string {
    const to = join(this.home, name);
    execFileSync('cp', ['-a', '--sparse=always', from, to]);
    return to;
  }

  /** How the target differs from another tree. */
  differences(posix: Posix, expected: string, options: TreeOptions = {}): string[] {
    const timeToleranceNs = posix.capabilities.nanosecondTimes ? 0n : 477n;
    return compareTrees(expected, this.target, { timeToleranceNs, ...options });
  }

  /** What lies beside the target. */
  beside(): string[] {
    return fs.readdirSync(join(this.home, 'place')).filter((name) => name !== 'target');
  }

  close(): void {
    execFileSync('chmod', ['-R', 'u+rwX', this.home]);
    execFileSync('rm', ['-rf', this.home]);
  }
}

/** Where syncing costs nothing, for tests that restore over and over. */
export const IN_MEMORY = fs.existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A fresh scene for each test of the calling suite. */
export function useScene(base = tmpdir()): { readonly current: Scene } {
  const holder = { current: undefined as unknown as Scene };
  beforeEach(() => {
    holder.current = new Scene(base);
  });
  afterEach(() => holder.current.close());
  return holder;
}

/** Every kind of entry that needs no privileges and no native calls. */
export const EVERY_KIND = `
mkdir -p folder/deep/deeper empty 'with space' locked
printf content > folder/file
: > folder/deep/nothing
head -c 700000 /dev/urandom > folder/deep/large
printf same > folder/deep/deeper/first
ln folder/deep/deeper/first second
ln folder/deep/deeper/first 'with space/third'
ln -s folder/file link
ln -s /nowhere/at/all dangling
ln -s .. folder/up
printf raw > $'not-utf8-\\xff'
printf x > $'two\\nlines'
printf run > program; chmod 4755 program
printf quiet > unreadable; chmod 000 unreadable
chmod 1777 'with space'; chmod 2750 empty
truncate -s 3000000 sparse
printf middle | dd of=sparse bs=1 seek=1500000 conv=notrunc status=none
touch -d '1969-07-20 20:17:40.123456789' folder/file
touch -h -d '2001-02-03 04:05:06.000000001' link
touch -d '2012-12-12 12:12:12.999999999' folder
chmod 500 locked
`;
