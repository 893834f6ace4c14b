import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { LocalStore } from '../../../../src/backup/stores/local.ts';
import { readProcessIdentity } from '../../../../src/shared/process-identity.ts';
import { type BackupPlace, backupPlace, eagerClock, settle } from '../../../helpers/backup-place.ts';
import { quickFolder } from '../../../helpers/quick-folder.ts';
import { SeededRandom, testSeed } from '../../../helpers/seeded-random.ts';
import { compareTrees } from '../../../helpers/tree/compare-trees.ts';
import { randomContent } from '../../../helpers/tree/random-content.ts';
import { isRoot } from '../../../helpers/tree/sample-tree.ts';

// Processes, threads and thousands of files take their time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const seed = testSeed();
const random = new SeededRandom(seed);

async function expectNothingLeft(place: BackupPlace, snapshots: number): Promise<void> {
  expect(await place.engine().list()).toHaveLength(snapshots);
  expect(await place.repository.store.list('sessions/')).toEqual([]);
}

function fill(place: BackupPlace): void {
  for (let i = 0; i < 300; i++) place.make.file(`folder ${i % 5}/file ${i}`, randomContent(random, 20_000));
  place.make.file('large', randomContent(random, 6_000_000));
}

describe(`a disk that is full, seed ${seed}`, () => {
  it('for a moment, at any write, ends the backup and never makes a torn pack', async () => {
    const place = backupPlace();
    fill(place);
    const { writeSync, openSync, closeSync } = fs;
    const failing = (at: number) => {
      let writes = 0;
      const writeOnce: typeof writeSync = ((fd: number, bytes: Uint8Array, offset: number, length: number) => {
        if (writes++ === at) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
        return writeSync(fd, bytes, offset, length);
      }) as typeof writeSync;
      return { openSync, closeSync, writeSync: writeOnce };
    };
    for (const at of [0, 1, 2, 3, 7, 12, 20, 30]) {
      const failed = place.backup({}, { files: failing(at) });
      await expect(failed, `write ${at}`).rejects.toMatchObject({ code: 'storage_full' });
      await expectNothingLeft(place, 0);
    }
    const { snapshot } = await place.backup();
    expect(compareTrees(place.tree(), await place.restoredTree(snapshot))).toEqual([]);
  });

  it.skipIf(!isRoot).each([0, 2])('leaves the repository usable, with %i threads', async (threads) => {
    const disk = fs.mkdtempSync('/tmp/holdfast-full-');
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'none', disk]);
    onTestFinished(() => {
      execFileSync('umount', [disk]);
      fs.rmdirSync(disk);
    });
    const store = () => new LocalStore(disk, { identity: readProcessIdentity() });
    const place = backupPlace({ store: store(), threads });
    place.make.file('kept', 'x');
    const { snapshot } = await place.backup();
    fill(place);
    await expect(place.backup()).rejects.toMatchObject({ code: 'storage_full' });
    expect(await place.engine().list()).toHaveLength(1);
    await place.restore(snapshot);
    fs.rmSync(place.path('large'));
    execFileSync('mount', ['-o', 'remount,size=40m', disk]);
    const next = await place.backup();
    expect(compareTrees(place.tree(), await place.restoredTree(next.snapshot))).toEqual([]);
  });
});

describe('an interruption', () => {
  it.each([0, 1, 2])('leaves no snapshot and no session, and the next backup works (%i threads)', async (threads) => {
    const place = backupPlace({ threads }, quickFolder());
    fill(place);
    for (const after of [0, 1, 100_000, 5_000_000]) {
      const stop = new AbortController();
      const context = {
        signal: stop.signal,
        onProgress: ({ bytes = 0 }) => {
          if (bytes >= after) stop.abort(new Error('stopped'));
        },
      };
      await expect(place.backup({}, { clock: eagerClock(), context })).rejects.toThrow('stopped');
      await expectNothingLeft(place, 0);
    }
    const { snapshot, warnings } = await place.backup();
    expect(warnings).toEqual([]);
    expect(compareTrees(place.tree(), await place.restoredTree(snapshot))).toEqual([]);
  });

  it('leaves no folder open', async () => {
    const place = backupPlace();
    place.make.file('a/b/c/file', 'x');
    fill(place);
    const open = () => fs.readdirSync('/proc/self/fd').length;
    const before = open();
    const stop = AbortSignal.abort(new Error('stopped'));
    await expect(place.backup({}, { context: { signal: stop } })).rejects.toThrow();
    const unopened = {
      meanwhile: () => {
        throw new Error('does not open');
      },
    };
    await expect(place.backup({}, unopened)).rejects.toThrow('does not open');
    await place.backup();
    expect(open()).toBe(before);
  });
});

describe('backups at the same time', () => {
  it('of different sources all restore', async () => {
    const place = backupPlace();
    const names = ['one', 'two', 'three', 'four'];
    for (const name of names) {
      for (let i = 0; i < 50; i++) place.make.file(`${name}/shared ${i}`, `the same ${i}`);
      place.make.file(`${name}/own`, randomContent(random, 400_000));
    }
    const taken = await Promise.all(
      names.map((name, i) => place.backup({ paths: [place.path(name)] }, { threads: i % 2 })),
    );
    for (const [i, name] of names.entries()) {
      const restored = await place.restore(taken[i]?.snapshot ?? '');
      const source = join(place.source, name);
      expect(execFileSync('diff', ['-r', source, restored]).toString()).toBe('');
    }
    // The test's repository has neither header nor keys nor configuration in its store.
    const { damaged } = await place.engine().verify({ depth: 'deep' });
    expect(damaged.filter(({ kind }) => !['header', 'key', 'config'].includes(kind))).toEqual([]);
  });
});

describe('very many files', () => {
  it('in one folder outgrow the first table of chunks', async () => {
    const place = backupPlace({ threads: 1 }, quickFolder());
    place.make.folder('many');
    const folder = place.path('many');
    for (let i = 0; i < 23_000; i++) fs.writeFileSync(`${folder}/${i}`, `content ${i}`);
    await settle(folder);
    const result = await place.backup();
    expect(result).toMatchObject({ files: { new: 23_000 }, warnings: [] });
    const next = await place.backup();
    expect(next.files).toEqual({ new: 0, changed: 0, unmodified: 23_000 });
    const restored = await place.restore(next.snapshot);
    for (let i = 0; i < 23_000; i += 501) expect(fs.readFileSync(`${restored}/many/${i}`, 'utf8')).toBe(`content ${i}`);
    expect(fs.readdirSync(`${restored}/many`)).toHaveLength(23_000);
  });
});
