import { closeSync, openSync, writeSync } from 'node:fs';
import { OpenEngine } from '../../src/backup/open-engine.ts';
import type { SpoolFileSystem, Store } from '../../src/backup/ports.ts';
import type { HostFacts } from '../../src/backup/repository/host-facts.ts';
import type { Clock } from '../../src/shared/clock.ts';
import { testRepository } from '../helpers/repository/test-repository.ts';
import type { SeededRandom } from '../helpers/seeded-random.ts';

export interface EngineRequest {
  store: Store;
  clock: Clock;
  random: SeededRandom;
  host: HostFacts;
  folder: string;
  files?: SpoolFileSystem;
}

/** An engine as `openRepository` would give one, on any store and without scrypt; all of them have the same keys and no threads. */
export function engineOn({ store, clock, random, host, folder, files }: EngineRequest): OpenEngine {
  const writer = random.bytes(16).toString('hex');
  const repository = testRepository({ store, clock, random, host, writer });
  let heads = {};
  const memory = {
    load: async () => heads,
    save: async (found: object) => {
      heads = found;
    },
  };
  const parts = {
    store,
    clock,
    files: files ?? { openSync, writeSync, closeSync },
    threads: 0,
    posix: 'auto' as const,
    host: host.host,
    program: 'holdfast test',
    workingFolder: folder,
    commandEnvironment: {},
    skipped: [],
    heads: () => memory,
  };
  return new OpenEngine(parts, Promise.resolve(repository));
}
