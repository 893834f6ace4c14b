import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type BackupPlace, backupPlace, settle } from '../../../helpers/backup-place.ts';
import { scriptEnvironment } from '../../../helpers/compile-cache.ts';

// Processes, threads and thousands of files take their time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const WRITER = fileURLToPath(new URL('../../sources/sqlite/writer.ts', import.meta.url));

/** A process that writes without a pause until the test ends. */
async function startWriter(place: BackupPlace, mode: string): Promise<void> {
  const writer = spawn(process.execPath, [WRITER, place.path('app.db'), mode], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: scriptEnvironment(),
  });
  onTestFinished(async () => {
    writer.kill('SIGKILL');
    if (writer.exitCode === null && writer.signalCode === null) await once(writer, 'close');
  });
  await once(writer.stdout, 'data');
}

/** A database of about a megabyte that nobody has open. */
function makeDatabase(place: BackupPlace, rows: number, mode = 'DELETE'): void {
  const database = new DatabaseSync(place.path('app.db'));
  database.exec(`PRAGMA journal_mode = ${mode}; CREATE TABLE ballast (filler BLOB)`);
  const insert = database.prepare('INSERT INTO ballast VALUES (randomblob(1000))');
  database.exec('BEGIN');
  for (let i = 0; i < rows; i++) insert.run();
  database.exec('COMMIT');
  database.close();
}

/** It passes SQLite's own check, and no transaction is half there. */
function expectCommitted(path: string): void {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    const { total } = database.prepare('SELECT sum(amount) AS total FROM account').get() as { total: number };
    const { moved } = database.prepare('SELECT sum(moved) AS moved FROM log').get() as { moved: number };
    const { amount } = database.prepare("SELECT amount FROM account WHERE name = 'b'").get() as { amount: number };
    expect({ total, amount }).toEqual({ total: 2000, amount: 1000 + moved });
  } finally {
    database.close();
  }
}

describe('a database in a folder', () => {
  it.each([
    { mode: 'WAL', rows: 0, threads: 0 },
    { mode: 'WAL', rows: 1000, threads: 1 },
    { mode: 'DELETE', rows: 0, threads: 1 },
    { mode: 'DELETE', rows: 1000, threads: 0 },
    { mode: 'PERSIST', rows: 1000, threads: 1 },
  ])(
    'in use ($mode, $rows rows more) comes back as committed, without its side files',
    async ({ mode, rows, threads }) => {
      const place = backupPlace({ threads });
      if (rows > 0) makeDatabase(place, rows);
      place.make.file('other', 'x');
      await startWriter(place, mode);
      for (let round = 0; round < 2; round++) {
        const { snapshot, unreadable } = await place.backup();
        expect(unreadable).toBe(0);
        expect(await place.paths(snapshot)).toEqual(['app.db', 'other']);
        expectCommitted(join(await place.restore(snapshot), 'app.db'));
      }
    },
  );

  it.each([
    { mode: 'DELETE', rows: 10 },
    { mode: 'DELETE', rows: 1000 },
    { mode: 'WAL', rows: 1000 },
  ])('at rest ($mode, $rows rows) comes back byte by byte, and is taken over next time', async ({ mode, rows }) => {
    const place = backupPlace();
    makeDatabase(place, rows, mode);
    utimesSync(place.path('app.db'), 1e9, 1e9 + 0.5);
    await settle(place.path('app.db'));
    const { snapshot } = await place.backup();
    const restored = readFileSync(join(await place.restore(snapshot), 'app.db'));
    expect(restored.equals(readFileSync(place.path('app.db')))).toBe(true);
    expect(await place.backup()).toMatchObject({ files: { unmodified: 1 }, bytesRead: 0 });
  });

  it('that comes into use after the walk is noticed', async () => {
    const place = backupPlace();
    makeDatabase(place, 1000);
    utimesSync(place.path('app.db'), 1e9, 1e9);
    const change = () => {
      const database = new DatabaseSync(place.path('app.db'));
      database.exec('PRAGMA journal_mode = WAL; CREATE TABLE late (x); INSERT INTO late VALUES (1)');
      onTestFinished(() => database.close());
    };
    const { snapshot } = await place.backup({}, { meanwhile: change });
    const database = new DatabaseSync(join(await place.restore(snapshot), 'app.db'), { readOnly: true });
    expect(database.prepare('SELECT x FROM late').get()).toEqual({ x: 1 });
    database.close();
  });

  it('that is damaged is stored as it was found, with a warning', async () => {
    const place = backupPlace();
    const broken = Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(400_000, 'x')]);
    writeFileSync(place.path('app.db'), broken);
    const result = await place.backup();
    expect(result.warnings.join()).toContain('byte by byte');
    expect(readFileSync(join(await place.restore(result.snapshot), 'app.db')).equals(broken)).toBe(true);
  });

  it('covers files alone: a folder, or the files of something else, are not its own', async () => {
    const place = backupPlace();
    makeDatabase(place, 10);
    utimesSync(place.path('app.db'), 1e9, 1e9);
    place.make.file('app.db-wal/inside', 'x');
    place.make.file('text', 'no database');
    place.make.file('text-wal', 'kept');
    place.make.file('text-journal', 'kept');
    const { snapshot } = await place.backup();
    expect(await place.paths(snapshot)).toEqual([
      'app.db',
      'app.db-wal',
      'app.db-wal/inside',
      'text',
      'text-journal',
      'text-wal',
    ]);
  });
});
