import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aclFromText, aclToText, isMinimalAcl } from '../../../src/backup/archive/acl.ts';
import { kernelAcl, NAMES } from './helpers/members.ts';

const lookup = (_: string, name: string) => NAMES[name];

const VALUE = kernelAcl([
  [0x01, 7],
  [0x02, 4, 0],
  [0x02, 6, 4_000_000_000],
  [0x04, 5],
  [0x08, 1, 2],
  [0x10, 7],
  [0x20, 0],
]);
const TEXT = 'user::rwx,user:0:r--,user:4000000000:rw-,group::r-x,group:2:--x,mask::rwx,other::---';

describe('access lists as text', () => {
  it('have numeric IDs', () => {
    expect(aclToText(VALUE)).toBe(TEXT);
  });

  it.each([
    ['our own', TEXT],
    ['in another order', TEXT.split(',').toReversed().join(',')],
    [
      'on lines, with comments and names',
      'user::rwx\nuser:0:r--\nuser:4000000000:rw-\n#x\ngroup::r-x #effective:r--\ngroup:bin:--x\nmask::rwx\nother::---\n',
    ],
    [
      'as star writes it',
      'user::rwx,user:root:r--:0,user:big:rw-:4000000000,group::r-x,group:bin:--x:2,mask::rwx,other::---',
    ],
    ['of defaults', `default:${TEXT.replaceAll(',', ',default:')}`],
    ['in short words', 'u::rwx,u:0:r,u:4000000000:rw,g::rx,g:2:x,m:rwx,o:---'],
  ])('are read %s', (_, text) => {
    expect(aclFromText(text, lookup)).toEqual(VALUE);
  });

  it.each([
    '',
    '\n',
    'nonsense',
    'user::rwz',
    'user:stranger:rwx',
    'user:99999999999:rwx',
    'user:4294967295:rwx',
    'mask:1:rwx',
    'user',
  ])('are refused as %j', (text) => {
    expect(aclFromText(text, lookup)).toBeUndefined();
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['no entries', VALUE.subarray(0, 4)],
    ['a cut value', VALUE.subarray(0, 15)],
    ['another version', Buffer.concat([Buffer.from([3, 0, 0, 0]), VALUE.subarray(4)])],
    ['an unknown tag', kernelAcl([[0x40, 7]])],
    ['more than three bits', kernelAcl([[0x01, 8]])],
  ])('are not made of %s', (_, value) => {
    expect(aclToText(value)).toBeUndefined();
  });

  it('give back the same value', () => {
    const named = fc.uniqueArray(fc.tuple(fc.constantFrom(0x02, 0x08), fc.nat(7), fc.nat(0xfffffffe)), {
      selector: ([tag, , id]) => `${tag} ${id}`,
    });
    fc.assert(
      fc.property(fc.tuple(fc.nat(7), fc.nat(7), fc.nat(7), fc.nat(7)), named, ([user, group, mask, other], rows) => {
        const base = [
          [0x01, user],
          [0x04, group],
          [0x10, mask],
          [0x20, other],
        ] as const;
        const value = kernelAcl([...base, ...rows].toSorted((a, b) => a[0] - b[0] || (a[2] ?? 0) - (b[2] ?? 0)));
        expect(aclFromText(aclToText(value) ?? '', () => undefined)).toEqual(value);
      }),
    );
  });

  it('say no more than the mode where they have only its three entries', () => {
    expect(
      isMinimalAcl(
        kernelAcl([
          [0x01, 6],
          [0x04, 4],
          [0x20, 4],
        ]),
      ),
    ).toBe(true);
    expect(isMinimalAcl(VALUE)).toBe(false);
  });
});
