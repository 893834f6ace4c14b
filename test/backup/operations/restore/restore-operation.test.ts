import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ByteString } from '../../../../src/shared/bytes.ts';
import { HoldfastError } from '../../../../src/shared/errors.ts';
import { type FakeObject, FakeSnapshot } from './fake-snapshot.ts';
import { readNamed, readObjects } from './read-objects.ts';
import { EVERY_KIND, IMPLEMENTATIONS, isRoot, useScene } from './scene.ts';

const CODE = async (work: Promise<unknown>): Promise<string | undefined> => {
  try {
    await work;
    return undefined;
  } catch (error) {
    return (error as HoldfastError).code;
  }
};

describe.each(IMPLEMENTATIONS)('%s: a restore to a new folder', (_name, posix) => {
  const scene = useScene();

  it.each([
    ['in this thread', { threads: 0 }, {}],
    ['in two threads', { threads: 2 }, { chunkBytes: 50_000, packChunks: 3 }],
    ['from a store that is no folder', { threads: 0 }, { chunkBytes: 100_000, remote: true }],
  ])('brings back every kind of entry, %s', async (_how, overrides, options) => {
    const { current } = scene;
    current.shell(current.source, EVERY_KIND);
    const snapshot = current.snapshot(options);
    const result = await current.restore(posix, snapshot, {}, overrides);
    expect(current.differences(posix, current.source)).toEqual([]);
    expect(result).toMatchObject({ applied: true, warnings: [], damaged: [], safetySnapshot: null });
    expect(result.added.files).toBeGreaterThan(8);
    expect(current.beside()).toEqual([]);
  });

  it('leaves holes as holes', async () => {
    const { current } = scene;
    current.shell(
      current.source,
      'truncate -s 20M sparse; printf data | dd of=sparse bs=1 seek=9999999 conv=notrunc status=none',
    );
    // A chunk that a hole cuts in two, as well.
    const objects = readObjects(current.source);
    const content = Buffer.alloc(3_000_000);
    content.fill('a', 0, 100_000).fill('b', 2_900_000);
    const holes = [{ offset: 100_000, length: 2_800_000 }];
    const { entry } = objects.at(-1) as FakeObject;
    objects.push({ entry: { ...entry, path: 'tail' as ByteString, holes }, content });
    const snapshot = new FakeSnapshot(join(current.home, 'holes'), objects, { chunkBytes: 150_000 });
    await current.restore(posix, snapshot);
    const sizeOnDisk = (name: string) => fs.statSync(join(current.target, name)).blocks * 512;
    expect(sizeOnDisk('sparse')).toBeLessThan(200_000);
    expect(sizeOnDisk('tail')).toBeLessThan(300_000);
    expect(fs.readFileSync(join(current.target, 'tail')).equals(content)).toBe(true);
  });

  it('reads chunk lists of their own', async () => {
    const { current } = scene;
    current.shell(current.source, 'head -c 500000 /dev/urandom > large');
    const objects = readObjects(current.source);
    for (const { entry } of objects) if (entry.path === 'large') entry.indirect = true;
    const snapshot = new FakeSnapshot(join(current.home, 'lists'), objects, { chunkBytes: 10_000 });
    await current.restore(posix, snapshot);
    expect(current.differences(posix, current.source)).toEqual([]);
  });

  it('makes the folders above the target', async () => {
    const { current } = scene;
    current.shell(current.source, 'printf x > file');
    await current.restore(posix, current.snapshot(), { to: join(current.home, 'place/a/b/c') });
    expect(fs.readFileSync(join(current.home, 'place/a/b/c/file'), 'utf8')).toBe('x');
  });

  it('writes nothing in a preview', async () => {
    const { current } = scene;
    current.shell(current.source, EVERY_KIND);
    const result = await current.restore(posix, current.snapshot(), { apply: false });
    expect(result.applied).toBe(false);
    expect(result.added.directories).toBe(7);
    expect(fs.readdirSync(join(current.home, 'place'))).toEqual([]);
  });
});

