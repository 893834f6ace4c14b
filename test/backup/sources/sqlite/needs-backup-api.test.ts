import { describe, expect, it } from 'vitest';
import { sqliteNeedsBackupApi } from '../../../../src/backup/sources/sqlite/needs-backup-api.ts';
import { isSqliteSidecar, sidecarsOf } from '../../../../src/backup/sources/sqlite/sidecars.ts';
import { encodeText } from '../../../../src/shared/bytes.ts';

const second = 1_000_000_000n;
const atRest = { walBytes: 0, journalBytes: 0, mtimeNs: 100n * second, nowNs: 102n * second };

describe('a database', () => {
  it('is copied byte for byte at rest', () => {
    expect(sqliteNeedsBackupApi(atRest)).toBe(false);
  });

  it.each([
    ['has a log', { walBytes: 32 }],
    ['has a journal', { journalBytes: 512 }],
    ['was just modified', { mtimeNs: 100n * second + 1n }],
    ['was modified in the future', { mtimeNs: 200n * second }],
  ])('goes through the backup where it %s', (_, facts) => {
    expect(sqliteNeedsBackupApi({ ...atRest, ...facts })).toBe(true);
  });

  it('has three sidecars', () => {
    const names = sidecarsOf(encodeText('app.db'));
    expect(names).toEqual(['app.db-wal', 'app.db-shm', 'app.db-journal']);
    expect(names.every(isSqliteSidecar)).toBe(true);
    expect(['app.db', '-wal', 'app.db-wal2'].map(encodeText).some(isSqliteSidecar)).toBe(false);
  });
});
