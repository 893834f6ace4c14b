import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { copyWhileStill } from '../../../../src/backup/sources/sqlite/still-copy.ts';
import { encodeText } from '../../../../src/shared/bytes.ts';
import { databaseFolder } from './database-folder.ts';

describe('a copy of files that stand still', () => {
  it('can be written to, whatever the files allow', async () => {
    const { app, scratch } = databaseFolder();
    for (const suffix of ['', '-wal', '-journal']) {
      writeFileSync(join(app, `a${suffix}`), `content${suffix}`);
      chmodSync(join(app, `a${suffix}`), 0o444);
    }
    expect(await copyWhileStill(encodeText(join(app, 'a')), join(scratch, 'copy'))).toBe(true);
    for (const suffix of ['', '-wal', '-journal']) {
      const copy = join(scratch, `copy${suffix}`);
      expect([readFileSync(copy, 'utf8'), statSync(copy).mode & 0o777]).toEqual([`content${suffix}`, 0o600]);
    }
  });

  it('is not made while one of them is written to', async () => {
    const { app, scratch } = databaseFolder();
    writeFileSync(join(app, 'a'), 'database');
    let number = 0;
    const writing = setInterval(() => writeFileSync(join(app, 'a-wal'), `log ${number++}`), 5);
    const copied = await copyWhileStill(encodeText(join(app, 'a')), join(scratch, 'copy'));
    clearInterval(writing);
    expect(copied).toBe(false);
  });
});
