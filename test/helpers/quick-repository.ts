import { mkdirSync } from 'node:fs';
import { createRepository } from '../../src/backup/repository/create-repository.ts';
import { readHostFacts } from '../../src/backup/repository/host-facts.ts';
import { LocalStore } from '../../src/backup/stores/local.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { readProcessIdentity } from '../../src/shared/process-identity.ts';
import { systemRandom } from '../../src/shared/random.ts';

/** The cheapest that key slots may have: a process opens the repository in a quarter of the time. */
const LOG_N = 15;

/** Makes a repository in `folder` for tests that start many processes on it. */
export async function createQuickRepository(folder: string, passphrase: string): Promise<void> {
  mkdirSync(folder);
  const store = new LocalStore(folder, { identity: readProcessIdentity() });
  const ports = { store, clock: systemClock, random: systemRandom, host: readHostFacts(), writer: '00'.repeat(16) };
  await createRepository(ports, { passphrase, label: 'first', files: [], logN: LOG_N });
  await store.close();
}