describe.each(IMPLEMENTATIONS)('%s: a restore over what is there', (_name, posix) => {
  const scene = useScene();
  const CHANGES = `
rm -r folder/deep; printf file > folder/deep
rm folder/file; mkdir folder/file; printf inside > folder/file/inside
rm link; ln -s elsewhere link
rm second; printf different > second
chmod 600 program
mkdir -p extra/more; printf extra > extra/more/file
printf longer-content >> 'with space/third'
rm -r empty; ln -s folder empty
`;

  it.each([0, 2])('with --delete is exactly the snapshot (%i threads)', async (threads) => {
    const { current } = scene;
    current.shell(current.source, EVERY_KIND);
    const snapshot = current.snapshot({ chunkBytes: 50_000 });
    fs.cpSync(current.source, join(current.home, 'kept'), { recursive: true, verbatimSymlinks: true });
    execFileSync('cp', ['-a', current.source, current.target]);
    current.shell(current.target, CHANGES);
    const result = await current.restore(posix, snapshot, { delete: true }, { threads });
    expect(current.differences(posix, current.source)).toEqual([]);
    expect(result.deleted).toMatchObject({ files: 2, directories: 2 });
    expect(result.safetySnapshot).toBe('safety');
    expect(current.safetyBackups).toEqual([[current.target]]);
    expect(current.beside()).toEqual([]);
  });

  it('without --delete keeps what the snapshot does not have', async () => {
    const { current } = scene;
    current.shell(current.source, 'mkdir a; printf new > a/file');
    current.shell(
      current.target,
      'mkdir -p a b/c; printf old > a/file; printf mine > a/other; printf deep > b/c/file; ln -s x b/link; chmod 711 b; touch -d 2001-01-01 b',
    );
    const before = current.copy(current.target, 'before');
    await current.restore(posix, current.snapshot());
    expect(fs.readFileSync(join(current.target, 'a/file'), 'utf8')).toBe('new');
    expect(current.differences(posix, before).filter((line) => !/^"(a|a\/file|)"/.test(line))).toEqual([]);
  });

  it('leaves alone what matches already', async () => {
    const { current } = scene;
    current.shell(current.source, EVERY_KIND);
    execFileSync('cp', ['-a', current.source, current.target]);
    const inode = fs.statSync(current.target).ino;
    const result = await current.restore(posix, current.snapshot(), { delete: true });
    expect(result).toMatchObject({ applied: true, itemsTotal: 0, safetySnapshot: null, bytes: 0 });
    expect(fs.statSync(current.target).ino).toBe(inode);
    expect(current.safetyBackups).toEqual([]);
  });

  it('with --check finds what has the right size and time and the wrong content', async () => {
    const { current } = scene;
    current.shell(current.source, 'printf right > file; printf twin > a; ln a b');
    execFileSync('cp', ['-a', current.source, current.target]);
    current.shell(current.target, 'cp -p file stamp; printf WRONG > file; touch -r stamp file; rm stamp');
    current.shell(current.target, 'cp -p a stamp; printf TWIN > a; touch -r stamp a; rm stamp');
    const { mtime } = fs.statSync(current.source);
    fs.utimesSync(current.target, mtime, mtime);
    const snapshot = current.snapshot();
    expect((await current.restore(posix, snapshot, { apply: false })).changed.files).toBe(0);
    expect((await current.restore(posix, snapshot, { check: true })).changed.files).toBe(3);
    expect(current.differences(posix, current.source)).toEqual([]);
  });

  it('restores only the paths that were asked for, and deletes only there', async () => {
    const { current } = scene;
    current.shell(current.source, 'mkdir -p a/b c; printf 1 > a/b/one; printf 2 > a/two; printf 3 > c/three');
    current.shell(current.target, 'mkdir -p a/b c; printf old > a/b/old; printf mine > a/two; printf mine > c/three');
    const inode = fs.statSync(join(current.target, 'c/three')).ino;
    const result = await current.restore(posix, current.snapshot(), { paths: ['a/b'], delete: true });
    expect(fs.readdirSync(join(current.target, 'a/b'))).toEqual(['one']);
    expect(fs.readFileSync(join(current.target, 'a/two'), 'utf8')).toBe('mine');
    expect(fs.statSync(join(current.target, 'c/three')).ino).toBe(inode);
    expect(result).toMatchObject({ added: { files: 1 }, deleted: { files: 1 } });
    expect(current.beside()).toEqual([]);
  });

  it('refuses a path that the snapshot does not have', async () => {
    const { current } = scene;
    current.shell(current.source, 'mkdir a');
    expect(await CODE(current.restore(posix, current.snapshot(), { paths: ['b'] }))).toBe('not_found');
    expect(fs.existsSync(current.target)).toBe(false);
  });

  it('keeps the old tree beside with keep-old', async () => {
    const { current } = scene;
    current.shell(current.source, 'mkdir new; printf new > new/file');
    current.shell(current.target, 'mkdir old; printf old > old/file');
    const before = current.copy(current.target, 'before');
    const { keptOld } = await current.restore(posix, current.snapshot(), { delete: true, safety: 'keep-old' });
    expect(current.differences(posix, current.source)).toEqual([]);
    execFileSync('diff', ['-r', before, keptOld as string]);
    expect(current.beside()).toEqual([keptOld?.split('/').at(-1)]);
  });

  it('keeps what was replaced with keep-old, where the rest stays', async () => {
    const { current } = scene;
    current.shell(current.source, 'mkdir a b; printf new > a/file; printf same > b/same; touch -d 2001-01-01 b/same');
    current.shell(
      current.target,
      'mkdir a b; printf old > a/file; printf same > b/same; touch -d 2001-01-01 b/same; printf x > b/gone',
    );
    const inode = fs.statSync(join(current.target, 'b/same')).ino;
    const { keptOld } = await current.restore(posix, current.snapshot(), { delete: true, safety: 'keep-old' });
    expect(current.differences(posix, current.source)).toEqual([]);
    expect(fs.statSync(join(current.target, 'b/same')).ino).toBe(inode);
    const kept = execFileSync('find', ['.', '-type', 'f'], { cwd: keptOld as string, encoding: 'utf8' });
    expect(kept.trim().split('\n').sort()).toEqual(['./a/file', './b/gone']);
  });

  it('keeps hard-link groups apart and together', async () => {
    const { current } = scene;
    current.shell(current.source, 'printf 1 > a; ln a b; printf 1 > c; touch -d 2001-01-01 a c');
    // In the target c is one with a, and b stands alone.
    current.shell(current.target, 'printf 1 > a; ln a c; printf 1 > b; touch -d 2001-01-01 a b');
    const snapshot = current.snapshot();
    await current.restore(posix, snapshot, { paths: ['a', 'b', 'c'] });
    expect(current.differences(posix, current.source, { ignore: new Set(['']) })).toEqual([]);
    current.shell(current.target, 'rm b; printf 2 > b');
    await current.restore(posix, snapshot, {});
    expect(current.differences(posix, current.source)).toEqual([]);
  });

  it('replaces a file by a folder where that is its place', async () => {
    const { current } = scene;
    current.shell(current.source, 'mkdir a; printf 1 > a/file');
    fs.writeFileSync(current.target, 'a file');
    await current.restore(posix, current.snapshot({ paths: [current.target] }), { inPlace: true });
    expect(current.differences(posix, current.source)).toEqual([]);
  });

  it.each([
    ['file', 'printf mine > target'],
    ['FIFO', 'mkfifo target'],
    ['link that leads nowhere', 'ln -s nowhere target'],
  ])('refuses to put a folder in the place of a %s', async (_what, script) => {
    const { current } = scene;
    current.shell(current.source, 'printf 1 > file');
    current.shell(join(current.home, 'place'), script);
    expect(await CODE(current.restore(posix, current.snapshot(), { apply: false }))).toBe('usage');
    expect(await CODE(current.restore(posix, current.snapshot()))).toBe('usage');
    expect(fs.lstatSync(current.target).isDirectory()).toBe(false);
  });

  it('takes an empty folder for none: it needs no safety backup and counts as added', async () => {
    const { current } = scene;
    current.shell(current.source, 'printf 1 > file');
    current.shell(current.target, 'chmod 700 .');
    const plan = await current.restore(posix, current.snapshot(), { apply: false });
    const result = await current.restore(posix, current.snapshot());
    for (const { added, changed } of [plan, result]) {
      expect([added.files, added.directories, changed.directories]).toEqual([1, 1, 0]);
    }
    expect(current.safetyBackups).toEqual([]);
    expect(current.differences(posix, current.source)).toEqual([]);
  });

  it('restores in place: several paths, and a single file without its neighbours', async () => {
    const { current } = scene;
    const folder = join(current.home, 'place/folder');
    const file = join(current.home, 'place/file.conf');
    current.shell(folder, 'mkdir sub; printf 1 > sub/one');
    fs.writeFileSync(file, 'setting');
    const snapshot = new FakeSnapshot(join(current.home, 'named'), readNamed([file, folder]), {
      layout: 'named',
      paths: [folder, file],
    });
    const before = current.copy(folder, 'before');
    current.shell(folder, 'rm sub/one; printf 2 > two');
    fs.writeFileSync(file, 'changed setting');
    fs.writeFileSync(join(current.home, 'place/neighbour'), 'mine');
    const result = await current.restore(posix, snapshot, { inPlace: true, delete: true });
    execFileSync('diff', ['-r', before, folder]);
    expect(fs.readFileSync(file, 'utf8')).toBe('setting');
    expect(fs.readdirSync(join(current.home, 'place')).sort()).toEqual(['file.conf', 'folder', 'neighbour']);
    expect(result.target).toBe(`${file}, ${folder}`);
    await current.restore(posix, snapshot, { inPlace: false, to: current.target });
    expect(fs.readdirSync(current.target).sort()).toEqual(['file.conf', 'folder']);
  });
});

