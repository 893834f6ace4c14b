import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { BackupResult } from '../../../../src/backup/types.ts';
import { type BackupPlace, backupPlace, eagerClock, settle } from '../../../helpers/backup-place.ts';
import { compareTrees } from '../../../helpers/tree/compare-trees.ts';

/** Walked before the change, read after it. */
async function changedMeanwhile(place: BackupPlace, change: () => void): Promise<BackupResult> {
  await settle(place.source);
  return place.backup({}, { meanwhile: change });
}

describe('a file that is no longer what the walk saw', () => {
  it.each([10, 300_000])('is left out with a warning where it vanished (%i bytes)', async (size) => {
    const place = backupPlace();
    place.make.file('gone', Buffer.alloc(size));
    place.make.file('kept', 'kept');
    const result = await changedMeanwhile(place, () => fs.rmSync(place.path('gone')));
    expect(result).toMatchObject({ files: { new: 1 }, bytes: 4, unreadable: 0 });
    expect(result.warnings).toEqual([expect.stringContaining('gone vanished')]);
    expect(await place.paths(result.snapshot)).toEqual(['kept']);
  });

  it.each([10, 300_000])('is taken as it is now where it grew (%i bytes)', async (size) => {
    const place = backupPlace();
    place.make.file('grows', Buffer.alloc(size, 'a'));
    const result = await changedMeanwhile(place, () => fs.appendFileSync(place.path('grows'), 'more'));
    expect(result).toMatchObject({ bytes: size + 4, unreadable: 0 });
    expect(compareTrees(place.tree(), await place.restoredTree(result.snapshot))).toEqual([]);
  });

  it.each([10, 300_000])('is taken as it is now where it shrank (%i bytes)', async (size) => {
    const place = backupPlace();
    place.make.file('shrinks', Buffer.alloc(size, 'a'));
    const result = await changedMeanwhile(place, () => fs.truncateSync(place.path('shrinks'), 3));
    expect(result).toMatchObject({ bytes: 3, unreadable: 0 });
    expect(compareTrees(place.tree(), await place.restoredTree(result.snapshot))).toEqual([]);
  });

  it.each([40_960, 400_000])('is taken as it is now where it was sparse and shrank (%i bytes)', async (size) => {
    const place = backupPlace();
    place.make.sparse('shrinks', size, [{ offset: size - 4096, content: Buffer.alloc(4096, 'a') }]);
    place.make.write('shrinks', 0, Buffer.alloc(4096, 'b'));
    const result = await changedMeanwhile(place, () => fs.truncateSync(place.path('shrinks'), 5000));
    expect(result.unreadable).toBe(0);
    const [expected, actual] = [place.tree(), await place.restoredTree(result.snapshot)];
    expect(actual.get('shrinks')?.content).toBe(expected.get('shrinks')?.content);
  });

  it.each([
    ['a link', (path: string) => fs.symlinkSync('/etc/passwd', path)],
    ['a folder', (path: string) => fs.mkdirSync(path)],
  ])('counts as unreadable where it became %s', async (_, replace) => {
    const place = backupPlace();
    place.make.file('replaced', 'content');
    const result = await changedMeanwhile(place, () => {
      fs.rmSync(place.path('replaced'));
      replace(place.path('replaced'));
    });
    expect(result).toMatchObject({ unreadable: 1, files: { new: 0 } });
    expect(await place.paths(result.snapshot)).toEqual([]);
  });

  it('is told of when it changes while it is being read, and is read again next time', async () => {
    const place = backupPlace();
    place.make.file('log', Buffer.alloc(5_000_000, 'a'));
    await settle(place.source);
    let changes = 0;
    const onProgress = ({ bytes = 0 }) => {
      if (bytes > 0 && changes++ === 0) place.make.write('log', 0, Buffer.from('changed'));
    };
    const result = await place.backup({}, { clock: eagerClock(), context: { onProgress } });
    expect(result.warnings).toEqual([expect.stringContaining('log changed while it was being read')]);
    const next = await place.backup();
    expect(next.files.changed).toBe(1);
    expect(compareTrees(place.tree(), await place.restoredTree(next.snapshot))).toEqual([]);
  });

  it('does not stop the rest when the largest of all shrinks to nothing while it is being read', async () => {
    const place = backupPlace();
    place.make.file('a', Buffer.alloc(6_000_000, 'a'));
    place.make.file('b', Buffer.alloc(600_000, 'b'));
    const onProgress = ({ bytes = 0 }) => {
      if (bytes > 0) fs.truncateSync(place.path('a'), 0);
    };
    const { snapshot } = await place.backup({}, { clock: eagerClock(), context: { onProgress } });
    const restored = await place.restoredTree(snapshot);
    expect(restored.get('b')).toMatchObject({ size: 600_000 });
    expect(restored.get('b')?.content).toBe(place.tree().get('b')?.content);
  });
});

describe('a hard-link group', () => {
  it.each([10, 300_000])('is kept by those who are left when its first member vanishes (%i bytes)', async (size) => {
    const place = backupPlace();
    place.make.file('a', Buffer.alloc(size, 'a'));
    for (const name of ['b', 'c', 'd']) place.make.link('a', name);
    const result = await changedMeanwhile(place, () => fs.rmSync(place.path('a')));
    expect(result).toMatchObject({ files: { new: 3 }, unreadable: 0, bytes: 3 * size });
    const restored = await place.restoredTree(result.snapshot);
    expect([...restored].map(([path, { sameAs }]) => `${path} ${sameAs}`)).toEqual([' ', 'b b', 'c b', 'd b']);
    expect(compareTrees(place.tree(), restored).filter((difference) => !difference.startsWith('""'))).toEqual([]);
  });

  it('vanishes as a whole without harm', async () => {
    const place = backupPlace();
    place.make.file('a', 'content');
    place.make.link('a', 'b');
    place.make.file('c', 'c');
    const result = await changedMeanwhile(place, () => {
      for (const name of ['a', 'b']) fs.rmSync(place.path(name));
    });
    expect(result).toMatchObject({ files: { new: 1 }, warnings: [expect.anything(), expect.anything()] });
  });
});

describe('a folder that is no longer what the walk saw', () => {
  it('is never followed where it became a link', async () => {
    const place = backupPlace();
    place.make.file('folder/secret', 'mine');
    fs.mkdirSync(`${place.root}/outside`);
    fs.writeFileSync(`${place.root}/outside/secret`, 'not to be backed up');
    const result = await changedMeanwhile(place, () => {
      fs.rmSync(place.path('folder'), { recursive: true });
      fs.symlinkSync('../outside', place.path('folder'));
    });
    expect(await place.paths(result.snapshot)).toEqual(['folder']);
    expect(result.warnings).toEqual([expect.stringContaining('folder/secret')]);
  });

  it('leaves a snapshot that can be read where it was renamed with everything in it', async () => {
    const place = backupPlace();
    for (let i = 0; i < 10; i++) place.make.file(`folder/inner/file ${i}`, 'x');
    place.make.symlink('folder/link', 'x');
    const result = await changedMeanwhile(place, () => fs.renameSync(place.path('folder'), place.path('other')));
    expect(result.unreadable).toBe(0);
    const paths = await place.paths(result.snapshot);
    expect(paths.slice(0, 1)).toEqual(['folder']);
    await place.restore(result.snapshot);
  });
});
