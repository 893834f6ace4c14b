import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeFileSystem } from '../../../src/backup/stores/file-system.ts';
import { LocalSpool } from '../../../src/backup/stores/local-spool.ts';
import { type ProcessIdentity, readProcessIdentity } from '../../../src/shared/process-identity.ts';

const self = readProcessIdentity();
const elsewhere = { ...self, boot: 'another boot' };
const HOUR = 3_600_000;

describe('the spool of a local store', () => {
  let tmp: string;

  beforeEach(async () => {
    tmp = join(await mkdtemp(join(tmpdir(), 'holdfast-spool-')), 'tmp');
  });

  afterEach(() => rm(join(tmp, '..'), { recursive: true }));

  function spoolOf(identity: ProcessIdentity): LocalSpool {
    return new LocalSpool(nodeFileSystem, tmp, identity);
  }

  async function leaveBehind(identity: ProcessIdentity): Promise<string> {
    const folder = await spoolOf(identity).open();
    writeFileSync(join(folder, 'pack'), 'unfinished');
    return folder;
  }

  function deadProcess(): ProcessIdentity {
    const pid = Number(execFileSync('sh', ['-c', 'echo $$'], { encoding: 'utf8' }));
    return { ...self, pid, pidStart: 1 };
  }

  it('removes what a dead process left', async () => {
    const left = await leaveBehind(deadProcess());
    await spoolOf(self).open();
    expect(existsSync(left)).toBe(false);
  });

  it('removes what a process left whose number was given to another', async () => {
    const left = await leaveBehind({ ...self, pidStart: self.pidStart + 1 });
    await spoolOf(self).open();
    expect(existsSync(left)).toBe(false);
  });

  it('leaves alone what a live process has, itself included', async () => {
    const mine = await leaveBehind(self);
    const other = await spoolOf(self).open();
    expect(other).not.toBe(mine);
    expect(readdirSync(mine)).toEqual(['pack']);
  });

  it('leaves alone what belongs to a process that it cannot look up, for a day', async () => {
    const young = await leaveBehind(elsewhere);
    const old = await leaveBehind(elsewhere);
    age(young, 23 * HOUR);
    age(old, 25 * HOUR);
    await spoolOf(self).open();
    expect([existsSync(young), existsSync(old)]).toEqual([true, false]);
  });

  it('leaves alone what it does not know', async () => {
    mkdirSync(join(tmp, 'somebody'), { recursive: true });
    writeFileSync(join(tmp, 'reserve'), '');
    await spoolOf(self).open();
    expect(readdirSync(tmp)).toEqual(expect.arrayContaining(['reserve', 'somebody']));
  });

  it('removes its own folder at the end', async () => {
    const spool = spoolOf(self);
    const folder = await spool.open();
    writeFileSync(join(folder, 'pack'), 'unfinished');
    await spool.close();
    expect(readdirSync(tmp)).toEqual([]);
  });

  it('says in the name of its folder who owns it', async () => {
    expect(basename(await spoolOf(self).open())).toMatch(new RegExp(`^[0-9a-f]{16}-${self.pid}-${self.pidStart}-0$`));
  });
});

function age(folder: string, ms: number): void {
  const then = new Date(Date.now() - ms);
  utimesSync(folder, then, then);
}
