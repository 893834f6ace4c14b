import { verify } from '../../../../src/backup/operations/verify/verify.ts';
import type { Store } from '../../../../src/backup/ports.ts';
import { collect } from '../../../../src/backup/repository/collector.ts';
import { createRepository } from '../../../../src/backup/repository/create-repository.ts';
import { forgetSnapshot } from '../../../../src/backup/repository/forget-snapshot.ts';
import type { HeadMemory } from '../../../../src/backup/repository/history.ts';
import { Repository } from '../../../../src/backup/repository/repository.ts';
import { Session } from '../../../../src/backup/repository/sessions.ts';
import { MemoryStore } from '../../../../src/backup/stores/memory.ts';
import type { VerifyRequest } from '../../../../src/backup/types.ts';
import { ManualClock } from '../../../helpers/manual-clock.ts';
import { testHost } from '../../../helpers/repository/test-repository.ts';
import { backUpTiny, type TinyFiles } from '../../../helpers/repository/tiny-backup.ts';
import { SeededRandom } from '../../../helpers/seeded-random.ts';

/** All objects of a repository, to be copied and harmed. */
export type Objects = Map<string, Buffer>;

export interface Sample {
  objects: Objects;
  repository: Repository;
  /** Oldest first. */
  snapshots: string[];
}

/** A repository as `init` makes it, with a cheap key. */
export async function createSample(options: { clock?: ManualClock } = {}): Promise<Sample> {
  const objects: Objects = new Map();
  const ports = {
    store: new MemoryStore(objects),
    clock: options.clock ?? new ManualClock(),
    random: new SeededRandom(7),
    // Of the processes on this host only its own lives.
    host: testHost('host', (pid) => (pid === 1 ? 1 : undefined)),
    writer: '11'.repeat(16),
  };
  const repository = await createRepository(ports, {
    passphrase: 'correct horse',
    label: 'first',
    files: [
      { name: 'rescue-1.mjs', bytes: Buffer.from('// reads a repository\n') },
      { name: 'FORMAT.md', bytes: Buffer.from('# The format\n') },
    ],
    logN: 15,
  });
  return { objects, repository, snapshots: [] };
}

const text = (seed: number, length: number): string => new SeededRandom(seed).bytes(length).toString('base64');

/** Files whose contents are not compressible, in several folders. */
export function sampleFiles(count: number, seed: number): TinyFiles {
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`folder${i % 5}/file${i}.txt`, text(seed + i, 40 + 37 * (i % 11))]),
  );
}

const HOUR_MS = 60 * 60 * 1000;

/** Three snapshots that share content, several packs and runs, a mark that is done and one that is not, and what a dead writer left. */
export async function fillSample(): Promise<Sample> {
  const clock = new ManualClock();
  const sample = await createSample({ clock });
  const { repository } = sample;
  const all: string[] = [];
  const backUp = async (files: TinyFiles): Promise<void> => {
    const link = { seq: all.length + 1, prev: all.at(-1) ?? null };
    all.push(await backUpTiny(repository, files, { packBytes: 4000, ...link }));
  };
  const forget = async (number: number): Promise<void> => {
    await forgetSnapshot(repository, all[number] as string, 'test');
    await collect(repository, { graceMs: HOUR_MS, force: true });
  };
  const base = sampleFiles(40, 1000);
  await backUp(base);
  await backUp(sampleFiles(20, 4000));
  await forget(1);
  await clock.advance(2 * HOUR_MS);
  await backUp({ ...base, ...sampleFiles(8, 2000), 'new.txt': text(3000, 500) });
  await backUp(sampleFiles(12, 6000));
  await forget(3);
  await backUp({ ...base, 'folder1/other.txt': text(5000, 900) });
  const dead = { ...testHost(), pid: 99, processStart: () => undefined };
  await Session.start(reopened(repository, repository.store, dead), { operation: 'backup' });
  sample.snapshots.push(...[0, 2, 4].map((number) => all[number] as string));
  return sample;
}

/** The sample's repository on a copy of its objects. */
export function copyOf({ objects, repository, snapshots }: Sample): Sample {
  const copied: Objects = new Map([...objects].map(([name, bytes]) => [name, Buffer.from(bytes)]));
  const store = new MemoryStore(copied);
  return { objects: copied, repository: reopened(repository, store), snapshots };
}

let reopenings = 100;

/** The same repository as another process would open it. */
export function reopened(repository: Repository, store: Store = repository.store, host = repository.host): Repository {
  const { clock, writer, header, ring, config, slot } = repository;
  return new Repository(
    { store, clock, random: new SeededRandom(reopenings++), host, writer },
    { header, ring, config, slot, warnings: [] },
  );
}

/** Verifies in this thread. */
export function check(repository: Repository, request: VerifyRequest = {}, heads?: HeadMemory) {
  return verify({ repository, workers: [], heads }, request);
}
