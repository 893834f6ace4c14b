import { describe, expect, it } from 'vitest';
import { readTar } from '../../../src/backup/archive/tar-reader.ts';
import { collect, inPieces, kernelAcl, membersOf } from './helpers/members.ts';
import type { RawMember } from './helpers/raw-archive.ts';
import { padded, paxHeader, paxRecord, rawArchive, rawMember, sealHeader } from './helpers/raw-archive.ts';

const read = (...members: readonly (RawMember | Buffer)[]) => membersOf(rawArchive(...members));
const base256 = (value: bigint, length: number) => {
  const bytes = Buffer.from(
    BigInt.asUintN(8 * length, value)
      .toString(16)
      .padStart(2 * length, '0'),
    'hex',
  );
  bytes.writeUInt8(bytes.readUInt8(0) | 0x80, 0);
  return bytes;
};

describe('the archive reader takes members as other programs write them', () => {
  it.each([
    ['ustar', 'ustar\x0000', '0'],
    ['GNU', 'ustar  \0', '0'],
    ['v7', '', '\0'],
    ['contiguous', 'ustar\x0000', '7'],
  ])('a file of the dialect %s', async (_, magic, typeflag) => {
    const { members, warnings } = await read({ name: './some//./file', magic, typeflag, body: 'hello' });
    expect(warnings).toEqual([]);
    expect(members).toEqual([
      {
        data: Buffer.from('hello'),
        entry: { path: 'some/file', type: 'file', mode: 0o644, uid: 1000, gid: 100, mtimeNs: 1_000_000_000n, size: 5 },
      },
    ]);
  });

  it('numbers in base-256, negative ones too', async () => {
    const { members } = await read({
      uid: base256(4_000_000_000n, 8),
      mtime: base256(-5n, 12),
      size: base256(1n, 12),
      body: 'x',
    });
    expect(members[0]?.entry).toMatchObject({ uid: 4_000_000_000, mtimeNs: -5_000_000_000n, size: 1 });
  });

  it('numbers led by blanks, ended by blanks, and empty fields', async () => {
    const { members } = await read({ uid: '  1750 \0', mode: '\0\0\0\0\0\0\0\0', body: 'x' });
    expect(members[0]?.entry).toMatchObject({ uid: 1000, mode: 0 });
  });

  it('checksums that were summed over signed characters', async () => {
    const block = rawMember({ name: 'n\xe4me' });
    const sum = block.subarray(0, 148).reduce((total, byte) => total + ((byte << 24) >> 24), 8 * 32);
    const signed = block.subarray(156, 512).reduce((total, byte) => total + ((byte << 24) >> 24), sum);
    block.write(`${signed.toString(8).padStart(6, '0')}\0 `, 148);
    expect((await read(block)).members[0]?.entry.path).toBe('n\xe4me');
  });

  it('long names of GNU tar', async () => {
    const { members } = await read(
      { name: '././@LongLink', typeflag: 'L', magic: 'ustar  \0', body: `${'l'.repeat(300)}\0` },
      { name: '././@LongLink', typeflag: 'K', magic: 'ustar  \0', body: `${'t'.repeat(300)}\0` },
      { name: 'short', typeflag: '2', magic: 'ustar  \0', linkname: 'short' },
    );
    expect(members[0]?.entry).toMatchObject({ path: 'l'.repeat(300), target: 't'.repeat(300), type: 'symlink' });
  });

  it('raw bytes in extended headers, and nanoseconds before 1970', async () => {
    const { members } = await read(
      paxHeader([
        ['hdrcharset', 'BINARY'],
        ['path', '\xff\n\xfe'],
        ['mtime', '-1.0000000011'],
        ['uname', 'us\xe9r'],
      ]),
      { name: 'x' },
    );
    expect(members[0]?.entry).toMatchObject({ path: '\xff\n\xfe', mtimeNs: -1_000_000_002n, user: 'us\xe9r' });
  });

  it('global headers for owners and times, whose own records count first', async () => {
    const { members, warnings } = await read(
      paxHeader(
        [
          ['uid', '7'],
          ['gid', '8'],
          ['comment', 'c'],
          ['path', 'everyone'],
        ],
        'g',
      ),
      paxHeader([['uid', '9']]),
      { name: 'a' },
      { name: 'b' },
    );
    expect(members.map(({ entry }) => [entry.path, entry.uid, entry.gid])).toEqual([
      ['a', 9, 8],
      ['b', 7, 8],
    ]);
    expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining('global header')]);
  });

  it('an empty record withdraws what the global header says', async () => {
    const { members } = await read(paxHeader([['uid', '7']], 'g'), paxHeader([['uid', '']]), { name: 'a' });
    expect(members[0]?.entry.uid).toBe(1000);
  });

  it('attributes as libarchive writes them, in its own form and in that of star', async () => {
    const { members } = await read(
      paxHeader([
        ['LIBARCHIVE.xattr.user.a%3Db%2525', Buffer.from('value\0').toString('base64').replace(/=+$/, '')],
        ['SCHILY.xattr.user.a=b%25', 'value\0'],
      ]),
      {},
    );
    expect(members[0]?.entry.xattrs).toEqual([{ name: 'user.a=b%25', value: Buffer.from('value\0') }]);
  });

  it('the SELinux label of GNU tar', async () => {
    const { members } = await read(paxHeader([['RHT.security.selinux', 'a:b:c']]), {});
    expect(members[0]?.entry.xattrs).toEqual([{ name: 'security.selinux', value: Buffer.from('a:b:c\0') }]);
  });

  it('access lists with names, and drops those that name nobody with a warning', async () => {
    const { members, warnings } = await read(
      paxHeader([
        ['SCHILY.acl.access', 'user::rw-\nuser:daemon:rwx\t#effective:r--\ngroup::r--\nmask::r--\nother::---'],
        ['SCHILY.acl.default', 'user::rw-,user:stranger:rwx,group::r--,mask::r--,other::---'],
      ]),
      { typeflag: '5' },
    );
    const expected = kernelAcl([
      [0x01, 6],
      [0x02, 7, 1],
      [0x04, 4],
      [0x10, 4],
      [0x20, 0],
    ]);
    expect(members[0]?.entry.xattrs).toEqual([{ name: 'system.posix_acl_access', value: expected }]);
    expect(warnings).toHaveLength(1);
  });

  it('no access list where it says no more than the mode', async () => {
    const { members } = await read(paxHeader([['SCHILY.acl.access', 'user::rw-,group::r--,other::---']]), {});
    expect(members[0]?.entry.xattrs).toBeUndefined();
  });

  it('hard links, whose size old writers give without data', async () => {
    const { members } = await read(
      { name: './a', body: 'data' },
      { name: 'b', typeflag: '1', linkname: './a', size: '00000000004\0' },
      { name: 'c', body: 'next' },
    );
    expect(members.map(({ entry }) => [entry.path, entry.hardlink])).toEqual([
      ['a', undefined],
      ['b', 'a'],
      ['c', undefined],
    ]);
  });

  it('hard links that carry their data once more', async () => {
    const { members } = await read(
      { name: 'a', body: 'data' },
      paxHeader([['comment', '']]),
      { name: 'b', typeflag: '1', linkname: 'a', body: 'data' },
      { name: 'c' },
    );
    expect(members.map(({ entry }) => entry.path)).toEqual(['a', 'b', 'c']);
  });

  it('folders that old writers marked by a slash, and sizes of folders that mean nothing', async () => {
    const { members } = await read(
      { name: 'old/', typeflag: '\0', magic: '' },
      { name: 'new', typeflag: '5', size: '00000010000\0' },
      { name: 'f' },
    );
    expect(members.map(({ entry }) => entry.type)).toEqual(['directory', 'directory', 'file']);
  });

  it('devices', async () => {
    const { members } = await read({ typeflag: '4', patch: { at: 329, bytes: '0000007\0\x80\0\0\0\0\x30\0\0' } });
    expect(members[0]?.entry).toMatchObject({ type: 'block-device', device: { major: 7, minor: 0x300000 } });
  });

  it('unknown types as files, with a warning', async () => {
    const { members, warnings } = await read({ typeflag: 'Q', body: 'q' });
    expect(members.map(({ entry, data }) => [entry.type, entry.size, data.toString()])).toEqual([['file', 1, 'q']]);
    expect(warnings).toHaveLength(1);
  });

  it('what is no part of the tree is passed over with its data', async () => {
    const { members, warnings } = await read(
      { typeflag: 'V' },
      { typeflag: 'M', body: 'rest' },
      { typeflag: 'A', body: 'acl' },
      { name: 'b' },
    );
    expect(members.map(({ entry }) => entry.path)).toEqual(['b']);
    expect(warnings).toHaveLength(2);
  });

  it('does not give the extended header of a member passed over to the next one', async () => {
    const { members } = await read(paxHeader([['path', 'continued']]), { typeflag: 'M', body: 'rest' }, { name: 'b' });
    expect(members.map(({ entry }) => entry.path)).toEqual(['b']);
  });

  it('the shorter prefix of star, whose times follow it', async () => {
    const block = rawMember({ name: 'n', patch: { at: 345, bytes: `prefix${'\0'.repeat(125)}15300022140 ` } });
    block.write(`${'p'.repeat(131)}`, 345);
    block.write('tar\0', 508);
    expect((await read(sealHeader(block))).members[0]?.entry.path).toBe(`${'p'.repeat(131)}/n`);
  });

  it('the same whatever the pieces in which the bytes arrive, also when data is left unread', async () => {
    const archive = rawArchive({ name: 'a', body: 'x'.repeat(2000) }, paxHeader([['path', 'long']]), { body: 'yy' });
    for (const length of [1, 7, 511, 513, 4096]) {
      const paths: string[] = [];
      const options = { onWarning: () => {}, lookupOwner: () => undefined };
      for await (const { entry, content } of readTar(inPieces(archive, length), options)) {
        paths.push(entry.path);
        if (entry.path === 'long') expect((await collect(content)).toString()).toBe('yy');
      }
      expect(paths).toEqual(['a', 'long']);
    }
  });

  it('refuses to give data of a member that has been passed', async () => {
    const options = { onWarning: () => {}, lookupOwner: () => undefined };
    const reader = readTar(inPieces(rawArchive({ body: 'one' }, { body: 'two' })), options);
    const first = await reader.next();
    await reader.next();
    await expect(collect(first.value?.content)).rejects.toMatchObject({ code: 'internal' });
  });

  it('ends its source when the consumer stops', async () => {
    let ended = false;
    async function* source() {
      try {
        yield* inPieces(rawArchive({}, {}, {}), 512);
      } finally {
        ended = true;
      }
    }
    for await (const _ of readTar(source(), { onWarning: () => {}, lookupOwner: () => undefined })) break;
    expect(ended).toBe(true);
  });
});