describe.each(IMPLEMENTATIONS)('%s: a restore that cannot go through', (_name, posix) => {
  const scene = useScene();
  const prepare = (options = {}) => {
    const { current } = scene;
    current.shell(
      current.source,
      'mkdir a; printf one > a/one; printf two > a/two; head -c 300000 /dev/urandom > large',
    );
    current.shell(current.target, 'mkdir a; printf old > a/one; printf mine > b');
    const before = current.copy(current.target, 'before');
    const untouched = () => {
      expect(current.differences(posix, before)).toEqual([]);
      expect(current.beside()).toEqual([]);
    };
    return { current, snapshot: current.snapshot({ chunkBytes: 50_000, packChunks: 1, ...options }), untouched };
  };
  const damage = (snapshot: FakeSnapshot, object: string) => {
    const file = snapshot.file(object);
    const bytes = fs.readFileSync(file);
    bytes[100] = (bytes[100] as number) ^ 1;
    fs.writeFileSync(file, bytes);
  };

  it('changes nothing when a safety backup fails', async () => {
    const { current, snapshot, untouched } = prepare();
    const safetyBackup = async () => {
      throw new HoldfastError('storage_full', 'No room.');
    };
    expect(await CODE(current.restore(posix, snapshot, {}, { safetyBackup }))).toBe('pre_restore_failed');
    untouched();
  });

  it.each([0, 2])('changes nothing when content is damaged, and names pack and file (%i threads)', async (threads) => {
    const { current, snapshot, untouched } = prepare();
    const [pack] = snapshot.packsOf('a/two') as [string];
    damage(snapshot, pack);
    const failure = await current.restore(posix, snapshot, { delete: true }, { threads }).catch((error) => error);
    expect(failure).toMatchObject({ code: 'damaged', exitStatus: 13 });
    expect(failure.message).toContain(pack);
    expect(failure.message).toContain('a/two');
    untouched();
  });

  it('with --keep-going leaves out what is damaged, keeps the old file, and says so', async () => {
    const { current, snapshot } = prepare();
    damage(snapshot, snapshot.packsOf('a/one')[0] as string);
    damage(snapshot, snapshot.packsOf('large').at(2) as string);
    const result = await current.restore(posix, snapshot, { delete: true, keepGoing: true });
    expect(fs.readFileSync(join(current.target, 'a/one'), 'utf8')).toBe('old');
    expect(fs.readFileSync(join(current.target, 'a/two'), 'utf8')).toBe('two');
    expect(fs.readdirSync(current.target)).toEqual(['a']);
    expect(result.damaged.map(({ files }) => files)).toEqual([['abababab:a/one'], ['abababab:large']]);
    expect(current.beside()).toEqual([]);
  });

  it('reads another copy where one is damaged or gone', async () => {
    const { current, snapshot } = prepare({ copies: 2 });
    damage(snapshot, snapshot.packsOf('a/one')[0] as string);
    fs.rmSync(snapshot.file(snapshot.packsOf('large')[0] as string));
    await current.restore(posix, snapshot, { delete: true });
    expect(current.differences(posix, current.source)).toEqual([]);
  });

  it('reports a chunk that nobody knows', async () => {
    const { current, snapshot, untouched } = prepare();
    snapshot.hide('a/two');
    expect(await CODE(current.restore(posix, snapshot))).toBe('damaged');
    untouched();
  });

  it('deletes nothing where a part of the list of files is damaged', async () => {
    const { current } = prepare();
    const snapshot = current.snapshot({ entriesARun: 1, lostRuns: [2] });
    const result = await current.restore(posix, snapshot, { delete: true, keepGoing: true });
    expect(fs.readFileSync(join(current.target, 'a/one'), 'utf8')).toBe('old');
    expect(fs.readFileSync(join(current.target, 'b'), 'utf8')).toBe('mine');
    expect(fs.readFileSync(join(current.target, 'a/two'), 'utf8')).toBe('two');
    expect(result.damaged).toHaveLength(1);
  });

  it.each([0, 2])('changes nothing when it is cancelled (%i threads)', async (threads) => {
    const { current, snapshot, untouched } = prepare({ entriesARun: 1 });
    const abort = new AbortController();
    const onProgress = ({ phase }: { phase: string }) => phase === 'restore' && abort.abort();
    const context = { signal: abort.signal, onProgress };
    expect(await CODE(current.restore(posix, snapshot, {}, { threads }, context))).toBe('interrupted');
    untouched();
  });

  it('refuses a target that holds the repository', async () => {
    const { current, snapshot, untouched } = prepare();
    const repositoryFolder = join(current.target, 'a');
    expect(await CODE(current.restore(posix, snapshot, {}, { repositoryFolder }))).toBe('refused');
    untouched();
  });

  it.skipIf(!isRoot)('goes into a target whose surroundings may not be written to', async () => {
    const { current, snapshot } = prepare();
    execFileSync('chown', ['-R', '65534:65534', current.target, join(current.home, 'packs-0')]);
    const failure = await asNobody(() => current.restore(posix, snapshot, { delete: true, noOwner: true }));
    expect(failure).toMatchObject({ applied: true });
    expect(fs.readFileSync(join(current.target, 'a/one'), 'utf8')).toBe('one');
    expect(fs.readdirSync(current.target).sort()).toEqual(['a', 'large']);
  });
});

/** Runs as an ordinary user; descriptors and paths that root has opened up before stay usable. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  process.seteuid?.(65534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}
