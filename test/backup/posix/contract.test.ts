import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Posix } from '../../../src/backup/posix/posix.ts';
import type { ByteString } from '../../../src/shared/bytes.ts';
import { toByteString } from '../../../src/shared/bytes.ts';
import { testSeed } from '../../helpers/seeded-random.ts';
import { bytes, codeOf, IMPLEMENTATIONS, isRoot, readFile, unprivileged, useSandbox, writeFile } from './sandbox.ts';

const NAMES = {
  plain: bytes('plain.txt'),
  'not UTF-8': toByteString(Buffer.from([0xff, 0x41, 0xc3, 0x28])),
  'with a newline': bytes('two\nlines'),
  'beyond ASCII': bytes('größe-日本'),
  'of control characters': bytes('\x1b[31m\x7f'),
  'of 255 bytes': bytes('n'.repeat(255)),
} as const;

const NOT_COMPONENTS: Record<string, ByteString> = {
  empty: '' as ByteString,
  'the folder itself': '.' as ByteString,
  'the folder above': '..' as ByteString,
  'two components': 'a/b' as ByteString,
  absolute: '/etc' as ByteString,
  'cut off by NUL': 'a\0b' as ByteString,
  'a character whose low byte is a slash': 'a\u012fb' as ByteString,
  'too long for any call': 'n'.repeat(4096) as ByteString,
};

const good = bytes('good');

/** Every call that takes a name, with the bad name in each of its places. */
const CALLS: Record<string, (posix: Posix, dir: number, bad: ByteString) => unknown> = {
  openDirectory: (posix, dir, bad) => posix.openDirectory(dir, bad),
  openForReading: (posix, dir, bad) => posix.openForReading(dir, bad),
  openForWriting: (posix, dir, bad) => posix.openForWriting(dir, bad),
  createFile: (posix, dir, bad) => posix.createFile(dir, bad, 0o600),
  statusAt: (posix, dir, bad) => posix.statusAt(dir, bad),
  makeDirectory: (posix, dir, bad) => posix.makeDirectory(dir, bad, 0o700),
  makeSymlink: (posix, dir, bad) => posix.makeSymlink(good, dir, bad),
  readSymlink: (posix, dir, bad) => posix.readSymlink(dir, bad),
  'link from': (posix, dir, bad) => posix.link(dir, bad, dir, bytes('other')),
  'link to': (posix, dir, bad) => posix.link(dir, good, dir, bad),
  makeNode: (posix, dir, bad) => posix.makeNode(dir, bad, 'fifo', 0o600, { major: 0, minor: 0 }),
  unlink: (posix, dir, bad) => posix.unlink(dir, bad),
  removeDirectory: (posix, dir, bad) => posix.removeDirectory(dir, bad),
  'rename from': (posix, dir, bad) => posix.rename(dir, bad, dir, bytes('other')),
  'rename to': (posix, dir, bad) => posix.rename(dir, good, dir, bad),
  'renameNoReplace from': (posix, dir, bad) => posix.renameNoReplace(dir, bad, dir, bytes('other')),
  'renameNoReplace to': (posix, dir, bad) => posix.renameNoReplace(dir, good, dir, bad),
  'exchange from': (posix, dir, bad) => posix.exchange(dir, bad, dir, good),
  'exchange to': (posix, dir, bad) => posix.exchange(dir, good, dir, bad),
  setModeAt: (posix, dir, bad) => posix.setModeAt(dir, bad, 0o600),
  setOwnerAt: (posix, dir, bad) => posix.setOwnerAt(dir, bad, -1, -1),
  setTimesAt: (posix, dir, bad) => posix.setTimesAt(dir, bad, 0n),
  xattrNamesAt: (posix, dir, bad) => posix.xattrNamesAt(dir, bad),
  xattrAt: (posix, dir, bad) => posix.xattrAt(dir, bad, bytes('user.a')),
  setXattrAt: (posix, dir, bad) => posix.setXattrAt(dir, bad, bytes('user.a'), Buffer.alloc(1)),
  removeXattrAt: (posix, dir, bad) => posix.removeXattrAt(dir, bad, bytes('user.a')),
};

