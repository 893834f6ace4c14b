import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { onTestFinished } from 'vitest';
import { scriptEnvironment } from '../../../helpers/compile-cache.ts';

export type WriterTask = 'hammer' | 'close' | 'crash' | 'idle' | 'exclusive';

/** A folder with `app/` for databases and `scratch/`, removed after the test. */
export function databaseFolder(): { app: string; scratch: string } {
  const root = mkdtempSync(join(tmpdir(), 'holdfast-sqlite-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const folder = { app: join(root, 'app'), scratch: join(root, 'scratch') };
  mkdirSync(folder.app);
  mkdirSync(folder.scratch);
  return folder;
}

/** Starts the writer on a database; resolves when its first transactions are committed. It is killed after the test. */
export async function startWriter(path: string, mode: string, task: WriterTask): Promise<ChildProcess> {
  const script = join(import.meta.dirname, 'writer.ts');
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, path, mode, task], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: scriptEnvironment(),
  });
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await once(child, 'exit');
  });
  await once(child.stdout, 'data');
  return child;
}

/** Runs the writer to its end. */
export async function writeDatabase(path: string, mode: string, task: 'close' | 'crash' = 'close'): Promise<void> {
  const child = await startWriter(path, mode, task);
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

/** Name, size, times and hash of everything in a folder but the contents of `-shm`, which readers share. */
export function fingerprintOf(folder: string): string[] {
  return readdirSync(folder)
    .toSorted()
    .map((name) => {
      const { size, mtimeNs, ino } = statSync(join(folder, name), { bigint: true });
      if (name.endsWith('-shm')) return name;
      const hash = createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex');
      return `${name} ${ino} ${size} ${mtimeNs} ${hash}`;
    });
}

/** Transactions in a copy, after checking that it is sound and in a state between two transactions. */
export function countCommitted(path: string): number {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const integrity = database.prepare('PRAGMA integrity_check').get();
    if (integrity?.integrity_check !== 'ok') throw new Error(`not sound: ${integrity?.integrity_check}`);
    const amounts = database.prepare('SELECT amount FROM account ORDER BY name').all();
    const [a, b] = amounts.map((row) => Number(row.amount));
    const log = database.prepare('SELECT count(*) AS count, max(number) AS last, sum(moved) AS moved FROM log').get();
    if (a !== 1000 - Number(log?.moved) || b !== 1000 + Number(log?.moved) || log?.count !== log?.last) {
      throw new Error(`no committed state: a ${a}, b ${b}, ${JSON.stringify(log)}`);
    }
    return Number(log?.count);
  } finally {
    database.close();
  }
}