const sparse10 = (map: string, realsize: string, data = '') => [
  paxHeader([
    ['GNU.sparse.major', '1'],
    ['GNU.sparse.minor', '0'],
    ['GNU.sparse.name', 's'],
    ['GNU.sparse.realsize', realsize],
  ]),
  { name: 'GNUSparseFile.1/s', body: Buffer.concat([padded(Buffer.from(map)), Buffer.from(data)]) },
];

describe('the archive reader takes sparse files', () => {
  it.each([
    ['1.0', sparse10('2\n4\n3\n10\n0\n', '10', 'abc')],
    [
      '0.1',
      [
        paxHeader([
          ['GNU.sparse.name', 's'],
          ['GNU.sparse.size', '10'],
          ['GNU.sparse.map', '4,3,10,0'],
        ]),
        { body: 'abc' },
      ],
    ],
    [
      '0.0',
      [
        paxHeader([
          ['GNU.sparse.size', '10'],
          ['GNU.sparse.numblocks', '2'],
          ['GNU.sparse.offset', '4'],
          ['GNU.sparse.numbytes', '3'],
          ['GNU.sparse.offset', '10'],
          ['GNU.sparse.numbytes', '0'],
        ]),
        { name: 's', body: 'abc' },
      ],
    ],
    [
      'S',
      [
        {
          name: 's',
          typeflag: 'S',
          magic: 'ustar  \0',
          body: 'abc',
          patch: {
            at: 386,
            bytes: `00000000004\x0000000000003\x0000000000012\x0000000000000\0${'\0'.repeat(49)}00000000012\0`,
          },
        },
      ],
    ],
  ])('of the format %s', async (_, archive) => {
    const { members } = await read(...archive, { name: 'after' });
    expect(members.map(({ entry }) => entry.path)).toEqual(['s', 'after']);
    expect(members[0]?.data.toString()).toBe('abc');
    expect(members[0]?.entry).toMatchObject({
      size: 10,
      holes: [
        { offset: 0, length: 4 },
        { offset: 7, length: 3 },
      ],
    });
  });

  it.each([
    ['overlapping extents', sparse10('2\n4\n3\n5\n2\n', '10', 'abcde')],
    ['extents past the end', sparse10('1\n8\n3\n', '10', 'abc')],
    ['less data than the map lists', sparse10('1\n4\n3\n', '10', 'ab')],
    ['more data than the map lists', sparse10('1\n4\n3\n', '10', 'abcd')],
    ['a map longer than the member', sparse10('900\n', '10')],
    ['five million extents', sparse10('5000000\n', '10')],
    ['a line without an end', sparse10('1'.repeat(2000), '10')],
    ['a number that is none', sparse10('1\nx\n3\n', '10', 'abc')],
    ['a negative size', sparse10('1\n4\n3\n', '-10', 'abc')],
    ['a size of 2^60', sparse10('1\n4\n3\n', '1152921504606846976', 'abc')],
    [
      'an odd map',
      [
        paxHeader([
          ['GNU.sparse.size', '10'],
          ['GNU.sparse.map', '4,3,10'],
        ]),
        { body: 'abc' },
      ],
    ],
    [
      'offsets in a row',
      [
        paxHeader([
          ['GNU.sparse.size', '10'],
          ['GNU.sparse.offset', '1'],
          ['GNU.sparse.offset', '2'],
        ]),
        {},
      ],
    ],
    [
      'no size',
      [
        paxHeader([
          ['GNU.sparse.major', '1'],
          ['GNU.sparse.minor', '0'],
        ]),
        {},
      ],
    ],
    [
      'an unknown version',
      [
        paxHeader([
          ['GNU.sparse.major', '2'],
          ['GNU.sparse.minor', '0'],
          ['GNU.sparse.realsize', '1'],
        ]),
        {},
      ],
    ],
    ['the format of star', [{ typeflag: 'S', body: 'abc' }]],
  ])('but refuses %s', async (_, archive) => {
    await expect(read(...archive)).rejects.toMatchObject({ code: 'damaged' });
  });

  it('stops at a map of type S that never ends', async () => {
    const header = rawMember({ typeflag: 'S', magic: 'ustar  \0', patch: { at: 482, bytes: '\x01' } });
    const extension = Buffer.alloc(512, 0);
    for (let i = 0; i < 21; i++) extension.write('00000000000\x0000000000000\0', 24 * i);
    extension[504] = 1;
    let given = 0;
    async function* endless() {
      yield header;
      for (;;) {
        given++;
        yield extension;
      }
    }
    await expect(membersOf(endless())).rejects.toMatchObject({ code: 'damaged' });
    expect(given).toBeLessThan(50_000);
  });
});

