import { flushCompileCache } from 'node:module';
import { runRestore } from '../../../../src/backup/operations/restore/restore-operation.ts';
import { openPosix } from '../../../../src/backup/posix/open-posix.ts';
import { systemClock } from '../../../../src/shared/clock.ts';
import { readProcessIdentity } from '../../../../src/shared/process-identity.ts';
import { systemRandom } from '../../../../src/shared/random.ts';
import { FakeSnapshot, REPOSITORY_ID, RING } from './fake-snapshot.ts';
import { readObjects } from './read-objects.ts';

/**
 * A process that restores `source` over each target that it reads from standard input, one a line, and says `start` and `done`. It is
 * there to be killed.
 */
const [source = '', packs = '', native = 'auto', paths = ''] = process.argv.slice(2);
const snapshot = new FakeSnapshot(packs, readObjects(source), { chunkBytes: 20_000, packChunks: 20 });
const ports = {
  posix: openPosix({ native: native === 'off' ? 'off' : 'auto' }),
  clock: systemClock,
  random: systemRandom,
  identity: readProcessIdentity(),
  keys: { ring: RING, repositoryId: REPOSITORY_ID },
  threads: 2,
  safetyBackup: async () => 'safety',
};
// Nobody lets it end, which is when Node would write its compile cache.
flushCompileCache();
process.stdout.write('ready\n');
process.stdin.setEncoding('utf8').on('data', async (line: string) => {
  const to = line.trim();
  process.stdout.write('start\n');
  const selection = paths === '' ? {} : { paths: paths.split(',') };
  await runRestore(ports, snapshot.snapshot, { snapshot: snapshot.id, to, apply: true, delete: true, ...selection });
  process.stdout.write('done\n');
});
