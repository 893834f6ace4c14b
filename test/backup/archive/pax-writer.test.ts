import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRecords } from '../../../src/backup/archive/pax-records.ts';
import type { TarMember } from '../../../src/backup/archive/pax-writer.ts';
import type { Entry, EntryType } from '../../../src/backup/entry.ts';
import { archiveOf, entryOf, fileOf, kernelAcl, membersOf, raw } from './helpers/members.ts';

const byte = (except: readonly string[]) =>
  fc
    .nat(255)
    .map((code) => String.fromCharCode(code))
    .filter((char) => char !== '\0' && !except.includes(char));
const component = fc
  .oneof(fc.string({ unit: byte(['/']), minLength: 1, maxLength: 255 }), fc.stringMatching(/^[a-z]{1,8}$/))
  .filter((name) => name !== '.' && name !== '..');
const path = fc.array(component, { minLength: 1, maxLength: 30 }).map((names) => raw(names.join('/')));
const text = fc.string({ unit: byte([]), minLength: 1, maxLength: 300 }).map(raw);

const xattrs = fc
  .uniqueArray(
    fc.record({
      name: fc.string({ unit: byte([]), minLength: 1, maxLength: 240 }).map((name) => raw(`user.${name}`)),
      value: fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes)),
    }),
    { selector: ({ name }) => name, maxLength: 4 },
  )
  .map((list) => list.toSorted((a, b) => (a.name < b.name ? -1 : 1)));

const common = fc.record({
  path,
  mode: fc.nat(0o7777),
  uid: fc.nat(0xfffffffe),
  gid: fc.nat(0xfffffffe),
  user: fc.option(text, { nil: undefined }),
  group: fc.option(text, { nil: undefined }),
  mtimeNs: fc.bigInt(-(2n ** 80n), 2n ** 80n),
  xattrs: xattrs.map((list) => (list.length > 0 ? list : undefined)),
});

/** Alternating lengths of holes and data, from which a file is made. */
const file = fc
  .record({ runs: fc.array(fc.nat(2000), { maxLength: 12 }), tail: fc.nat(2 ** 50) })
  .map(({ runs, tail }) => {
    const holes: { offset: number; length: number }[] = [];
    let size = 0;
    let stored = 0;
    for (const [i, length] of [...runs, ...(runs.length % 2 === 0 ? [tail] : [])].entries()) {
      const previous = holes.at(-1);
      if (i % 2 === 1) stored += length;
      else if (length > 0 && previous !== undefined && previous.offset + previous.length === size)
        previous.length += length;
      else if (length > 0) holes.push({ offset: size, length });
      size += length;
    }
    return { size, holes: holes.length > 0 ? holes : undefined, data: Buffer.alloc(stored, 'data') };
  });

const member: fc.Arbitrary<TarMember> = fc.oneof(
  fc
    .tuple(common, file)
    .map(([entry, { data, ...shape }]) => ({ entry: { ...entry, type: 'file' as const, ...shape }, content: [data] })),
  fc.tuple(common, text).map(([entry, target]) => ({ entry: { ...entry, type: 'symlink' as const, size: 0, target } })),
  fc
    .tuple(common, path)
    .filter(([entry, first]) => entry.path !== first)
    .map(([entry, hardlink]) => ({ entry: { ...entry, type: 'file' as const, size: 0, hardlink } })),
  fc
    .tuple(common, fc.constantFrom<EntryType>('directory', 'fifo'))
    .map(([entry, type]) => ({ entry: { ...entry, type, size: 0 } })),
  fc
    .tuple(common, fc.constantFrom<EntryType>('char-device', 'block-device'), fc.nat(0xffffffff), fc.nat(0xffffffff))
    .map(([entry, type, major, minor]) => ({ entry: { ...entry, type, size: 0, device: { major, minor } } })),
);

