import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A folder that one bench has for itself, because corpora are changed in place. */
export interface WorkFolder {
  readonly corpora: string;
  /** Repositories and restored trees of this process. */
  readonly runs: string;
  /** Deletes `runs` unless told to keep it, and lets the next bench in. */
  leave(keepRuns: boolean): void;
}

/** Takes the folder. Throws an Error when another bench that is still running has it. */
export function takeWorkFolder(path: string): WorkFolder {
  mkdirSync(path, { recursive: true });
  const lock = join(path, 'bench.pid');
  const holder = holderOf(lock);
  if (holder !== undefined) {
    throw new Error(`${path} is in use by another bench, process ${holder}: wait for it, or give another --work.`);
  }
  rmSync(lock, { force: true });
  writeFileSync(lock, String(process.pid), { flag: 'wx' });
  const runs = join(path, `runs-${process.pid}`);
  return {
    corpora: join(path, 'corpora'),
    runs,
    leave(keepRuns) {
      if (!keepRuns) rmSync(runs, { recursive: true, force: true });
      rmSync(lock, { force: true });
    },
  };
}

function holderOf(lock: string): number | undefined {
  try {
    const pid = Number(readFileSync(lock, 'utf8'));
    process.kill(pid, 0);
    return pid;
  } catch {
    return undefined;
  }
}
