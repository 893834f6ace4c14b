import { describe, expect, it } from 'vitest';
import { Owners, readOwners } from '../../../src/backup/posix/owners.ts';
import { toByteString } from '../../../src/shared/bytes.ts';
import { bytes } from './sandbox.ts';

const PASSWD = bytes(
  [
    'root:x:0:0:root:/root:/bin/sh',
    'toor:x:0:0::/root:/bin/sh',
    'ann:x:1000:1000:Ann:/home/ann:/bin/sh',
    'ann:x:1001:1000:Second:/:/bin/sh',
    '+::::::',
    'nobody:x:4294967294:0::/:/bin/false',
    'unset:x:4294967295:0::/:/bin/false',
    'broken:x:12a:0',
    'short',
    '',
  ].join('\n'),
);
const owners = new Owners(PASSWD, bytes('wheel:x:10:ann\nstaff:x:50:\n'));

describe('owners', () => {
  it.each([
    [0, 'root'],
    [1000, 'ann'],
    [1001, 'ann'],
    [4_294_967_294, 'nobody'],
    [4_294_967_295, undefined],
    [12, undefined],
  ])('the user with number %d is %s', (uid, name) => {
    expect(owners.userName(uid)).toBe(name);
  });

  it.each([
    ['toor', 0],
    ['ann', 1000],
    ['unset', undefined],
    ['broken', undefined],
    ['short', undefined],
    ['+', undefined],
    ['', undefined],
  ])('the number of user %j is %s', (name, uid) => {
    expect(owners.userId(bytes(name))).toBe(uid);
  });

  it('are kept apart from groups', () => {
    expect([owners.groupName(10), owners.groupId(bytes('staff'))]).toEqual(['wheel', 50]);
    expect([owners.userName(10), owners.groupId(bytes('ann'))]).toEqual([undefined, undefined]);
  });

  it('may have names that are not UTF-8', () => {
    const raw = toByteString(Buffer.from([0xff, 0x61]));
    const line = `${raw}:x:7:7` as typeof raw;
    expect(new Owners(line, bytes('')).userName(7)).toBe(raw);
  });

  it('of this machine include root', () => {
    expect(readOwners().userName(0)).toBe('root');
    expect(readOwners().groupId(bytes('root'))).toBe(0);
  });
});