describe.each(IMPLEMENTATIONS)('%s: names', (_, posix) => {
  const sandbox = useSandbox(posix);

  it.each(Object.entries(CALLS))('%s refuses everything but a single component', (_call, call) => {
    writeFile(posix, sandbox.dir, good, 'unharmed');
    const accepted = Object.keys(NOT_COMPONENTS).filter(
      (kind) => codeOf(() => call(posix, sandbox.dir, NOT_COMPONENTS[kind] as ByteString)) !== 'refused',
    );
    expect(accepted).toEqual([]);
    expect(posix.names(sandbox.dir)).toEqual([good]);
    expect(readFile(posix, sandbox.dir, good)).toBe('unharmed');
  });

  it.each(Object.entries(NAMES))('a name %s goes through every kind of call', (_kind, name) => {
    writeFile(posix, sandbox.dir, name, 'content');
    expect(posix.names(sandbox.dir)).toEqual([name]);
    expect(fs.readdirSync(sandbox.path, 'buffer')).toEqual([Buffer.from(name, 'latin1')]);
    expect(posix.statusAt(sandbox.dir, name).size).toBe(7);
    const moved = bytes('moved');
    posix.rename(sandbox.dir, name, sandbox.dir, moved);
    posix.link(sandbox.dir, moved, sandbox.dir, name);
    expect(readFile(posix, sandbox.dir, name)).toBe('content');
    posix.unlink(sandbox.dir, name);
    posix.makeSymlink(name, sandbox.dir, name);
    expect(posix.readSymlink(sandbox.dir, name)).toBe(name);
    posix.setTimesAt(sandbox.dir, name, 5_000_000_000n);
    posix.unlink(sandbox.dir, name);
    posix.makeDirectory(sandbox.dir, name, 0o755);
    posix.close(posix.openDirectory(sandbox.dir, name));
    posix.removeDirectory(sandbox.dir, name);
    expect(posix.names(sandbox.dir)).toEqual([moved]);
  });

  it('lists a folder of thousands, and lists it again', () => {
    const wanted = Array.from({ length: 1500 }, (_value, i) => bytes(`${'long-name-'.repeat(4)}${i}`));
    for (const name of wanted) posix.close(posix.createFile(sandbox.dir, name, 0o600));
    expect(posix.names(sandbox.dir).sort()).toEqual([...wanted].sort());
    posix.unlink(sandbox.dir, wanted[0] as ByteString);
    expect(posix.names(sandbox.dir)).toHaveLength(1499);
  });

  it.each([
    ['empty', ''],
    ['cut off by NUL', 'a\0b'],
    ['of characters that are no bytes', 'a\u012fb'],
    ['of 4,096 bytes', 'a'.repeat(4096)],
  ])('refuses a link target that is %s', (_kind, target) => {
    expect(codeOf(() => posix.makeSymlink(target as ByteString, sandbox.dir, good))).toBe('refused');
  });

  it('keeps a link target of 1,023 bytes, which every file system holds', () => {
    const target = bytes('../'.repeat(341));
    posix.makeSymlink(target, sandbox.dir, good);
    expect(posix.readSymlink(sandbox.dir, good)).toBe(target);
  });
});

