import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import type { BackupRequest } from '../../../../src/backup/types.ts';
import { type BackupPlace, backupPlace } from '../../../helpers/backup-place.ts';
import { compareTrees } from '../../../helpers/tree/compare-trees.ts';
import { isRoot } from '../../../helpers/tree/sample-tree.ts';

// Processes, threads and thousands of files take their time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

async function pathsOf(place: BackupPlace, request: Partial<BackupRequest> = {}): Promise<string[]> {
  return place.paths((await place.backup(request)).snapshot);
}

describe('several paths', () => {
  it('stand below their base names, in order', async () => {
    const place = backupPlace();
    for (const path of ['b/one', 'a/two', 'a-b/three']) place.make.file(path, path);
    place.make.file('file', 'alone');
    const paths = ['file', 'b', 'a-b', 'a'].map((name) => place.path(name));
    expect(await pathsOf(place, { paths })).toEqual(['a', 'a/two', 'a-b', 'a-b/three', 'b', 'b/one', 'file']);
  });

  it('may lie within one another', async () => {
    const place = backupPlace();
    place.make.file('outer/inner/file', 'x');
    const paths = [place.path('outer'), place.path('outer', 'inner')];
    expect(await pathsOf(place, { paths })).toEqual([
      'inner',
      'inner/file',
      'outer',
      'outer/inner',
      'outer/inner/file',
    ]);
  });

  it('keep hard links across them', async () => {
    const place = backupPlace();
    place.make.file('a/file', 'shared');
    place.make.link('a/file', 'b/file');
    const { snapshot } = await place.backup({ paths: [place.path('a'), place.path('b')] });
    expect((await place.restoredTree(snapshot)).get('b/file')?.sameAs).toBe('a/file');
  });

  it('are refused where they have the same base name', async () => {
    const place = backupPlace();
    place.make.file('a/same/x', '');
    place.make.file('b/same/x', '');
    const paths = [place.path('a', 'same'), place.path('b', 'same')];
    await expect(place.backup({ paths })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('same base name'),
      advice: expect.stringContaining('--source'),
    });
  });
});

describe('one path', () => {
  it('may be a file, which stands at the root by its name', async () => {
    const place = backupPlace();
    place.make.file('file', 'alone', { mode: 0o640 });
    const { snapshot } = await place.backup({ paths: [place.path('file')] });
    expect((await place.restoredTree(snapshot)).get('file')).toEqual(place.tree().get('file'));
  });

  it('may lead through a link, and be relative', async () => {
    const place = backupPlace();
    place.make.file('real/folder/file', 'x');
    place.make.symlink('link', 'real');
    expect(await pathsOf(place, { paths: [place.path('link', 'folder')] })).toEqual(['file']);
    expect(await pathsOf(place, { paths: ['link/folder'] })).toEqual(['file']);
  });

  it('is a link itself unless a slash follows it', async () => {
    const place = backupPlace();
    place.make.file('real/file', 'x');
    place.make.symlink('link', 'real');
    const result = await place.backup({ paths: [place.path('link')] });
    expect(result.warnings).toEqual([expect.stringContaining('link/ instead')]);
    expect((await place.restoredTree(result.snapshot)).get('link')?.target).toBe('real');
    expect(await pathsOf(place, { paths: [`${place.path('link')}/`] })).toEqual(['file']);
  });

  it.each(['fifo', 'socket'] as const)('may be a %s', async (type) => {
    const place = backupPlace();
    place.make.node('special', type);
    const { snapshot } = await place.backup({ paths: [place.path('special')] });
    expect((await place.restoredTree(snapshot)).get('special')?.type).toBe(type);
  });

  it.each([
    { path: 'nowhere', code: 'not_found' },
    { path: '', code: 'usage' },
  ])('is refused as $code: "$path"', async ({ path, code }) => {
    await expect(backupPlace().backup({ paths: [path] })).rejects.toMatchObject({ code });
  });
});

