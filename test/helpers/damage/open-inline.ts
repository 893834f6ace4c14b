import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '../../../src/backup/engine.ts';
import { LocalMemory } from '../../../src/backup/local-memory.ts';
import { OpenEngine } from '../../../src/backup/open-engine.ts';
import type { Store } from '../../../src/backup/ports.ts';
import { readHostFacts } from '../../../src/backup/repository/host-facts.ts';
import { openRepository } from '../../../src/backup/repository/open-repository.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { type RandomSource, systemRandom } from '../../../src/shared/random.ts';

/** What stands for the program and the description in every repository here. */
export const PLAIN_FILES = [
  { name: 'rescue-0.1.0.mjs', bytes: Buffer.from('// the program\n') },
  { name: 'FORMAT.md', bytes: Buffer.from('# Format\n') },
];

export interface InlineRequest {
  store: Store;
  passphrase: string;
  /** Folder for what is remembered outside the repository. */
  state: string;
  random?: RandomSource;
}

/** The engine for a local store, all of it in this thread: starting threads costs more than anything that a small repository needs. */
export async function openInline({ store, passphrase, state, random = systemRandom }: InlineRequest): Promise<Engine> {
  const memory = new LocalMemory(state, random);
  const ports = {
    store,
    clock: systemClock,
    random,
    host: readHostFacts(),
    writer: await memory.writer(),
  };
  const opening = openRepository(ports, { passphrase: () => passphrase });
  const engine = new OpenEngine(
    {
      store,
      clock: systemClock,
      heads: (repositoryId) => memory.heads(repositoryId, store.location),
      files: { openSync, writeSync, closeSync },
      posix: 'auto',
      host: 'host',
      program: 'holdfast test',
      workingFolder: join(store.location, '..'),
      commandEnvironment: {},
      skipped: [],
      threads: 0,
      plainFiles: async () => PLAIN_FILES,
    },
    opening,
  );
  await engine.opened();
  return engine;
}