describe.each(IMPLEMENTATIONS)('%s: opening', (_, posix) => {
  const sandbox = useSandbox(posix);

  it('never follows a link', () => {
    fs.writeFileSync(join(sandbox.path, 'target'), 'outside');
    fs.mkdirSync(join(sandbox.path, 'folder'));
    fs.symlinkSync('target', join(sandbox.path, 'to-file'));
    fs.symlinkSync('folder', join(sandbox.path, 'to-folder'));
    fs.symlinkSync('nowhere', join(sandbox.path, 'to-nothing'));
    expect(codeOf(() => posix.openForReading(sandbox.dir, bytes('to-file')))).toBe('ELOOP');
    expect(codeOf(() => posix.openForWriting(sandbox.dir, bytes('to-file')))).toBe('ELOOP');
    expect(codeOf(() => posix.openDirectory(sandbox.dir, bytes('to-folder')))).toBe('ENOTDIR');
    expect(codeOf(() => posix.createFile(sandbox.dir, bytes('to-nothing'), 0o600))).toBe('EEXIST');
    expect(fs.existsSync(join(sandbox.path, 'nowhere'))).toBe(false);
  });

  it('creates a file once, for reading and writing, with the mode', () => {
    const fd = posix.createFile(sandbox.dir, good, 0o640);
    fs.writeSync(fd, 'abc');
    expect(fs.readSync(fd, Buffer.alloc(3), 0, 3, 0)).toBe(3);
    expect(posix.status(fd)).toMatchObject({ type: 'file', size: 3, mode: 0o640 });
    posix.close(fd);
    expect(codeOf(() => posix.createFile(sandbox.dir, good, 0o640))).toBe('EEXIST');
    const again = posix.openForWriting(sandbox.dir, good);
    posix.truncate(again, 1);
    posix.close(again);
    expect(readFile(posix, sandbox.dir, good)).toBe('a');
  });

  it('does not wait for the writer of a FIFO', () => {
    execFileSync('mkfifo', [join(sandbox.path, 'fifo')]);
    const fd = posix.openForReading(sandbox.dir, bytes('fifo'));
    expect(posix.status(fd).type).toBe('fifo');
    posix.close(fd);
  });

  it('leaves the access time of an own file alone', () => {
    writeFile(posix, sandbox.dir, good, 'content');
    fs.utimesSync(join(sandbox.path, 'good'), 1, 2);
    expect(readFile(posix, sandbox.dir, good)).toBe('content');
    expect(fs.statSync(join(sandbox.path, 'good')).atimeMs).toBe(1000);
  });

  it.runIf(isRoot)("reads another user's file, whose access time it may not keep", () => {
    writeFile(posix, sandbox.dir, good, 'readable');
    unprivileged(() => expect(readFile(posix, sandbox.dir, good)).toBe('readable'));
  });

  it('keeps writing into a folder that was renamed and replaced by a link', () => {
    fs.mkdirSync(join(sandbox.path, 'folder'));
    fs.mkdirSync(join(sandbox.path, 'outside'));
    const folder = posix.openDirectory(sandbox.dir, bytes('folder'));
    fs.renameSync(join(sandbox.path, 'folder'), join(sandbox.path, 'moved'));
    fs.symlinkSync('outside', join(sandbox.path, 'folder'));
    writeFile(posix, folder, good, 'content');
    posix.close(folder);
    expect(fs.readdirSync(join(sandbox.path, 'outside'))).toEqual([]);
    expect(fs.readdirSync(join(sandbox.path, 'moved'))).toEqual(['good']);
  });

  it("throws errors like Node's, about the bare name", () => {
    const name = bytes('gone\x1b[2J');
    const failing: [() => unknown, string][] = [
      [() => posix.openForReading(sandbox.dir, name), 'ENOENT'],
      [() => posix.statusAt(sandbox.dir, name), 'ENOENT'],
      [() => posix.rename(sandbox.dir, name, sandbox.dir, good), 'ENOENT'],
      [() => posix.removeDirectory(sandbox.dir, name), 'ENOENT'],
      [() => posix.openForReading(sandbox.dir, bytes('n'.repeat(300))), 'ENAMETOOLONG'],
      [() => posix.close(99_999), 'EBADF'],
      [() => posix.names(99_999), posix.name === 'native' ? 'EBADF' : 'ENOENT'],
    ];
    for (const [call, code] of failing) expect(codeOf(call)).toBe(code);
    expect(failing[0]?.[0]).toThrow(
      expect.objectContaining({ errno: -2, path: name, syscall: expect.stringMatching(/^open/) }),
    );
    expect(failing[0]?.[0]).toThrow(/^ENOENT: no such file or directory, open(at)? 'gone\\x1b\[2J'$/);
  });
});

