import type { SeededRandom } from '../seeded-random.ts';
import type { TreeMaker } from './tree-maker.ts';
import { xattr } from './xattr-values.ts';

/** Renames, deletes, edits and retypes things in a sample tree, as somebody would between two backups. */
export function changeSampleTree(make: TreeMaker, random: SeededRandom): void {
  for (let i = 0; i < 20; i++) make.remove(`many/${i % 7}/file-${i}`);
  for (let i = 0; i < 20; i++) make.file(`many/${i % 7}/another-${i}`, random.bytes(random.below(5000)));
  make.remove('names/folders');
  rename(make);
  edit(make, random);
  retype(make, random);
  relink(make, random);
}

function rename(make: TreeMaker): void {
  make.rename('files/size-512', 'files/renamed');
  make.rename('files/size-4194305', 'moved/large');
  make.rename('many/3', 'many/renamed folder');
  make.rename('times/folder 1', 'moved/folder');
  make.rename('names/line\nfeed', 'names/\xff\nrenamed');
  // Two names that change places keep their inodes and everything else.
  make.rename('files/size-4096', 'exchange');
  make.rename('files/size-4097', 'files/size-4096');
  make.rename('exchange', 'files/size-4097');
}

function edit(make: TreeMaker, random: SeededRandom): void {
  make.write('files/size-131072', 1000, random.bytes(1));
  make.write('files/size-1048576', 500_000, random.bytes(1));
  make.write('files/size-4194304', 4_194_304, random.bytes(1000));
  make.write('sparse/large, several', 5_000_000, random.bytes(10_000));
  make.write('sparse/all hole, small', 4096, random.bytes(1));
  make.write('empty/file', 0, Buffer.from('no longer'));
  make.dress('files/size-262144', { mode: 0o640 });
  make.dress('files/size-262145', { mtimeNs: 987_654_321_987_654_321n });
  make.dress('empty/folder', { mode: 0o1777 });
  if (!make.posix.capabilities.xattrs) return;
  make.dress('files/size-511', { xattrs: [xattr('user.new', 'later')] });
  make.dress('empty/folder', { xattrs: [xattr('user.new', 'later')] });
  make.dress('xattrs/file', { xattrs: [xattr('user.text', 'other words')] });
}

function retype(make: TreeMaker, random: SeededRandom): void {
  const again = (path: string, how: (path: string) => void): void => {
    make.remove(path);
    how(path);
  };
  const file = (path: string) => make.file(path, random.bytes(300));
  const folder = (path: string) => make.file(`${path}/inside`, random.bytes(300));
  const link = (path: string) => make.symlink(path, 'inside');
  again('names/order/a', file);
  again('names/order/a-b', link);
  again('files/size-1', folder);
  again('files/size-4095', link);
  again('links/dangling', file);
  again('links/to a folder', folder);
  again('many/5', file);
  if (make.posix.capabilities.specialFiles) again('many/0', (path) => make.node(path, 'fifo'));
}

function relink(make: TreeMaker, random: SeededRandom): void {
  // One member leaves its group, another joins, and the first in order goes.
  make.remove('another folder/3');
  make.file('another folder/3', random.bytes(1000));
  make.link('links/hard/1', 'links/hard/0');
  make.remove('links/small/a');
  make.link('links/small/b', 'links/small/c');
  make.link('files/second copy', 'files/second copy, again');
}
