import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type SnapshotOptions, snapshotDatabase } from '../../../../src/backup/sources/sqlite/snapshot-database.ts';
import { encodeText } from '../../../../src/shared/bytes.ts';
import { HoldfastError } from '../../../../src/shared/errors.ts';
import { countCommitted, databaseFolder, fingerprintOf, startWriter, writeDatabase } from './database-folder.ts';

const take = (path: string, scratchFolder: string, more: Partial<SnapshotOptions> = {}) =>
  snapshotDatabase({ path: encodeText(path), scratchFolder, ...more });

async function refusal(work: Promise<unknown>): Promise<HoldfastError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(HoldfastError);
  return error as HoldfastError;
}

const isRoot = process.getuid?.() === 0;

describe('a snapshot of a database', () => {
  it.each(['WAL', 'DELETE'])('is a committed state while a writer hammers it (%s)', async (mode) => {
    const { app, scratch } = databaseFolder();
    const path = join(app, 'app.db');
    const writer = await startWriter(path, mode, 'hammer');
    const counts: number[] = [];
    for (let round = 0; round < 3; round++) {
      const copy = await take(path, scratch);
      expect(readdirSync(join(copy.path, '..'))).toEqual(['copy']);
      expect(readFileSync(copy.path)).toHaveLength(copy.sizeBytes);
      counts.push(countCommitted(copy.path));
      await copy.remove();
    }
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(counts.at(-1)).toBeGreaterThan(counts[0] as number);
    expect(writer.exitCode).toBeNull();
    expect(readdirSync(scratch)).toEqual([]);
  });

  it.each(['WAL', 'DELETE'])('leaves a database at rest as it is, byte for byte (%s)', async (mode) => {
    const { app, scratch } = databaseFolder();
    const path = join(app, 'ä \xff.db');
    await writeDatabase(path, mode);
    const before = fingerprintOf(app);
    expect(before).toHaveLength(1);
    const copy = await take(path, scratch);
    expect(countCommitted(copy.path)).toBe(50);
    expect(fingerprintOf(app)).toEqual(before);
  });

  it('leaves an open database as it is, byte for byte', async () => {
    const { app, scratch } = databaseFolder();
    const path = join(app, 'app.db');
    await startWriter(path, 'WAL', 'idle');
    const before = fingerprintOf(app);
    expect(before).toHaveLength(3);
    const copy = await take(path, scratch);
    expect(countCommitted(copy.path)).toBe(50);
    expect(fingerprintOf(app)).toEqual(before);
  });

  it('finds the database through an open folder', async () => {
    const { app, scratch } = databaseFolder();
    await startWriter(join(app, 'app.db'), 'WAL', 'idle');
    const folder = openSync(app, 'r');
    const copy = await take(`/proc/self/fd/${folder}/app.db`, scratch).finally(() => closeSync(folder));
    expect(countCommitted(copy.path)).toBe(50);
  });

  it('finds a database whose path is longer than SQLite takes', async () => {
    const { app, scratch } = databaseFolder();
    const deep = join(app, ...Array.from({ length: 4 }, () => 'd'.repeat(200)));
    mkdirSync(deep, { recursive: true });
    await writeDatabase(join(app, 'app.db'), 'DELETE');
    copyFileSync(join(app, 'app.db'), join(deep, 'app.db'));
    expect(countCommitted((await take(join(deep, 'app.db'), scratch)).path)).toBe(50);
  });

  it.runIf(isRoot)('opens alone, with and without the right to write beside it', async () => {
    const { app, scratch } = databaseFolder();
    const path = join(app, 'app.db');
    await startWriter(path, 'WAL', 'idle');
    const copy = await take(path, scratch);
    expect([...readFileSync(copy.path).subarray(18, 20)]).toEqual([1, 1]);
    const place = join(app, 'restored');
    mkdirSync(place);
    copyFileSync(copy.path, join(place, 'app.db'));
    const writer = new DatabaseSync(join(place, 'app.db'));
    writer.exec("UPDATE account SET amount = amount WHERE name = 'a'");
    writer.close();
    chmodSync(join(app, '..'), 0o755);
    chmodSync(place, 0o555);
    chmodSync(join(place, 'app.db'), 0o444);
    const script = `const {DatabaseSync}=require('node:sqlite');
      const d=new DatabaseSync(process.argv[1],{readOnly:true});console.log(d.prepare('SELECT count(*) c FROM log').get().c)`;
    const output = execFileSync(
      'setpriv',
      ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, '-e', script, join(place, 'app.db')],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
    expect(output.trim()).toBe('50');
  });
});

