import { describe, expect, it } from 'vitest';
import { mountsOf, parseMountPoints, readMountPoints } from '../../../../src/backup/operations/restore/mounts.ts';
import type { ByteString } from '../../../../src/shared/bytes.ts';

const bytes = (...texts: string[]) => texts as ByteString[];

describe('mount points', () => {
  it('are read from mountinfo, escapes included', () => {
    const text = [
      '36 35 98:0 / / rw,noatime shared:1 - ext4 /dev/root rw',
      '37 36 0:5 / /mnt/two\\040words rw - tmpfs tmpfs rw',
      '38 36 8:1 /sub /srv/app/data\\134x rw master:2 - xfs /dev/sda1 rw',
      '',
    ].join('\n');
    expect(parseMountPoints(text)).toEqual(['/', '/mnt/two words', '/srv/app/data\\x']);
  });

  it('are those of this machine', () => {
    expect(readMountPoints()).toContain('/');
  });

  it.each([
    ['/srv/app', { onTarget: false, inside: ['data', 'data/deep'] }],
    ['/srv/app/data', { onTarget: true, inside: ['deep'] }],
    ['/srv/ap', { onTarget: false, inside: [] }],
    ['/', { onTarget: true, inside: ['srv/app/data', 'srv/app/data/deep'] }],
  ])('of %s are told apart', (target, expected) => {
    const points = bytes('/', '/srv/app/data', '/srv/app/data/deep');
    expect(mountsOf(target as ByteString, points)).toEqual(expected);
  });
});
