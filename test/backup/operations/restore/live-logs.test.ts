import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import type { RestoreRequest } from '../../../../src/backup/types.ts';
import { backupPlace } from '../../../helpers/backup-place.ts';
import { countCommitted, startWriter, writeDatabase } from '../../sources/sqlite/database-folder.ts';

/** Fifty transactions at a time: see the writer. */
const TIMES = 50;

function world(posix: 'auto' | 'off') {
  const place = backupPlace({ posix });
  const engine = place.engine();
  const restore = (request: Partial<RestoreRequest> = {}) =>
    engine.restore({ snapshot: 'latest', inPlace: true, apply: true, ...request });
  return { place, engine, restore, database: place.path('app.db') };
}

describe.each(['auto', 'off'] as const)('a database that was left with its log, restored (%s)', (posix) => {
  it.each([
    { mode: 'WAL', what: 'all' },
    { mode: 'WAL', what: 'the database alone', paths: ['app.db'] },
    { mode: 'DELETE', what: 'all' },
    { mode: 'DELETE', what: 'the database alone', paths: ['app.db'] },
  ])('is as it was backed up, and so is its undo ($mode, $what)', async ({ mode, paths }) => {
    const { place, engine, restore, database } = world(posix);
    await writeDatabase(database, mode);
    writeFileSync(place.path('settings.json'), 'first');
    const first = await engine.backup({ paths: [place.source], source: 'app' });
    await writeDatabase(database, mode, 'crash');
    writeFileSync(place.path('settings.json'), 'second');
    const selection = paths === undefined ? {} : { paths };
    const { safetySnapshot, deleted } = await restore({ snapshot: first.snapshot, ...selection });
    expect(deleted.files).toBeGreaterThan(0);
    expect(readdirSync(place.source).sort()).toEqual(['app.db', 'settings.json']);
    expect(readFileSync(place.path('settings.json'), 'utf8')).toBe(paths === undefined ? 'first' : 'second');
    expect(countCommitted(database)).toBe(TIMES);
    await restore({ snapshot: safetySnapshot ?? '', delete: true });
    expect(countCommitted(database)).toBe(2 * TIMES);
  });

  it('is as it was also where only the log had changed', async () => {
    const { place, engine, restore, database } = world(posix);
    const open = new DatabaseSync(database);
    open.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (1)');
    await engine.backup({ paths: [place.source], source: 'app' });
    open.exec('INSERT INTO t VALUES (2)');
    const count = (): unknown => {
      const read = new DatabaseSync(database, { readOnly: true });
      const [row] = read.prepare('SELECT count(*) AS count FROM t').all();
      read.close();
      return row?.count;
    };
    const { safetySnapshot } = await restore();
    expect(count()).toBe(1);
    await restore({ snapshot: safetySnapshot ?? '', delete: true });
    expect(count()).toBe(2);
    open.close();
  });

  it('is as it was where its file had been deleted and the log had not', async () => {
    const { place, engine, restore, database } = world(posix);
    await writeDatabase(database, 'WAL');
    await engine.backup({ paths: [place.source], source: 'app' });
    await writeDatabase(database, 'WAL', 'crash');
    rmSync(database);
    await restore();
    expect(existsSync(`${database}-wal`)).toBe(false);
    expect(countCommitted(database)).toBe(TIMES);
  });

  it('leaves alone what only has such a name', async () => {
    const { place, engine, restore, database } = world(posix);
    await writeDatabase(database, 'DELETE');
    await engine.backup({ paths: [place.source], source: 'app' });
    place.make.file('app.db-wal', 'notes about the wall');
    place.make.file('app.db-journal/day', 'a journal');
    await restore();
    expect(readdirSync(place.source).sort()).toEqual(['app.db', 'app.db-journal', 'app.db-wal']);
  });

  it('is refused where the database is all that is backed up, before anything is changed', async () => {
    const { engine, restore, database } = world(posix);
    await writeDatabase(database, 'WAL');
    await engine.backup({ paths: [database], source: 'app' });
    const writer = await startWriter(database, 'WAL', 'idle');
    await expect(restore({ apply: false })).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('app.db-wal'),
    });
    await expect(restore()).rejects.toMatchObject({ code: 'refused' });
    writer.kill('SIGKILL');
    expect(countCommitted(database)).toBe(2 * TIMES);
  });
});