describe('the archive writer', () => {
  it('writes what the reader gives back: names, owners, times, attributes, links, holes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(member, { maxLength: 4 }), async (members) => {
        const { bytes } = await archiveOf(members);
        const read = await membersOf(bytes);
        expect(read.warnings).toEqual([]);
        expect(read.members.map(({ entry }) => entry)).toEqual(members.map(({ entry }) => entry));
        const written = await Promise.all(
          members.map(async ({ content }) => Buffer.concat(await Array.fromAsync(content ?? []))),
        );
        expect(read.members.map(({ data }) => data)).toEqual(written);
      }),
      { numRuns: 150 },
    );
  });

  it('ends with two empty blocks and fills records of 10 KiB', async () => {
    for (const size of [0, 1, 7680, 8192, 8704, 9216, 20_000]) {
      const { bytes } = await archiveOf([fileOf('f', Buffer.alloc(size, 'x'), { mtimeNs: 0n })]);
      expect(bytes.length % 10_240).toBe(0);
      expect(bytes.subarray(-1024)).toEqual(Buffer.alloc(1024));
    }
  });

  it('needs no extended header for what ustar holds', async () => {
    const { bytes } = await archiveOf([fileOf('f', Buffer.from('x'), { mtimeNs: 1_000_000_000n })]);
    expect(bytes.toString('latin1', 0, 1)).toBe('f');
  });

  it('puts everything below a prefix, the root and link targets too', async () => {
    const root: Entry = entryOf('', { type: 'directory' });
    const link: Entry = entryOf('b', { hardlink: raw('a') });
    const members = [{ entry: root }, fileOf('a', Buffer.alloc(0)), { entry: link }];
    const read = async (prefix?: string) => (await membersOf((await archiveOf(members, prefix)).bytes)).members;
    expect((await read('top/dir')).map(({ entry }) => [entry.path, entry.hardlink])).toEqual([
      ['top/dir', undefined],
      ['top/dir/a', undefined],
      ['top/dir/b', 'top/dir/a'],
    ]);
    expect((await archiveOf(members)).bytes.includes('./\0')).toBe(true);
    expect((await read()).map(({ entry }) => entry.path)).toEqual(['', 'a', 'b']);
  });

  it('leaves sockets out with a warning', async () => {
    const { bytes, warnings } = await archiveOf([{ entry: entryOf('s', { type: 'socket' }) }]);
    expect(bytes.equals(Buffer.alloc(10_240))).toBe(true);
    expect(warnings).toEqual([{ path: 's', leftOut: true, message: expect.stringContaining('socket') }]);
  });

  it('writes access lists as text, and as an attribute where they are not understood', async () => {
    const name = raw('system.posix_acl_access');
    const list = kernelAcl([
      [0x01, 6],
      [0x04, 4],
      [0x10, 4],
      [0x20, 4],
    ]);
    const records = async (value: Buffer) => {
      const { bytes } = await archiveOf([fileOf('f', Buffer.alloc(0), { mtimeNs: 0n, xattrs: [{ name, value }] })]);
      return parseRecords(bytes.subarray(512, 512 + Number.parseInt(bytes.toString('latin1', 124, 135), 8)));
    };
    expect(await records(list)).toEqual([
      { key: 'SCHILY.acl.access', value: Buffer.from('user::rw-,group::r--,mask::r--,other::r--') },
    ]);
    expect(await records(Buffer.from('odd'))).toEqual([{ key: `SCHILY.xattr.${name}`, value: Buffer.from('odd') }]);
  });

  it.each([
    ['too little', Buffer.alloc(9)],
    ['too much', Buffer.alloc(11)],
  ])('fails where the content is %s for the entry', async (_, data) => {
    const member = { entry: entryOf('bad\x1bname', { size: 10 }), content: [data] };
    await expect(archiveOf([member])).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining('bad\\x1bname'),
    });
  });

  it('fails where a name holds a NUL or holes contradict the size', async () => {
    await expect(archiveOf([{ entry: entryOf('a\0b') }])).rejects.toMatchObject({ code: 'damaged' });
    const holes = [{ offset: 5, length: 10 }];
    await expect(archiveOf([{ entry: entryOf('a', { size: 10, holes }) }])).rejects.toMatchObject({ code: 'damaged' });
  });

  it('writes sizes beyond 8 GiB exactly', async () => {
    const size = 2 ** 33 + 5;
    const piece = Buffer.alloc(2 ** 20);
    function* content() {
      for (let left = size; left > 0; left -= piece.length) yield piece.subarray(0, left);
    }
    const { writeTar } = await import('../../../src/backup/archive/pax-writer.ts');
    const head = await writeTar([{ entry: entryOf('big', { size }), content: content() }], {
      onWarning: () => {},
    }).next();
    expect(head.value?.toString('latin1', 0, 2048)).toContain(` size=${size}\n`);
  });
});
