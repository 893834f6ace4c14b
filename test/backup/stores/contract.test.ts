import { constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store } from '../../../src/backup/ports.ts';
import { FaultyStore } from '../../../src/backup/stores/faulty.ts';
import type { FileSystem } from '../../../src/backup/stores/file-system.ts';
import { LocalStore } from '../../../src/backup/stores/local.ts';
import { MemoryStore } from '../../../src/backup/stores/memory.ts';
import { openStore } from '../../../src/backup/stores/open.ts';
import { RetryingStore } from '../../../src/backup/stores/retry.ts';
import { StoreWrapper } from '../../../src/backup/stores/store-wrapper.ts';
import { ThrottledStore } from '../../../src/backup/stores/throttle.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { readProcessIdentity } from '../../../src/shared/process-identity.ts';
import { describeStore, type StoreUnderTest } from '../../contract/store.ts';
import { CrashFileSystem } from '../../helpers/crash-file-system.ts';
import { SeededRandom } from '../../helpers/seeded-random.ts';

/** Prepares files on another file system than the store's, so that they cannot be renamed into it. */
class SpoolElsewhere extends StoreWrapper {
  readonly #folder: string;

  constructor(inner: Store, folder: string) {
    super(inner);
    this.#folder = folder;
  }

  override async spoolFolder(): Promise<string> {
    return this.#folder;
  }
}

async function openLocal(): Promise<StoreUnderTest> {
  const root = await mkdtemp(join(tmpdir(), 'holdfast-store-'));
  return { store: await openStore(root), cleanUp: () => rm(root, { recursive: true }) };
}

async function openSimulated(): Promise<{ files: FileSystem; store: Store }> {
  const files = new CrashFileSystem('/disk', new SeededRandom(4));
  await files.mkdir('/disk/repository', 0o700);
  return { files, store: new LocalStore('/disk/repository', { identity: readProcessIdentity(), files }) };
}

async function openSimulatedWithSpool(): Promise<StoreUnderTest> {
  const { files, store } = await openSimulated();
  return {
    store,
    writeFile: (path, content) => {
      const fd = files.openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
      for (let done = 0; done < content.length; ) {
        done += files.writeSync(fd, content, done, content.length - done);
      }
      files.closeSync(fd);
    },
    exists: (path) =>
      files.lstat(path).then(
        () => true,
        () => false,
      ),
  };
}

async function openSimulatedWithSpoolElsewhere(): Promise<StoreUnderTest> {
  const { store } = await openSimulated();
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-spool-'));
  return { store: new SpoolElsewhere(store, folder), cleanUp: () => rm(folder, { recursive: true }) };
}

const someCallsFail = { failBefore: 0.02, failAfter: 0.02 };
const impatient = { ...systemClock, sleep: async () => undefined };

describeStore('memory', async () => ({ store: new MemoryStore() }));
describeStore('a folder', openLocal);
describeStore('a folder on a simulated file system', openSimulatedWithSpool);
describeStore('a folder with files prepared on another device', openSimulatedWithSpoolElsewhere);
describeStore('throttled', async () => ({
  store: new ThrottledStore(
    new MemoryStore(),
    { uploadBytesPerSecond: 1e12, downloadBytesPerSecond: 1e12 },
    systemClock,
  ),
}));
describeStore('faulty without faults', async () => ({
  store: new FaultyStore(new MemoryStore(), {}, new SeededRandom(5), systemClock),
}));
describeStore('with retries', async () => ({
  store: new RetryingStore(new MemoryStore(), systemClock, new SeededRandom(6)),
}));
describeStore('faulty with retries', async () => {
  const faulty = new FaultyStore(new MemoryStore(), someCallsFail, new SeededRandom(7), impatient);
  return { store: new RetryingStore(faulty, impatient, new SeededRandom(8)) };
});
