import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { filePlanOf } from './corpora/plans.ts';
import { applyChanges, revertChanges, type TreeTotals, writeTree } from './corpora/write-files.ts';

/** The corpora by name, with what each stands for. */
export const CORPORA = {
  small: 'many small files: 60,000 of source-tree sizes, 633 MB',
  large: 'a SQLite database of 1.49 GB and an SQL dump of 0.5 GB',
  mixed: 'incompressible media (511 MB), logs (144 MB), 3,100 small files',
  million: '1,000,000 files of about 1 KiB',
} as const;

export type CorpusName = keyof typeof CORPORA;

/** A corpus on disk. Its tree is in the base state whenever `prepareCorpus` returns it. */
export interface Corpus {
  readonly name: CorpusName;
  readonly scale: number;
  /** The folder that the tools back up. */
  readonly tree: string;
  readonly totals: TreeTotals;
  /** From the base state to the changed state: 1 % of the files, or the database edited through SQL. */
  change(): Promise<void>;
  /** Back to the base state, byte for byte; also after an interrupted change. */
  revert(): Promise<void>;
}

/** How one kind of corpus is made and changed; `home` is its folder, `tree` inside it is what is backed up. */
interface Maker {
  create(home: string): Promise<TreeTotals>;
  change(home: string): Promise<void>;
  revert(home: string): Promise<void>;
}

interface Stamp {
  readonly version: number;
  readonly state: 'base' | 'changed';
  readonly totals: TreeTotals;
}

// Raised whenever a generator changes what it writes, so that cached corpora are made again.
const version = 1;

/** Returns the corpus below `folder` in its base state, making it when it is not there yet. */
export async function prepareCorpus(folder: string, name: CorpusName, scale: number): Promise<Corpus> {
  const home = join(folder, `${name}-x${scale}`);
  const maker = name === 'large' ? largeMaker(scale) : filesMaker(name, scale);
  if (readStamp(home)?.version !== version) await create(home, maker);
  const { totals } = readStamp(home) as Stamp;
  const corpus: Corpus = {
    name,
    scale,
    tree: join(home, 'tree'),
    totals,
    async change() {
      writeStamp(home, { version, state: 'changed', totals });
      await maker.change(home);
    },
    async revert() {
      if (readStamp(home)?.state === 'base') return;
      await maker.revert(home);
      writeStamp(home, { version, state: 'base', totals });
    },
  };
  await corpus.revert();
  return corpus;
}

async function create(home: string, maker: Maker): Promise<void> {
  const making = `${home}.making`;
  for (const path of [home, making]) rmSync(path, { recursive: true, force: true });
  mkdirSync(join(making, 'tree'), { recursive: true });
  writeStamp(making, { version, state: 'base', totals: await maker.create(making) });
  renameSync(making, home);
}

function filesMaker(name: CorpusName, scale: number): Maker {
  const plan = filePlanOf(name, scale);
  return {
    create: (home) => writeTree(name, scale, join(home, 'tree')),
    change: async (home) => applyChanges(plan, join(home, 'tree')),
    revert: async (home) => revertChanges(plan, join(home, 'tree')),
  };
}

/** Keeps a second copy of both files: copying back is quicker than making them again. */
function largeMaker(scale: number): Maker {
  const names = ['shop.sqlite', 'orders.sql'];
  const run = (home: string, step: 'create' | 'change') =>
    Promise.all([
      runDatabaseWorker({ part: 'database', step, path: join(home, 'tree', 'shop.sqlite'), scale }),
      runDatabaseWorker({ part: 'dump', step, path: join(home, 'tree', 'orders.sql'), scale }),
    ]);
  return {
    async create(home) {
      await run(home, 'create');
      mkdirSync(join(home, 'base'));
      for (const name of names) copyFileSync(join(home, 'tree', name), join(home, 'base', name));
      const bytes = names.reduce((sum, name) => sum + statSync(join(home, 'base', name)).size, 0);
      return { files: names.length, bytes };
    },
    async change(home) {
      await run(home, 'change');
    },
    async revert(home) {
      rmSync(join(home, 'tree', 'shop.sqlite-journal'), { force: true });
      for (const name of names) copyFileSync(join(home, 'base', name), join(home, 'tree', name));
    },
  };
}

function runDatabaseWorker(task: object): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./corpora/database-worker.ts', import.meta.url), { workerData: task });
    worker.once('error', reject);
    worker.once('exit', () => resolve());
  });
}

function readStamp(home: string): Stamp | undefined {
  const path = join(home, 'corpus.json');
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Stamp) : undefined;
}

function writeStamp(home: string, stamp: Stamp): void {
  writeFileSync(join(home, 'corpus.json'), `${JSON.stringify(stamp)}\n`);
}