describe('the archive reader meets hostile archives', () => {
  const left = async (...members: readonly (RawMember | Buffer)[]) => {
    const { members: kept, warnings } = await read(...members, { name: 'kept' });
    return { kept: kept.map(({ entry }) => entry.path), messages: warnings.map(({ message }) => message) };
  };

  it.each([
    ['a name that climbs', { name: '../../etc/passwd', body: 'x' }],
    ['a name that climbs in the middle', { name: 'a/../../b', body: 'x' }],
    ['a hard link that climbs', { name: 'a', typeflag: '1', linkname: '../b' }],
    ['a hard link to itself', { name: 'a', typeflag: '1', linkname: './a' }],
    ['a hard link to nothing', { name: 'a', typeflag: '1' }],
    ['a symbolic link without a target', { name: 'a', typeflag: '2' }],
    ['a file without a name', { name: '././', typeflag: '6' }],
  ])('leaves out %s with a warning', async (_, member) => {
    expect(await left(member)).toEqual({ kept: ['kept'], messages: [expect.stringContaining('left out')] });
  });

  it.each([
    ['path', { name: 'a', body: 'x' }],
    ['linkpath', { name: 'a', typeflag: '2' }],
    ['GNU.sparse.name', { name: 'a', body: 'x' }],
  ])('leaves out a member whose %s holds a NUL', async (key, member) => {
    expect(await left(paxHeader([[key, 'a\0b']]), member)).toEqual({
      kept: ['kept'],
      messages: [expect.stringContaining('left out')],
    });
  });

  it('keeps reading at the right place after leaving out an old sparse file', async () => {
    const header = rawMember({
      name: '../s',
      typeflag: 'S',
      magic: 'ustar  \0',
      size: '00000000003\0',
      patch: { at: 482, bytes: `\x0100000000012\0` },
    });
    const extension = Buffer.alloc(512);
    extension.write('00000000004\x0000000000003\0');
    expect((await left(header, extension, padded(Buffer.from('abc')))).kept).toEqual(['kept']);
  });

  it('takes leading slashes off and says so once', async () => {
    expect(await left({ name: '/etc/passwd' }, { name: '//b' })).toEqual({
      kept: ['etc/passwd', 'b', 'kept'],
      messages: [expect.stringContaining('absolute')],
    });
  });

  it('keeps symbolic links as they are: following them is for nobody', async () => {
    const { members } = await read({ name: 'a', typeflag: '2', linkname: '../../../etc' });
    expect(members[0]?.entry.target).toBe('../../../etc');
  });

  it('gives no more than a thousand warnings', async () => {
    const { warnings } = await read(...Array.from({ length: 3000 }, () => ({ name: '../x' })));
    expect(warnings).toHaveLength(1001);
    expect(warnings.at(-1)?.message).toMatch(/^2000 more/);
  });

  it.each([
    ['owners out of range', { uid: base256(-2n, 8) }, { uid: 65_534 }],
    ['times out of range', { mtime: base256(2n ** 80n, 12) }, { mtimeNs: 0n }],
  ])('replaces %s with a warning', async (_, member, expected) => {
    const { members, warnings } = await read(member);
    expect(members[0]?.entry).toMatchObject(expected);
    expect(warnings).toHaveLength(1);
  });

  it.each([
    ['a negative size', [{ size: base256(-512n, 12) }]],
    ['a size of 2^80', [{ size: base256(2n ** 80n, 12) }]],
    ['a size that is no number', [{ size: 'hello world\0' }]],
    ['a size far beyond the end', [{ size: '77777777777\0' }]],
    ['a negative size record', [paxHeader([['size', '-1']]), {}]],
    ['a size record that is no number', [paxHeader([['size', '1e3']]), {}]],
    ['an owner that is no number', [paxHeader([['uid', 'root']]), {}]],
    ['a record longer than the header', [{ typeflag: 'x', body: '99 path=a\n' }, {}]],
    ['a record shorter than itself', [{ typeflag: 'x', body: '5 path=a\n' }, {}]],
    ['a record of length 0', [{ typeflag: 'x', body: '0 path=a\n' }, {}]],
    ['a record of endless length', [{ typeflag: 'x', body: `${'9'.repeat(400)} path=a\n` }, {}]],
    ['a record without a keyword', [{ typeflag: 'x', body: '6 =ab\n' }, {}]],
    ['a record without an equals sign', [{ typeflag: 'x', body: '7 abcd\n' }, {}]],
    ['a record without a length', [{ typeflag: 'x', body: 'path=a\n' }, {}]],
    ['an extended header without a member', [paxHeader([['path', 'a']])]],
    ['an extended header without a member, in an archive without end mark', [paxHeader([['path', 'a']])]],
    ['a device number out of range', [{ typeflag: '3', patch: { at: 329, bytes: base256(-1n, 8) } }]],
    ['a wrong checksum', [{}, Buffer.alloc(512, 'x')]],
  ])('refuses %s', async (_, archive) => {
    await expect(read(...archive)).rejects.toMatchObject({ name: 'HoldfastError', code: 'damaged' });
  });

  it.each(['x', 'g', 'L', 'K'])('refuses a header of type %s that is a bomb, before it is read', async (typeflag) => {
    let given = 0;
    async function* bomb() {
      yield rawMember({ typeflag, size: '77777777777\0' });
      for (;;) {
        given++;
        yield Buffer.alloc(65_536);
      }
    }
    await expect(membersOf(bomb())).rejects.toMatchObject({ code: 'damaged' });
    expect(given).toBe(0);
  });

  it('finds every truncation', async () => {
    const archive = rawArchive(paxHeader([['path', 'long']]), { body: 'x'.repeat(700) });
    const whole = archive.length - 1024;
    for (let length = 0; length < whole; length += 37) {
      await expect(membersOf(archive.subarray(0, length)), `cut to ${length}`).rejects.toMatchObject({
        code: 'damaged',
      });
    }
    const { warnings } = await membersOf(archive.subarray(0, whole));
    expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining('without an end mark')]);
  });

  it('says where data follows the end mark', async () => {
    const { members, warnings } = await membersOf(
      Buffer.concat([rawArchive({ name: 'a' }), rawArchive({ name: 'b' })]),
    );
    expect(members).toHaveLength(1);
    expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining('after the end mark at byte 512')]);
  });

  it('tells what is no archive at all', async () => {
    for (const bytes of [Buffer.from('hello'), Buffer.alloc(5000, 'text '), Buffer.alloc(0)]) {
      await expect(membersOf(bytes)).rejects.toMatchObject({
        code: 'damaged',
        message: expect.stringContaining('no tar archive'),
      });
    }
  });

  it('drops attributes that are not valid, with a warning', async () => {
    const { members, warnings } = await read(
      paxHeader([
        ['SCHILY.xattr.', 'x'],
        [`SCHILY.xattr.user.${'n'.repeat(300)}`, 'x'],
        ['SCHILY.acl.access', 'nonsense'],
      ]),
      {},
      paxHeader([['LIBARCHIVE.xattr.user.a', '*']]),
      {},
    );
    expect(members.map(({ entry }) => entry.xattrs)).toEqual([undefined, undefined]);
    expect(warnings).toHaveLength(4);
  });

  it('reads a header of a megabyte and refuses a larger one', async () => {
    const record = (length: number) => paxRecord('SCHILY.xattr.user.big', Buffer.alloc(length));
    const { members } = await read({ typeflag: 'x', body: record(1_048_000) }, {});
    expect(members[0]?.entry.xattrs?.[0]?.value).toHaveLength(1_048_000);
    await expect(read({ typeflag: 'x', body: record(1_049_000) }, {})).rejects.toMatchObject({ code: 'damaged' });
  });
});
