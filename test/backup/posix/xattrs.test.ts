import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openPosix } from '../../../src/backup/posix/open-posix.ts';
import { readXattrs, writeXattrs } from '../../../src/backup/posix/xattrs.ts';
import { toByteString } from '../../../src/shared/bytes.ts';
import { testSeed } from '../../helpers/seeded-random.ts';
import { bytes, codeOf, isRoot, useSandbox } from './sandbox.ts';

const good = bytes('good');
const ACCESS = bytes('system.posix_acl_access');
const DEFAULT = bytes('system.posix_acl_default');

/** The kernel's bytes of an ACL (linux/posix_acl_xattr.h): version 2, then tag, permissions and ID of each entry. */
function acl(...entries: [tag: number, permissions: number, id?: number][]): Buffer {
  const value = Buffer.alloc(4 + entries.length * 8);
  value.writeUInt32LE(2, 0);
  entries.forEach(([tag, permissions, id], i) => {
    value.writeUInt16LE(tag, 4 + i * 8);
    value.writeUInt16LE(permissions, 6 + i * 8);
    value.writeUInt32LE(id ?? 0xffffffff, 8 + i * 8);
  });
  return value;
}

const USER_1234_READS = acl([1, 6], [2, 4, 1234], [4, 4], [0x10, 4], [0x20, 0]);