describe.each(IMPLEMENTATIONS)('%s: status', (_, posix) => {
  const sandbox = useSandbox(posix);

  it('says of every type what Node says of it', () => {
    writeFile(posix, sandbox.dir, bytes('file'), 'x'.repeat(9000));
    fs.chmodSync(join(sandbox.path, 'file'), 0o6751);
    fs.linkSync(join(sandbox.path, 'file'), join(sandbox.path, 'file-2'));
    fs.mkdirSync(join(sandbox.path, 'folder'));
    fs.chmodSync(join(sandbox.path, 'folder'), 0o1777);
    fs.symlinkSync('nowhere', join(sandbox.path, 'link'));
    execFileSync('mkfifo', [join(sandbox.path, 'fifo')]);
    const types = { file: 'file', 'file-2': 'file', folder: 'directory', link: 'symlink', fifo: 'fifo' };
    for (const [name, type] of Object.entries(types)) {
      const stats = fs.lstatSync(join(sandbox.path, name), { bigint: true });
      const status = posix.statusAt(sandbox.dir, bytes(name));
      expect(status).toEqual({
        type,
        mode: Number(stats.mode) & 0o7777,
        ...{ uid: Number(stats.uid), gid: Number(stats.gid), dev: Number(stats.dev), nlink: Number(stats.nlink) },
        ...{ ino: stats.ino, size: Number(stats.size), blocks: Number(stats.blocks) },
        ...{ mtimeNs: stats.mtimeNs, ctimeNs: stats.ctimeNs },
      });
    }
  });

  it('is the same by name and by descriptor', () => {
    writeFile(posix, sandbox.dir, good, 'content');
    const fd = posix.openForReading(sandbox.dir, good);
    expect(posix.status(fd)).toEqual(posix.statusAt(sandbox.dir, good));
    posix.close(fd);
  });

  it('has the numbers of a device', () => {
    const dev = posix.openRoot(bytes('/dev'));
    expect(posix.statusAt(dev, bytes('null'))).toMatchObject({ type: 'char-device', device: { major: 1, minor: 3 } });
    posix.close(dev);
  });

  it('has sizes beyond 32 bits', () => {
    const fd = posix.createFile(sandbox.dir, good, 0o600);
    posix.truncate(fd, 3 * 2 ** 40 + 1);
    expect(posix.statusAt(sandbox.dir, good).size).toBe(3 * 2 ** 40 + 1);
    posix.close(fd);
  });
});

describe.each(IMPLEMENTATIONS)('%s: times, owners, modes', (_, posix) => {
  const sandbox = useSandbox(posix);
  // Without the very first and last second, in which ext4 cuts the nanoseconds off.
  const FROM_1901_TO_2106 = { min: -(2n ** 31n - 1n) * 10n ** 9n, max: (2n ** 32n - 1n) * 10n ** 9n };

  it('sets times exactly, or as late as a double of seconds can without being later', () => {
    const fd = posix.createFile(sandbox.dir, good, 0o600);
    posix.makeSymlink(bytes('nowhere'), sandbox.dir, bytes('link'));
    const set = (timeNs: bigint) => {
      posix.setTimes(fd, timeNs);
      posix.setTimesAt(sandbox.dir, bytes('link'), timeNs);
      for (const { mtimeNs } of [posix.status(fd), posix.statusAt(sandbox.dir, bytes('link'))]) {
        if (posix.capabilities.nanosecondTimes) expect(mtimeNs).toBe(timeNs);
        expect(mtimeNs).toBeLessThanOrEqual(timeNs);
        expect(timeNs - mtimeNs).toBeLessThan(480n);
      }
    };
    for (const timeNs of [0n, 1n, -1n, 999_999_999n, -999_999_999n, -1_000_000_000n, -1_000_000_001n]) set(timeNs);
    fc.assert(fc.property(fc.bigInt(FROM_1901_TO_2106), set), { seed: testSeed(), numRuns: 1000 });
    posix.close(fd);
  });

  it('sets the access time to the same', () => {
    const fd = posix.createFile(sandbox.dir, good, 0o600);
    posix.setTimes(fd, 1_500_000_000n);
    posix.close(fd);
    expect(fs.statSync(join(sandbox.path, 'good'), { bigint: true }).atimeNs).toBe(1_500_000_000n);
  });

  it('sets all twelve mode bits, of open files and by name', () => {
    const fd = posix.createFile(sandbox.dir, good, 0o600);
    posix.setMode(fd, 0o6755);
    expect(posix.status(fd).mode).toBe(0o6755);
    posix.close(fd);
    posix.setModeAt(sandbox.dir, good, 0);
    expect(posix.statusAt(sandbox.dir, good).mode).toBe(0);
    execFileSync('mkfifo', [join(sandbox.path, 'fifo')]);
    posix.setModeAt(sandbox.dir, bytes('fifo'), 0o4621);
    expect(posix.statusAt(sandbox.dir, bytes('fifo'))).toMatchObject({ type: 'fifo', mode: 0o4621 });
  });

  it('does not set the mode of what a link points to', () => {
    writeFile(posix, sandbox.dir, good, 'content');
    posix.makeSymlink(good, sandbox.dir, bytes('link'));
    const before = posix.statusAt(sandbox.dir, good).mode;
    codeOf(() => posix.setModeAt(sandbox.dir, bytes('link'), 0o777));
    expect(posix.statusAt(sandbox.dir, good).mode).toBe(before);
  });

  it.runIf(isRoot)('sets owners, of a link itself too, up to the largest number', () => {
    const fd = posix.createFile(sandbox.dir, good, 0o600);
    posix.setOwner(fd, 12, 4_294_967_294);
    expect(posix.status(fd)).toMatchObject({ uid: 12, gid: 4_294_967_294 });
    posix.setOwner(fd, -1, 34);
    expect(posix.status(fd)).toMatchObject({ uid: 12, gid: 34 });
    posix.close(fd);
    posix.makeSymlink(good, sandbox.dir, bytes('link'));
    posix.setOwnerAt(sandbox.dir, bytes('link'), 4_294_967_294, 78);
    posix.setOwnerAt(sandbox.dir, bytes('link'), -1, 79);
    expect(posix.statusAt(sandbox.dir, bytes('link'))).toMatchObject({ uid: 4_294_967_294, gid: 79 });
    expect(posix.statusAt(sandbox.dir, good)).toMatchObject({ uid: 12, gid: 34 });
  });
});

