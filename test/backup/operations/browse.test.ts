import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { diffSnapshots } from '../../../src/backup/operations/browse/diff.ts';
import { listEntries } from '../../../src/backup/operations/browse/entries.ts';
import { isoNanoseconds } from '../../../src/backup/operations/browse/iso-nanoseconds.ts';
import { modeText } from '../../../src/backup/operations/browse/listed-entry.ts';
import { searchSnapshots } from '../../../src/backup/operations/browse/search.ts';
import { sha256sums } from '../../../src/backup/operations/browse/sha256sums.ts';
import type { Repository } from '../../../src/backup/repository/repository.ts';
import { MemoryStore } from '../../../src/backup/stores/memory.ts';
import { testRepository } from '../../helpers/repository/test-repository.ts';
import { backUpTiny } from '../../helpers/repository/tiny-backup.ts';
import { gnuTar, temporaryFolder } from '../archive/helpers/gnu-tar.ts';
import { entryOf, fileOf, raw } from '../archive/helpers/members.ts';
import { exportBytes, snapshotOf } from './helpers/environment.ts';

const members = () => [
  { entry: entryOf('', { type: 'directory', mode: 0o755 }) },
  { entry: entryOf('etc', { type: 'directory', mode: 0o2775 }) },
  fileOf('etc/hosts', Buffer.from('localhost'), { mode: 0o4750, user: raw('ro\x1bot'), group: raw('team') }),
  { entry: entryOf('etc/nginx', { type: 'directory', mode: 0o755 }) },
  fileOf('etc/nginx/nginx.conf', Buffer.from('conf')),
  { entry: entryOf('etc/shortcut', { type: 'symlink', mode: 0o777, target: raw('/\xffnowhere') }) },
  { entry: entryOf('', { path: raw('new\nline\\back\rreturn'), size: 1 }), content: [Buffer.from('n')] },
  { entry: entryOf('', { path: raw('\xff\xfe') }) },
];