describe('extended attributes, natively', () => {
  const posix = openPosix();
  const sandbox = useSandbox(posix);

  it('keep any value under any name', () => {
    const fd = posix.createFile(sandbox.dir, good, 0o600);
    const names = fc
      .uint8Array({ minLength: 1, maxLength: 60 })
      .map((raw) => bytes('user.') + toByteString(raw.map((byte) => byte || 1)));
    const xattrs = fc.uniqueArray(
      fc.record({ name: names, value: fc.uint8Array({ maxLength: 200 }).map((value) => Buffer.from(value)) }),
      { selector: (xattr) => xattr.name, maxLength: 5 },
    );
    fc.assert(
      fc.property(xattrs, (wanted) => {
        const sorted = wanted
          .map((xattr) => ({ ...xattr, name: xattr.name as never }))
          .sort((a, b) => (a.name < b.name ? -1 : 1));
        expect(writeXattrs(posix, fd, sorted)).toEqual([]);
        expect(readXattrs(posix, fd)).toEqual(sorted);
        expect(readXattrs(posix, { dir: sandbox.dir, name: good })).toEqual(sorted);
      }),
      { seed: testSeed() },
    );
    posix.close(fd);
  });

  it('are set and removed by name too', () => {
    posix.close(posix.createFile(sandbox.dir, good, 0o600));
    const carrier = { dir: sandbox.dir, name: good };
    expect(readXattrs(posix, carrier)).toEqual([]);
    writeXattrs(posix, carrier, [{ name: bytes('user.a'), value: Buffer.from('1') }]);
    writeXattrs(posix, carrier, [{ name: bytes('user.b'), value: Buffer.alloc(0) }]);
    expect(readXattrs(posix, carrier)).toEqual([{ name: 'user.b', value: Buffer.alloc(0) }]);
    expect(posix.xattrAt(sandbox.dir, good, bytes('user.a'))).toBeUndefined();
  });

  it('hold ACLs, whose mask is the group permission', () => {
    const fd = posix.createFile(sandbox.dir, good, 0o600);
    expect(writeXattrs(posix, fd, [{ name: ACCESS, value: USER_1234_READS }])).toEqual([]);
    expect(readXattrs(posix, fd)).toEqual([{ name: ACCESS, value: USER_1234_READS }]);
    expect(posix.status(fd).mode).toBe(0o640);
    posix.close(fd);
  });

  it("lose what a folder's default ACL gave a new file, and its mode stays", () => {
    const value = acl([1, 7], [2, 7, 1234], [4, 7], [0x10, 7], [0x20, 7]);
    posix.setXattr(sandbox.dir, DEFAULT, value);
    const fd = posix.createFile(sandbox.dir, good, 0o600);
    expect(readXattrs(posix, fd).map(({ name }) => name)).toEqual([ACCESS]);
    posix.setMode(fd, 0o654);
    expect(writeXattrs(posix, fd, [])).toEqual([]);
    expect(readXattrs(posix, fd)).toEqual([]);
    expect(posix.status(fd).mode).toBe(0o654);
    posix.close(fd);
  });

  it('of a FIFO are its own', () => {
    execFileSync('mkfifo', [join(sandbox.path, 'fifo')]);
    const carrier = { dir: sandbox.dir, name: bytes('fifo') };
    expect(writeXattrs(posix, carrier, [{ name: ACCESS, value: USER_1234_READS }])).toEqual([]);
    expect(readXattrs(posix, carrier)).toEqual([{ name: ACCESS, value: USER_1234_READS }]);
  });

  it.runIf(isRoot)("of a link are its own and not its target's", () => {
    posix.close(posix.createFile(sandbox.dir, good, 0o600));
    posix.makeSymlink(good, sandbox.dir, bytes('link'));
    const wanted = [{ name: bytes('trusted.a'), value: Buffer.from([0, 255, 10]) }];
    expect(writeXattrs(posix, { dir: sandbox.dir, name: bytes('link') }, wanted)).toEqual([]);
    expect(readXattrs(posix, { dir: sandbox.dir, name: bytes('link') })).toEqual(wanted);
    expect(readXattrs(posix, { dir: sandbox.dir, name: good })).toEqual([]);
  });

  it('that the system refuses are reported, and the rest is written', () => {
    const fd = posix.createFile(sandbox.dir, good, 0o600);
    const failures = writeXattrs(posix, fd, [
      { name: bytes('system.unheard-of'), value: Buffer.from('1') },
      { name: bytes('user.huge'), value: Buffer.alloc(65_537) },
      { name: bytes('user.kept'), value: Buffer.from('2') },
    ]);
    expect(failures.map(({ name, error }) => [name, (error as { code: string }).code])).toEqual([
      ['system.unheard-of', 'ENOTSUP'],
      ['user.huge', 'E2BIG'],
    ]);
    expect(posix.xattrNames(fd)).toEqual(['user.kept']);
    posix.close(fd);
  });

  it.each(['', 'user.a\0b', `user.${'n'.repeat(251)}`, 'user.\u012f'])('refuse the impossible name %j', (name) => {
    const fd = posix.createFile(sandbox.dir, good, 0o600);
    expect(codeOf(() => posix.setXattr(fd, name as never, Buffer.alloc(1)))).toBe('refused');
    expect(codeOf(() => posix.xattr(fd, name as never))).toBe('refused');
    expect(codeOf(() => posix.removeXattr(fd, name as never))).toBe('refused');
    posix.close(fd);
  });

  it('of a file system without any are none', () => {
    const proc = posix.openRoot(bytes('/proc/self'));
    expect(readXattrs(posix, { dir: proc, name: bytes('status') })).toEqual([]);
    posix.close(proc);
  });
});

describe('extended attributes, in the fallback', () => {
  const posix = openPosix({ native: 'off' });
  const sandbox = useSandbox(posix);

  it('are absent when read and refused when written', () => {
    fs.writeFileSync(join(sandbox.path, 'good'), '');
    const native = openPosix();
    native.setXattrAt(sandbox.dir, good, bytes('user.a'), Buffer.from('1'));
    expect(posix.capabilities.xattrs).toBe(false);
    const fd = posix.openForReading(sandbox.dir, good);
    expect(readXattrs(posix, fd)).toEqual([]);
    expect(readXattrs(posix, { dir: sandbox.dir, name: good })).toEqual([]);
    for (const carrier of [fd, { dir: sandbox.dir, name: good }]) {
      const failures = writeXattrs(posix, carrier, [{ name: bytes('user.b'), value: Buffer.from('2') }]);
      expect(failures).toEqual([{ name: 'user.b', error: expect.objectContaining({ code: 'ENOTSUP' }) }]);
    }
    posix.close(fd);
  });
});
