import type { SeededRandom } from '../seeded-random.ts';
import { randomContent } from '../tree/random-content.ts';
import type { TreeMaker } from '../tree/tree-maker.ts';
import { xattr } from '../tree/xattr-values.ts';

const isRoot = process.getuid?.() === 0;

/** One of every kind of entry in about three megabytes: small enough to be restored thousands of times. */
export function makeSmallTree(make: TreeMaker, random: SeededRandom): void {
  const bytes = (length: number) => randomContent(random, length);
  const { capabilities } = make.posix;
  for (let i = 0; i < 40; i++) make.file(`many/${i % 4}/file ${i}`, bytes(random.below(4000)));
  make.file('large/several chunks', bytes(1_300_000));
  make.file('large/text', 'the same words again and again\n'.repeat(20_000));
  make.file('large/one block', bytes(200_000));
  make.file('large/copy', bytes(300_000), { mtimeNs: 1_700_000_000_123_456_789n });
  make.link('large/copy', 'large/linked');
  make.file('large/dump.sql', `-- MySQL dump\n${'INSERT INTO t VALUES (1);\n'.repeat(9000)}`);
  make.file('empty/file', '');
  make.folder('empty/folder', { mode: 0o1777 });
  make.symlink('links/dangling', '../nowhere');
  make.symlink('links/to a folder', '../many', { mtimeNs: 1_234_567_890_987_654_321n });
  for (const name of ['not utf-8 \xff\xfe', 'line\nfeed', 'escape \x1b[31m', 'back\\slash', 'x'.repeat(255)]) {
    make.file(`names/${name}`, bytes(30));
  }
  make.sparse('sparse/hole first', 500_000, [{ offset: 300_000, content: bytes(5000) }]);
  make.sparse('sparse/only a hole', 1_000_000, []);
  make.file('modes/secret', bytes(100), { mode: 0o600, mtimeNs: 5n });
  make.file('modes/setuid', bytes(100), { mode: 0o4755 });
  if (capabilities.xattrs) make.file('xattrs/file', bytes(100), { xattrs: [xattr('user.note', 'words')] });
  if (capabilities.specialFiles) make.node('special/fifo', 'fifo', undefined, { mode: 0o600 });
  if (isRoot) make.file('owners/other', bytes(100), { uid: 54_321, gid: 1 });
}

/** What happens to it between two backups. */
export function changeSmallTree(make: TreeMaker, random: SeededRandom, round: number): void {
  const bytes = (length: number) => randomContent(random, length);
  make.remove(`many/0/file ${4 * round}`);
  for (let i = 0; i < 8; i++) make.file(`many/1/new ${round}-${i}`, bytes(random.below(9000)));
  make.rename(`many/2/file ${4 * round + 2}`, `many/3/moved ${round}`);
  make.write('large/several chunks', 100_000 * round, bytes(2000));
  make.write('sparse/only a hole', 100_000 * round, bytes(1));
  make.file(`added/in round ${round}`, bytes(300_000));
}