describe('excluded', () => {
  const FILES = [
    'a.log',
    'A.LOG',
    'keep.log',
    'build/x',
    'src/build/y',
    'src/a.log',
    'src/deep/er/a.tmp',
    'doc/a.tmp',
    'name',
  ];
  it.each([
    { exclude: ['*.log'], left: ['A.LOG', 'build/x', 'doc/a.tmp', 'name', 'src/build/y', 'src/deep/er/a.tmp'] },
    {
      exclude: ['*.log', '!keep.log'],
      left: ['A.LOG', 'build/x', 'doc/a.tmp', 'keep.log', 'name', 'src/build/y', 'src/deep/er/a.tmp'],
    },
    {
      exclude: ['/build'],
      left: ['A.LOG', 'a.log', 'doc/a.tmp', 'keep.log', 'name', 'src/a.log', 'src/build/y', 'src/deep/er/a.tmp'],
    },
    {
      exclude: ['build/'],
      left: ['A.LOG', 'a.log', 'doc/a.tmp', 'keep.log', 'name', 'src/a.log', 'src/deep/er/a.tmp'],
    },
    { exclude: ['name/'], left: [...FILES].sort() },
    { exclude: ['src/**/*.tmp'], left: FILES.filter((path) => path !== 'src/deep/er/a.tmp').sort() },
    { exclude: ['**/deep'], left: FILES.filter((path) => path !== 'src/deep/er/a.tmp').sort() },
    { exclude: ['# a.log', '', 'nothing'], left: [...FILES].sort() },
    { exclude: ['src/*', '!src/a.log'], left: FILES.filter((path) => !/^src\/(build|deep)/.test(path)).sort() },
  ])('by $exclude', async ({ exclude, left }) => {
    const place = backupPlace();
    for (const file of FILES) place.make.file(file, file);
    const { snapshot } = await place.backup({ exclude });
    const files = [...(await place.restoredTree(snapshot))].filter(([, { type }]) => type === 'file');
    expect(files.map(([path]) => path).sort()).toEqual(left);
  });

  it('by a file of patterns, together with others', async () => {
    const place = backupPlace();
    for (const name of ['a', 'b', 'c \xff', 'd\nd']) place.make.file(name, '');
    fs.writeFileSync(`${place.root}/patterns`, '# comment\r\na\r\n\nc*\n');
    expect(await pathsOf(place, { exclude: ['d*'], excludeFiles: [`${place.root}/patterns`] })).toEqual(['b']);
    await expect(place.backup({ excludeFiles: ['/nowhere/patterns'] })).rejects.toMatchObject({ code: 'not_found' });
  });

  it('by patterns relative to each path', async () => {
    const place = backupPlace();
    for (const path of ['one/a', 'one/one', 'two/a', 'two/b']) place.make.file(path, '');
    const paths = [place.path('one'), place.path('two')];
    expect(await pathsOf(place, { paths, exclude: ['/a', 'one'] })).toEqual(['one', 'two', 'two/b']);
  });

  it('by a cache tag, which stays, and only with its signature', async () => {
    const place = backupPlace();
    const signature = 'Signature: 8a477f597d28d172789f06886806bc55';
    place.make.file('cache/CACHEDIR.TAG', `${signature}\n# made by a test`);
    place.make.file('cache/more/big', 'x');
    place.make.file('other/CACHEDIR.TAG', 'no signature');
    place.make.file('other/kept', 'x');
    const kept = ['other', 'other/CACHEDIR.TAG', 'other/kept'];
    expect(await pathsOf(place, { excludeCaches: true })).toEqual(['cache', 'cache/CACHEDIR.TAG', ...kept]);
    expect(await pathsOf(place)).toContain('cache/more/big');
  });

  it('by size', async () => {
    const place = backupPlace();
    place.make.file('large', Buffer.alloc(1001));
    place.make.file('small', Buffer.alloc(1000));
    expect(await pathsOf(place, { maxFileSizeBytes: 1000 })).toEqual(['small']);
  });

  it.skipIf(!isRoot)('on other file systems, where asked', async () => {
    const place = backupPlace();
    place.make.folder('mounted');
    place.make.file('here', 'x');
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', place.path('mounted')]);
    try {
      place.make.file('mounted/there', 'x');
      expect(await pathsOf(place, { oneFileSystem: true })).toEqual(['here', 'mounted']);
      expect(await pathsOf(place)).toEqual(['here', 'mounted', 'mounted/there']);
    } finally {
      execFileSync('umount', [place.path('mounted')]);
    }
  });

  it('what a restore has not finished', async () => {
    const place = backupPlace();
    place.make.file('.holdfast-restore-0123/stage/x', 'x');
    place.make.file('kept', 'x');
    expect(await pathsOf(place)).toEqual(['kept']);
  });
});

describe('the repository', () => {
  it('is left out of a source that holds it, and is no source itself', async () => {
    const place = backupPlace();
    place.make.file('repository/packs/x', 'x');
    place.make.file('kept', 'x');
    const { dev, ino } = fs.statSync(place.path('repository'), { bigint: true });
    const skipped = [{ dev: Number(dev), ino }];
    const { snapshot } = await place.backup({}, { skipped });
    expect(await place.paths(snapshot)).toEqual(['kept']);
    await expect(place.backup({ paths: [place.path('repository')] }, { skipped })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('the repository itself'),
    });
  });
});

describe('the shape of a tree', () => {
  it('may be 500 levels deep', async () => {
    const place = backupPlace();
    place.make.file(`${'folder of a deep tree/'.repeat(500)}bottom`, 'deep');
    const result = await place.backup();
    expect(result).toMatchObject({ directories: 501, files: { new: 1 }, warnings: [] });
    expect(compareTrees(place.tree(), await place.restoredTree(result.snapshot))).toEqual([]);
  });

  it('may be one empty folder', async () => {
    const place = backupPlace();
    const result = await place.backup();
    expect(result).toMatchObject({ directories: 1, files: { new: 0 }, bytes: 0, bytesAdded: 0 });
    expect(compareTrees(place.tree(), await place.restoredTree(result.snapshot))).toEqual([]);
  });
});