describe('what a snapshot holds', () => {
  let repository: Repository;
  let id: string;
  const list = (options?: Parameters<typeof listEntries>[2]) => Array.fromAsync(listEntries(repository, id, options));
  const paths = async (options?: Parameters<typeof listEntries>[2]) => (await list(options)).map(({ path }) => path);

  beforeAll(async () => {
    repository = testRepository();
    id = await snapshotOf(repository, members());
  });

  it('is listed in manifest order with printable names', async () => {
    expect(await paths()).toEqual([
      'etc',
      'etc/hosts',
      'etc/nginx',
      'etc/nginx/nginx.conf',
      'etc/shortcut',
      'new\\nline\\\\back\\rreturn',
      '\\xff\\xfe',
    ]);
    expect((await list())[1]).toEqual({
      path: 'etc/hosts',
      type: 'file',
      mode: '-rwsr-x---',
      uid: 1000,
      gid: 100,
      user: 'ro\\x1bot',
      group: 'team',
      size: 9,
      mtime: '2023-11-14T22:13:20.123456789Z',
      target: null,
      sha256: '49960de5880e8c687434170f6476605b8fe4aeb9a28632c7995cf3ba831d9763',
    });
    expect((await list({ path: 'etc/shortcut' }))[0]).toMatchObject({ target: '/\\xffnowhere', mode: 'lrwxrwxrwx' });
  });

  it('is listed one level at a time, or from a folder on', async () => {
    expect(await paths({ recursive: false })).toEqual(['etc', 'new\\nline\\\\back\\rreturn', '\\xff\\xfe']);
    expect(await paths({ path: '/etc/', recursive: false })).toEqual(['etc/hosts', 'etc/nginx', 'etc/shortcut']);
    expect(await paths({ path: './etc/nginx' })).toEqual(['etc/nginx/nginx.conf']);
    expect(await paths({ path: 'etc/hosts' })).toEqual(['etc/hosts']);
    expect(await paths({ path: '.' })).toHaveLength(7);
  });

  it('is found under the names that are shown', async () => {
    expect(await paths({ path: 'new\\nline\\\\back\\rreturn' })).toEqual(['new\\nline\\\\back\\rreturn']);
    expect(await paths({ path: '\\xff\\xfe' })).toEqual(['\\xff\\xfe']);
  });

  it.each([
    ['etc/hotss', 'Did you mean etc/hosts?'],
    ['etc/ngnix/nginx.conf', 'Did you mean etc/nginx?'],
    ['ect', 'Did you mean etc?'],
    ['etc/something else', 'Run ls to see what etc holds.'],
    ['nothing like it', 'Run ls to see what the snapshot holds.'],
  ])('does not have %s and says what to do', async (path, advice) => {
    await expect(paths({ path })).rejects.toMatchObject({ code: 'not_found', advice });
  });

  it('has no path that leads out', async () => {
    await expect(paths({ path: 'etc/../..' })).rejects.toMatchObject({ code: 'usage' });
  });

  it('has checksums that sha256sum accepts for the restored folder', async () => {
    const folder = join(temporaryFolder(), 'restored');
    mkdirSync(folder);
    gnuTar(['-xf', '-'], { cwd: folder, input: (await exportBytes(repository, id)).bytes });
    const sums = Buffer.concat(await Array.fromAsync(sha256sums(repository, id)));
    const check = execFileSync('sha256sum', ['--strict', '-c', '-'], { cwd: folder, input: sums, encoding: 'latin1' });
    expect(check.match(/: OK$/gm)).toHaveLength(4);
    // What coreutils itself prints for these names.
    const own = execFileSync('sha256sum', ['etc/hosts', 'new\nline\\back\rreturn'], { cwd: folder });
    const lines = sums.toString('latin1').split('\n');
    expect([lines[0], lines[2], ''].join('\n')).toBe(own.toString('latin1'));
  });

  it('has checksums of a file called - and a comment where none is recorded', async () => {
    const own = testRepository();
    const holes = [{ offset: 0, length: 2 ** 40 }];
    const snapshot = await snapshotOf(own, [
      fileOf('-', Buffer.from('x')),
      { entry: entryOf('huge', { size: 2 ** 40, holes }), content: [] },
    ]);
    const sums = Buffer.concat(await Array.fromAsync(sha256sums(own, snapshot))).toString();
    expect(sums).toMatch(/^[0-9a-f]{64} {2}\.\/-\n# No checksum is recorded of huge\n$/);
  });
});

describe('modes and times', () => {
  it.each([
    ['directory', 0o755, 'drwxr-xr-x'],
    ['directory', 0o1777, 'drwxrwxrwt'],
    ['directory', 0o1770, 'drwxrwx--T'],
    ['file', 0o6644, '-rwSr-Sr--'],
    ['file', 0o6755, '-rwsr-sr-x'],
    ['fifo', 0o600, 'prw-------'],
    ['socket', 0, 's---------'],
    ['char-device', 0o666, 'crw-rw-rw-'],
    ['block-device', 0o660, 'brw-rw----'],
  ] as const)('a %s of mode %o is shown as in ls: %s', (type, mode, text) => {
    expect(modeText(type, mode)).toBe(text);
  });

  it.each([
    [0n, '1970-01-01T00:00:00.000000000Z'],
    [-1n, '1969-12-31T23:59:59.999999999Z'],
    [1_700_000_000_000_000_007n, '2023-11-14T22:13:20.000000007Z'],
    [253_402_300_800n * 1_000_000_000n, '+010000-01-01T00:00:00.000000000Z'],
    [-62_167_219_201n * 1_000_000_000n, '-000001-12-31T23:59:59.000000000Z'],
    [2n ** 53n * 1_000_000_000n, expect.stringMatching(/^\+285428751-11-12T07:36:32\.000000000Z$/)],
  ])('a time of %s nanoseconds is %s', (time, text) => {
    expect(isoNanoseconds(time)).toEqual(text);
  });
});

describe('search', () => {
  it('finds names in all snapshots, newest first, or in those that a filter lets pass', async () => {
    const repository = testRepository();
    const files = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`d${i % 30}/f${i}.txt`, `${i}`]));
    const first = await backUpTiny(repository, files, { time: '2030-01-01T00:00:00.000Z', tags: ['a'] });
    const second = await backUpTiny(
      repository,
      { ...files, 'd7/extra.conf': 'x' },
      { time: '2030-01-02T00:00:00.000Z', seq: 2, prev: first },
    );
    const find = async (pattern: string, filter = {}) =>
      (await Array.fromAsync(searchSnapshots(repository, { pattern, filter }))).map(({ snapshot, path }) => [
        snapshot,
        path,
      ]);
    const ten = Array.from({ length: 10 }, (_, i) => `d${(2990 + i) % 30}/f${2990 + i}.txt`);
    const found = await find('f299?.txt');
    expect(found.map(([id]) => id)).toEqual([...ten.map(() => second), ...ten.map(() => first)]);
    expect(
      found
        .slice(0, 10)
        .map(([, path]) => path)
        .toSorted(),
    ).toEqual(ten.toSorted());
    expect(await find('*.conf')).toEqual([[second, 'd7/extra.conf']]);
    expect(await find('d7/f7.txt', { tag: 'a' })).toEqual([[first, 'd7/f7.txt']]);
  });

  it('goes on behind damaged parts and says so at the end', async () => {
    const objects = new Map<string, Buffer>();
    const repository = testRepository({ store: new MemoryStore(objects) });
    const first = await backUpTiny(repository, { kept: 'x' }, { time: '2030-01-01T00:00:00.000Z' });
    const before = new Set(objects.keys());
    const second = await backUpTiny(
      repository,
      { lost: 'y' },
      { time: '2030-01-02T00:00:00.000Z', seq: 2, prev: first },
    );
    for (const [name, bytes] of objects)
      if (name.startsWith('packs/') && !before.has(name) && bytes[4] === 2) objects.delete(name);
    const found: string[] = [];
    const searching = (async () => {
      for await (const { path } of searchSnapshots(repository, { pattern: '*' })) found.push(path);
    })();
    await expect(searching).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining(second.slice(0, 8)),
    });
    expect(found).toEqual(['kept']);
  });
});