describe('a database that a crash left behind', () => {
  it.each(['WAL', 'DELETE', 'TRUNCATE'])('is taken as it was committed last (%s)', async (mode) => {
    const { app, scratch } = databaseFolder();
    const path = join(app, 'app.db');
    await writeDatabase(path, mode, 'crash');
    const before = fingerprintOf(app);
    expect(before.map((line) => line.split(' ')[0])).toEqual(
      mode === 'WAL' ? ['app.db', 'app.db-shm', 'app.db-wal'] : ['app.db', 'app.db-journal'],
    );
    const copy = await take(path, scratch);
    expect(countCommitted(copy.path)).toBe(50);
    expect(readdirSync(join(copy.path, '..'))).toEqual(['copy']);
    expect(fingerprintOf(app)).toEqual(before);
  });

  it('is taken with its log where the index of the log is gone', async () => {
    const { app, scratch } = databaseFolder();
    const path = join(app, 'app.db');
    await writeDatabase(path, 'WAL', 'crash');
    rmSync(`${path}-shm`);
    const before = fingerprintOf(app);
    expect(countCommitted((await take(path, scratch)).path)).toBe(50);
    expect(fingerprintOf(app)).toEqual(before);
  });
});

describe('a database that cannot be taken', () => {
  it('is refused as damaged when its pages are', async () => {
    const { app, scratch } = databaseFolder();
    const path = join(app, 'app.db');
    await writeDatabase(path, 'DELETE');
    const bytes = readFileSync(path);
    bytes.fill(0xee, 3 * 4096, 5 * 4096);
    writeFileSync(path, bytes);
    const error = await refusal(take(path, scratch));
    expect([error.code, error.retryable]).toEqual(['damaged', false]);
    expect(error.message).toMatch(/^The SQLite database 'app.db' is damaged: /);
    expect(readdirSync(scratch)).toEqual([]);
  });

  it.each([
    ['text that only begins like one', Buffer.from(`SQLite format 3\0${'x'.repeat(5000)}`)],
    ['something else', Buffer.alloc(8192, 7)],
  ])('is refused as damaged when it is %s', async (_, content) => {
    const { app, scratch } = databaseFolder();
    writeFileSync(join(app, 'app.db'), content);
    expect((await refusal(take(join(app, 'app.db'), scratch))).code).toBe('damaged');
    expect(readdirSync(app)).toEqual(['app.db']);
  });

  it('is refused after a bounded wait while another has it to itself', async () => {
    const { app, scratch } = databaseFolder();
    const path = join(app, 'app.db');
    await startWriter(path, 'DELETE', 'exclusive');
    const limits = { busyMs: 300, walGrowthBytes: 2 ** 20 };
    const start = performance.now();
    const error = await refusal(take(path, scratch, { limits }));
    expect(performance.now() - start).toBeLessThan(3000);
    expect([error.code, error.retryable]).toEqual(['locked', true]);
    expect(error.message).toBe("The SQLite database 'app.db' is locked by another program.");
    expect(error.advice).toContain('locking_mode');
  });

  it('is refused when its log grows without end', async () => {
    const { app, scratch } = databaseFolder();
    const path = join(app, 'app.db');
    const filler = new DatabaseSync(path);
    filler.exec('CREATE TABLE big (x); BEGIN');
    const insert = filler.prepare('INSERT INTO big VALUES (zeroblob(1000000))');
    for (let i = 0; i < 100; i++) insert.run();
    filler.exec('COMMIT');
    filler.close();
    await startWriter(path, 'WAL', 'hammer');
    const error = await refusal(take(path, scratch, { limits: { busyMs: 1000, walGrowthBytes: 0 } }));
    expect(error.code).toBe('locked');
    expect(error.message).toMatch(/its log grew by \d+ MiB during the copy/);
    expect(readdirSync(scratch)).toEqual([]);
    // With room to grow the copy ends in one go, however often the writer commits meanwhile.
    expect(countCommitted((await take(path, scratch)).path)).toBeGreaterThan(50);
  });

  it('is reported as gone, or as stopped', async () => {
    const { app, scratch } = databaseFolder();
    const path = join(app, 'app.db');
    expect((await refusal(take(path, scratch))).code).toBe('not_found');
    await startWriter(path, 'DELETE', 'exclusive');
    expect((await refusal(take(path, scratch, { signal: AbortSignal.abort() }))).code).toBe('interrupted');
    const abort = new AbortController();
    const taking = refusal(take(path, scratch, { signal: abort.signal }));
    await delay(200);
    abort.abort();
    expect((await taking).code).toBe('interrupted');
    expect(readdirSync(scratch)).toEqual([]);
  });

  it('is not called damaged for what only its application knows', async () => {
    const { app, scratch } = databaseFolder();
    const path = join(app, 'app.db');
    const database = new DatabaseSync(path, { defensive: false });
    database.exec('CREATE TABLE t (a TEXT CHECK (a <> 1), b); CREATE INDEX i ON t (b)');
    database.exec('PRAGMA ignore_check_constraints = ON; INSERT INTO t VALUES (1, 2)');
    database.exec('PRAGMA writable_schema = ON');
    database.exec(`UPDATE sqlite_master SET sql = 'CREATE INDEX i ON t (b COLLATE theirs)' WHERE name = 'i'`);
    database.exec(
      `INSERT INTO sqlite_master VALUES ('table', 'v', 'v', 0, 'CREATE VIRTUAL TABLE v USING their_module(x)')`,
    );
    database.close();
    const copy = await take(path, scratch);
    expect(copy.sizeBytes).toBeGreaterThan(0);
  });
});
