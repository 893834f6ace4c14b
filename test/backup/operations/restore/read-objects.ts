import fs from 'node:fs';
import { TargetWalk } from '../../../../src/backup/operations/restore/target-walk.ts';
import { openPosix } from '../../../../src/backup/posix/open-posix.ts';
import { lastName, parentPath, SafePath } from '../../../../src/backup/posix/safe-path.ts';
import { readXattrs } from '../../../../src/backup/posix/xattrs.ts';
import { type ByteString, encodeText } from '../../../../src/shared/bytes.ts';
import type { FakeObject } from './fake-snapshot.ts';

/** What a folder holds, as a backup of it would record it; hard links by their first name. */
export function readObjects(root: string): FakeObject[] {
  const posix = openPosix();
  const folder = posix.openRoot(encodeText(root));
  const paths = new SafePath(posix, folder);
  const walk = new TargetWalk(posix, {
    path: encodeText(root),
    parent: -1,
    target: folder,
    status: posix.status(folder),
  });
  const firsts = new Map<bigint, ByteString>();
  const objects: FakeObject[] = [];
  for (let found = walk.peek(); found !== undefined; walk.advance(), found = walk.peek()) {
    const { path, status } = found;
    const { type, mode, uid, gid, mtimeNs, device, ino, nlink } = status;
    const object: FakeObject = { entry: { path, type, mode, uid, gid, mtimeNs, size: 0, device } };
    const carrier = path === '' ? folder : { dir: paths.directory(parentPath(path)), name: lastName(path) };
    object.entry.xattrs = readXattrs(posix, carrier);
    if (typeof carrier !== 'number' && type === 'symlink') {
      object.entry.target = posix.readSymlink(carrier.dir, carrier.name);
    }
    if (typeof carrier !== 'number' && type === 'file') {
      const fd = posix.openForReading(carrier.dir, carrier.name);
      object.content = fs.readFileSync(fd);
      object.entry.size = status.size;
      const holes = posix.holes(fd, status.size);
      if (holes.length > 0) object.entry.holes = holes;
      posix.close(fd);
    }
    if (type !== 'directory' && nlink > 1) {
      const first = firsts.get(ino);
      if (first === undefined) firsts.set(ino, path);
      else object.entry.hardlink = first;
    }
    objects.push(object);
  }
  walk.close();
  paths.close();
  posix.close(folder);
  return objects;
}

/** As `readObjects`, below base names, for several folders or files. */
export function readNamed(paths: readonly string[]): FakeObject[] {
  const objects = paths.flatMap((path) => {
    const name = encodeText(path.slice(path.lastIndexOf('/') + 1));
    const isFolder = fs.lstatSync(path).isDirectory();
    const all = readObjects(isFolder ? path : path.slice(0, path.lastIndexOf('/')));
    if (!isFolder) return all.filter(({ entry }) => entry.path === name);
    return all.map(({ entry, content }) => ({
      entry: { ...entry, path: (entry.path === '' ? name : `${name}/${entry.path}`) as ByteString },
      content: content as Buffer,
    }));
  });
  return objects.sort((a, b) => (a.entry.path.replaceAll('/', '\0') < b.entry.path.replaceAll('/', '\0') ? -1 : 1));
}