describe('diff', () => {
  it('tells every kind of change', async () => {
    const repository = testRepository();
    const file = (path: string, text: string, fields = {}) => fileOf(path, Buffer.from(text), fields);
    const a = await snapshotOf(repository, [
      file('changed', 'old'),
      file('gone/deep', 'four'),
      { entry: entryOf('link', { type: 'symlink', target: raw('one') }) },
      file('mode', 'x'),
      file('same', 'x'),
      file('type', 'file'),
      file('xattr', 'x', { xattrs: [{ name: raw('user.a'), value: Buffer.from('1') }] }),
    ]);
    const b = await snapshotOf(repository, [
      file('added\n', 'new'),
      file('changed', 'newer'),
      { entry: entryOf('link', { type: 'symlink', target: raw('two') }) },
      file('mode', 'x', { mode: 0o600 }),
      file('same', 'x'),
      { entry: entryOf('type', { type: 'directory', mode: 0o755 }) },
      file('xattr', 'x', { xattrs: [{ name: raw('user.a'), value: Buffer.from('2') }] }),
    ]);
    const result = await diffSnapshots(repository, a, b);
    expect(result.items).toEqual([
      { change: 'added', path: 'added\\n', type: 'file', size: 3, sizeBefore: 0 },
      { change: 'modified', path: 'changed', type: 'file', size: 5, sizeBefore: 3 },
      { change: 'removed', path: 'gone', type: 'directory', size: 0, sizeBefore: 0 },
      { change: 'removed', path: 'gone/deep', type: 'file', size: 0, sizeBefore: 4 },
      { change: 'modified', path: 'link', type: 'symlink', size: 0, sizeBefore: 0 },
      { change: 'metadata', path: 'mode', type: 'file', size: 1, sizeBefore: 1 },
      { change: 'type', path: 'type', type: 'directory', size: 0, sizeBefore: 4 },
      { change: 'metadata', path: 'xattr', type: 'file', size: 1, sizeBefore: 1 },
    ]);
    expect(result).toMatchObject({
      from: a,
      to: b,
      itemsTotal: 8,
      added: { files: 1, directories: 0, others: 0, bytes: 3 },
      removed: { files: 1, directories: 1, others: 0, bytes: 4 },
      modified: { files: 1, directories: 1, others: 1, bytes: 5 },
    });
  });

  it('finds single changes among thousands of entries, both ways', async () => {
    const repository = testRepository();
    const files = Object.fromEntries(Array.from({ length: 4000 }, (_, i) => [`d${i % 40}/f${i}`, `${i}`]));
    const { 'd3/f3': _gone, ...rest } = files;
    const changed = { ...rest, 'd20/f20': 'changed', 'd5/a new one': 'x' };
    const a = await backUpTiny(repository, files, { time: '2030-01-01T00:00:00.000Z' });
    const b = await backUpTiny(repository, changed, { time: '2030-01-02T00:00:00.000Z', seq: 2, prev: a });
    const result = await diffSnapshots(repository, a, b);
    expect(result.items.map(({ change, path }) => `${change} ${path}`).toSorted()).toEqual([
      'added d5/a new one',
      'modified d20/f20',
      'removed d3/f3',
    ]);
    expect((await diffSnapshots(repository, b, a)).itemsTotal).toBe(3);
    expect((await diffSnapshots(repository, a, a)).itemsTotal).toBe(0);
  });

  it('does not read parts that both share', async () => {
    const objects = new Map<string, Buffer>();
    const repository = testRepository({ store: new MemoryStore(objects) });
    const files = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`f${i}`, `${i}`]));
    const a = await backUpTiny(repository, files, { time: '2030-01-01T00:00:00.000Z' });
    const b = await backUpTiny(repository, files, { time: '2030-01-02T00:00:00.000Z', seq: 2, prev: a });
    const read: string[] = [];
    class Watching extends MemoryStore {
      override async get(...args: Parameters<MemoryStore['get']>): Promise<Buffer> {
        read.push(args[0]);
        return super.get(...args);
      }
    }
    await diffSnapshots(testRepository({ store: new Watching(objects) }), a, b);
    // Envelope and one block: that of the fences.
    expect(read.filter((name) => name.startsWith('packs/')).length).toBeLessThanOrEqual(2);
  });
});
