import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { takeSnapshot } from '../../../../src/backup/sources/sqlite/take-snapshot.ts';
import { encodeText } from '../../../../src/shared/bytes.ts';
import { countCommitted, databaseFolder, fingerprintOf, writeDatabase } from './database-folder.ts';

describe('the online backup', () => {
  it('takes away the log that reading created', async () => {
    const { app, scratch } = databaseFolder();
    const source = join(app, 'app.db');
    await writeDatabase(source, 'WAL');
    const before = fingerprintOf(app);
    const job = { source: encodeText(source), target: join(scratch, 'copy'), busyMs: 1000, walGrowthBytes: 2 ** 20 };
    expect(await takeSnapshot(job, () => false)).toEqual({ kind: 'done' });
    expect(fingerprintOf(app)).toEqual(before);
    expect(countCommitted(job.target)).toBe(50);
  });

  it('stops when it is told to', async () => {
    const { app, scratch } = databaseFolder();
    const source = join(app, 'app.db');
    await writeDatabase(source, 'DELETE');
    const job = { source: encodeText(source), target: join(scratch, 'copy'), busyMs: 1000, walGrowthBytes: 2 ** 20 };
    expect(await takeSnapshot(job, () => true)).toEqual({ kind: 'stopped' });
  });
});
