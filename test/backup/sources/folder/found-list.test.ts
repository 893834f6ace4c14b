import { describe, expect, it } from 'vitest';
import type { FileStatus } from '../../../../src/backup/posix/file-status.ts';
import { openPosix } from '../../../../src/backup/posix/open-posix.ts';
import { FolderHandle } from '../../../../src/backup/sources/folder/folder-handle.ts';
import { FoundList } from '../../../../src/backup/sources/folder/found-list.ts';
import type { Found } from '../../../../src/backup/sources/folder/walk.ts';
import type { ByteString } from '../../../../src/shared/bytes.ts';

const FOLDER = FolderHandle.root(openPosix(), '/' as ByteString);
const PLAIN: FileStatus = {
  type: 'file',
  mode: 0o6755,
  uid: 2 ** 32 - 2,
  gid: 7,
  dev: 2 ** 40 + 1,
  ino: 12n,
  nlink: 1,
  size: 2 ** 53 - 1,
  blocks: 2 ** 44,
  mtimeNs: 1_700_000_000_123_456_789n,
  ctimeNs: -1n,
};

const found = (name: string, status: Partial<FileStatus>): Found => ({
  path: `folder/${name}` as ByteString,
  name: name as ByteString,
  folder: FOLDER,
  status: { ...PLAIN, ...status },
});

describe('a list of what a walk met', () => {
  it('gives every number back exactly, the largest too', () => {
    const all = [
      found('plain', {}),
      found('inode', { ino: 2n ** 64n - 1n }),
      found('old', { mtimeNs: -(2n ** 63n), ctimeNs: -(2n ** 63n) }),
      found('modified in 2400', { mtimeNs: 13_569_465_600_000_000_001n }),
      found('changed in 2400', { ctimeNs: 13_569_465_600_000_000_001n }),
      found('device', { type: 'char-device', device: { major: 4095, minor: 2 ** 20 - 1 } }),
      found('link', { type: 'symlink' }),
    ];
    const list = new FoundList();
    for (const each of all) list.push(each);
    expect([...list.take()]).toEqual(all);
  });

  it('keeps the order of many, and is empty once they were taken', () => {
    const list = new FoundList();
    const names = Array.from({ length: 10_000 }, (_, i) => `${i}`);
    for (const name of names) list.push(found(name, {}));
    expect(list.length).toBe(names.length);
    expect(Array.from(list.take(), ({ name }) => name)).toEqual(names);
    expect([list.length, ...list.take()]).toEqual([0]);
  });
});