describe.each(IMPLEMENTATIONS)('%s: names that change', (_, posix) => {
  const sandbox = useSandbox(posix);
  const at = (name: string) => join(sandbox.path, name);

  it('links a link itself', () => {
    posix.makeSymlink(bytes('nowhere'), sandbox.dir, good);
    posix.link(sandbox.dir, good, sandbox.dir, bytes('second'));
    expect(posix.statusAt(sandbox.dir, bytes('second'))).toMatchObject({ type: 'symlink', nlink: 2 });
  });

  it('does not unlink a folder', () => {
    fs.mkdirSync(at('folder'));
    expect(codeOf(() => posix.unlink(sandbox.dir, bytes('folder')))).toBe('EISDIR');
  });

  it.each([
    ['a file', 'a file', 'EEXIST'],
    ['a file', 'a dangling link', 'EEXIST'],
    ['a folder', 'a file', 'EEXIST'],
    ['a folder', 'an empty folder', 'EEXIST'],
    ['a dangling link', 'a file', 'EEXIST'],
    ['a file', 'nothing', undefined],
    ['a folder', 'nothing', undefined],
    ['a dangling link', 'nothing', undefined],
  ])('renames %s onto %s without replacing: %s', (from, to, code) => {
    const make: Record<string, (path: string) => void> = {
      'a file': (path) => fs.writeFileSync(path, 'content'),
      'a folder': (path) => fs.mkdirSync(join(path, 'inner'), { recursive: true }),
      'an empty folder': (path) => fs.mkdirSync(path),
      'a dangling link': (path) => fs.symlinkSync('nowhere', path),
      nothing: () => {},
    };
    make[from]?.(at('from'));
    make[to]?.(at('to'));
    const { ino } = posix.statusAt(sandbox.dir, bytes('from'));
    expect(codeOf(() => posix.renameNoReplace(sandbox.dir, bytes('from'), sandbox.dir, bytes('to')))).toBe(code);
    expect(posix.statusAt(sandbox.dir, bytes(code === undefined ? 'to' : 'from'))).toMatchObject({
      ino,
      nlink: expect.any(Number),
    });
    expect(posix.names(sandbox.dir)).toHaveLength(code === undefined ? 1 : 2);
  });

  it('exchanges a folder and a link in one step, or says that it cannot', () => {
    fs.mkdirSync(at('a'));
    fs.writeFileSync(at('a/inner'), '');
    fs.symlinkSync('nowhere', at('b'));
    const exchange = () => posix.exchange(sandbox.dir, bytes('a'), sandbox.dir, bytes('b'));
    if (!posix.capabilities.exchange) return expect(codeOf(exchange)).toBe('ENOTSUP');
    exchange();
    expect(fs.readdirSync(at('b'))).toEqual(['inner']);
    expect(fs.readlinkSync(at('a'))).toBe('nowhere');
    posix.unlink(sandbox.dir, bytes('a'));
    expect(codeOf(exchange)).toBe('ENOENT');
  });

  it.each(['fifo', 'socket'] as const)('makes a %s, or says that it cannot', (type) => {
    const make = () => posix.makeNode(sandbox.dir, good, type, 0o600, { major: 0, minor: 0 });
    if (!posix.capabilities.specialFiles) return expect(codeOf(make)).toBe('ENOTSUP');
    make();
    expect(posix.statusAt(sandbox.dir, good)).toMatchObject({ type, mode: 0o600 });
  });

  it.runIf(isRoot).each(['char-device', 'block-device'] as const)('makes a %s, or says that it cannot', (type) => {
    const device = { major: 259, minor: 70_001 };
    const make = () => posix.makeNode(sandbox.dir, good, type, 0o600, device);
    if (!posix.capabilities.specialFiles) return expect(codeOf(make)).toBe('ENOTSUP');
    make();
    expect(posix.statusAt(sandbox.dir, good)).toMatchObject({ type, device });
  });
});

