import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '../../../src/backup/engine.ts';
import { LocalMemory } from '../../../src/backup/local-memory.ts';
import { OpenEngine } from '../../../src/backup/open-engine.ts';
import { readHostFacts } from '../../../src/backup/repository/host-facts.ts';
import { openRepository } from '../../../src/backup/repository/open-repository.ts';
import { LocalStore } from '../../../src/backup/stores/local.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { readProcessIdentity } from '../../../src/shared/process-identity.ts';
import { systemRandom } from '../../../src/shared/random.ts';

/**
 * The engine for a repository in a folder, all of it in this thread: starting threads costs more than anything that a small repository needs.
 * What it remembers lies in `state`.
 */
export async function openInline(location: string, passphrase: string, state: string): Promise<Engine> {
  const memory = new LocalMemory(state, systemRandom);
  const store = new LocalStore(location, { identity: readProcessIdentity() });
  const ports = {
    store,
    clock: systemClock,
    random: systemRandom,
    host: readHostFacts(),
    writer: await memory.writer(),
  };
  const opening = openRepository(ports, { passphrase: () => passphrase });
  const engine = new OpenEngine(
    {
      store,
      clock: systemClock,
      heads: (repositoryId) => memory.heads(repositoryId, location),
      files: { openSync, writeSync, closeSync },
      posix: 'auto',
      host: 'host',
      program: 'holdfast test',
      workingFolder: join(location, '..'),
      commandEnvironment: {},
      skipped: [],
      threads: 0,
    },
    opening,
  );
  await engine.opened();
  return engine;
}