describe.each(IMPLEMENTATIONS)('%s: content', (_, posix) => {
  const sandbox = useSandbox(posix);
  const MIB = 2 ** 20;

  it('finds the holes of a file, or takes all for data', () => {
    const fd = posix.createFile(sandbox.dir, good, 0o600);
    posix.truncate(fd, 10 * MIB);
    for (const offset of [1, 2, 6]) fs.writeSync(fd, Buffer.alloc(MIB, 1), 0, MIB, offset * MIB);
    const found = posix.holes(fd, 10 * MIB);
    expect(found).toEqual(
      posix.capabilities.holes
        ? [
            { offset: 0, length: MIB },
            { offset: 3 * MIB, length: 3 * MIB },
            { offset: 7 * MIB, length: 3 * MIB },
          ]
        : [],
    );
    expect(posix.status(fd).blocks * 512).toBeLessThan(4 * MIB);
    posix.close(fd);
  });

  it('knows a file that is all hole, all data, or empty', () => {
    const fd = posix.createFile(sandbox.dir, good, 0o600);
    expect(posix.holes(fd, 0)).toEqual([]);
    posix.truncate(fd, MIB);
    expect(posix.holes(fd, MIB)).toEqual(posix.capabilities.holes ? [{ offset: 0, length: MIB }] : []);
    fs.writeSync(fd, Buffer.alloc(MIB, 1), 0, MIB, 0);
    expect(posix.holes(fd, MIB)).toEqual([]);
    posix.close(fd);
  });

  it('writes out in the background without a promise', async () => {
    writeFile(posix, sandbox.dir, good, 'content');
    await expect(posix.startWriteback(sandbox.dir)).resolves.toBeUndefined();
    await expect(posix.startWriteback(-1)).resolves.toBeUndefined();
  });

  it('reserves space, clones and syncs, or says that it does not', () => {
    writeFile(posix, sandbox.dir, bytes('source'), 'content');
    const source = posix.openForReading(sandbox.dir, bytes('source'));
    const fd = posix.createFile(sandbox.dir, good, 0o600);
    const allocated = posix.allocate(fd, MIB);
    expect(posix.status(fd).size).toBe(allocated ? MIB : 0);
    expect(allocated).toBe(posix.capabilities.allocation);
    posix.truncate(fd, 0);
    const cloned = posix.cloneContent(source, fd);
    expect(fs.readFileSync(fd, 'utf8')).toBe(cloned ? 'content' : '');
    posix.sync(fd);
    posix.sync(sandbox.dir);
    expect(posix.syncFilesystem(sandbox.dir)).toBe(posix.capabilities.syncFilesystem);
    posix.close(fd);
    posix.close(source);
  });
});
