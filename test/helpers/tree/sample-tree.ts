import type { SeededRandom } from '../seeded-random.ts';
import { randomContent } from './random-content.ts';
import type { Piece, TreeMaker } from './tree-maker.ts';
import { ACCESS_ACL, acl, DEFAULT_ACL, FILE_CAPABILITY, xattr } from './xattr-values.ts';

export const isRoot = process.getuid?.() === 0;

/** Sizes at which something begins to be done differently: chunks, blocks, slices. */
const SIZES = [
  0, 1, 511, 512, 4095, 4096, 4097, 131_071, 131_072, 262_143, 262_144, 262_145, 524_288, 1_048_575, 1_048_576,
  1_048_577, 4_194_304, 4_194_305,
];
/** Seconds since 1970 and nanoseconds: before it, at it, and far after it. */
const TIMES: readonly (readonly [seconds: bigint, nanoseconds: bigint])[] = [
  [0n, 0n],
  [0n, 1n],
  [-1n, 999_999_999n],
  [-2_000_000_000n, 123_456_789n],
  [1_700_000_000n, 999_999_999n],
  [4_102_444_800n, 5n],
  [15_000_000_000n, 987_654_321n],
];
const MODES = [0o000, 0o400, 0o4755, 0o2755, 0o6711, 0o1644, 0o777, 0o111];
const NAMES = [
  'plain',
  'not utf-8 \xff\xfe\x80',
  'half a character \xe2\x82',
  'line\nfeed',
  'controls \x01\x1b[31m\x7f\r\t',
  ' spaces ',
  '-rf',
  '...',
  'back\\slash',
  '*?[glob]!#',
  '"quotes\'`$(x)',
  'n\xcc\x83 decomposed, \xc3\xb1 composed',
  '\xf0\x9f\x92\xbe',
  'x'.repeat(255),
  '\xff'.repeat(255),
];

/** Makes one of everything that a file system can hold, with contents, times and holes that depend on the seed. */
export function makeSampleTree(make: TreeMaker, random: SeededRandom): void {
  const { capabilities } = make.posix;
  makeFiles(make, random);
  makeNames(make, random);
  makeTimesAndModes(make, random);
  makeLinks(make, random);
  makeSparse(make, random);
  if (isRoot) makeOwned(make, random);
  if (capabilities.xattrs) makeXattrs(make, random);
  if (capabilities.specialFiles) makeSpecial(make);
}

function makeFiles(make: TreeMaker, random: SeededRandom): void {
  for (const size of SIZES) make.file(`files/size-${size}`, randomContent(random, size));
  for (let i = 0; i < 300; i++) make.file(`many/${i % 7}/file-${i}`, randomContent(random, random.below(3000)));
  const twice = randomContent(random, 300_000);
  make.file('files/first copy', twice);
  make.file('files/second copy', twice);
  make.file('files/compressible', 'the same words again and again\n'.repeat(60_000));
  make.file('files/edited', randomContent(random, 3_000_000));
  make.folder('empty/folder');
  make.file('empty/file', '');
}

function makeNames(make: TreeMaker, random: SeededRandom): void {
  for (const name of NAMES) {
    make.file(`names/${name}`, random.bytes(10));
    make.file(`names/folders/${name}/${name}`, random.bytes(10));
    make.symlink(`names/links/${name}`, `../${name}`);
  }
  const bytes = Array.from({ length: 255 }, (_, i) => i + 1).filter((byte) => byte !== 0x2f);
  for (const byte of bytes) make.file(`names/bytes/${byte}${String.fromCharCode(byte)}`, '');
  // Sorts differently when the slash counts as a byte like any other.
  for (const name of ['a', 'a-b', 'a.b', 'a b', 'a0']) make.file(`names/order/${name}/x`, 'x');
  make.file(`long/${Array.from({ length: 20 }, () => 'y'.repeat(230)).join('/')}/at the bottom`, 'deep');
  make.symlink('long/link', 'z'.repeat(4095));
}

function makeTimesAndModes(make: TreeMaker, random: SeededRandom): void {
  TIMES.forEach(([seconds, nanoseconds], i) => {
    const mtimeNs = seconds * 1_000_000_000n + nanoseconds;
    make.file(`times/file ${i}`, random.bytes(5), { mtimeNs });
    make.symlink(`times/link ${i}`, 'nowhere', { mtimeNs });
    make.file(`times/folder ${i}/inside`, '');
    make.dress(`times/folder ${i}`, { mtimeNs });
  });
  for (const mode of MODES) {
    // Only the superuser reads what nobody may read.
    const seen = isRoot ? mode : mode | 0o400;
    make.file(`modes/file ${mode.toString(8)}`, random.bytes(5), { mode: seen });
    make.file(`modes/folder ${mode.toString(8)}/inside`, random.bytes(5));
    make.dress(`modes/folder ${mode.toString(8)}`, { mode: isRoot ? mode : mode | 0o700 });
  }
}

function makeLinks(make: TreeMaker, random: SeededRandom): void {
  make.symlink('links/relative', '../files/size-1');
  make.symlink('links/absolute', '/etc/passwd');
  make.symlink('links/dangling', 'is not there');
  make.symlink('links/to a folder', '../files');
  make.symlink('links/to itself', 'to itself');
  make.symlink('links/not utf-8', 'bytes \xff\n\x01');
  make.file('links/hard/1', randomContent(random, 400_000));
  make.link('links/hard/1', 'links/hard/2');
  make.link('links/hard/1', 'another folder/3');
  make.file('links/small/b', random.bytes(500));
  make.link('links/small/b', 'links/small/a');
  make.link('links/relative', 'links/hard/link to a link');
  make.file('links/empty/1', '');
  make.link('links/empty/1', 'links/empty/2');
}

function makeSparse(make: TreeMaker, random: SeededRandom): void {
  const data = (offset: number, length: number): Piece => ({ offset, content: randomContent(random, length) });
  make.sparse('sparse/all hole, small', 8192, []);
  make.sparse('sparse/all hole, large', 5_000_000, []);
  make.sparse('sparse/small, hole first', 65_536, [data(61_440, 4096)]);
  make.sparse('sparse/small, hole last', 65_536, [data(0, 100)]);
  make.sparse('sparse/small, several', 200_000, [data(0, 10), data(50_000, 5000), data(120_000, 1)]);
  make.sparse('sparse/one block', 20_480, [data(0, 8192), data(12_288, 8192)]);
  make.sparse('sparse/stored in one chunk', 900_000, [data(0, 4096), data(800_000, 4096)]);
  make.sparse('sparse/large, several', 9_000_001, [
    data(1_000_000, 300_000),
    data(3_000_000, 1),
    data(7_000_000, 900_000),
  ]);
  const pieces = Array.from({ length: 40 }, (_, i) =>
    data(i * 100_000 + random.below(40_000), 1 + random.below(50_000)),
  );
  make.sparse('sparse/random', 4_200_000, pieces);
}

function makeOwned(make: TreeMaker, random: SeededRandom): void {
  make.file('owners/by number', random.bytes(5), { uid: 54_321, gid: 65_000 });
  make.file('owners/with a name', random.bytes(5), { uid: 1, gid: 1 });
  make.file('owners/large', random.bytes(5), { uid: 4_294_967_290, gid: 4_294_967_290 });
  make.symlink('owners/link', 'x', { uid: 54_321, gid: 1 });
  make.folder('owners/folder', { uid: 54_321, gid: 65_000, mode: 0o2775 });
  make.file('owners/setuid', random.bytes(5), { uid: 54_321, gid: 1, mode: 0o6755 });
}

function makeXattrs(make: TreeMaker, random: SeededRandom): void {
  const everyByte = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  const several = [xattr('user.text', 'words'), xattr('user.bytes', everyByte), xattr('user.empty', '')];
  make.file('xattrs/file', random.bytes(5), { xattrs: several });
  make.file('xattrs/large file', randomContent(random, 700_000), { xattrs: several });
  make.folder('xattrs/folder', { xattrs: several });
  make.file('xattrs/many', '', {
    xattrs: Array.from({ length: 40 }, (_, i) => xattr(`user.number ${i}`, random.bytes(20))),
  });
  make.file('xattrs/long value', '', { xattrs: [xattr('user.long', random.bytes(3000))] });
  make.file('xattrs/read only', 'x', { xattrs: several, mode: isRoot ? 0o000 : 0o400 });
  // An attribute block of its own must not hide that a block of the file is missing.
  const sparse = [random.bytes(4096), random.bytes(4096)].map((content, i) => ({ offset: 8192 * i, content }));
  make.sparse('xattrs/sparse', 12_288, sparse, { xattrs: [xattr('user.long', random.bytes(2000))] });
  const access = acl([
    ['owner', 6],
    ['user', 4, 54_321],
    ['group', 4],
    ['namedGroup', 6, 1],
    ['mask', 6],
    ['other', 0],
  ]);
  const inherited = acl([
    ['owner', 7],
    ['user', 5, 54_321],
    ['group', 5],
    ['mask', 5],
    ['other', 0],
  ]);
  make.file('acls/file', random.bytes(5), { xattrs: [xattr(ACCESS_ACL, access)] });
  make.file('acls/without/older', random.bytes(5));
  make.file('acls/folder/older', random.bytes(5));
  make.dress('acls/folder', { xattrs: [xattr(ACCESS_ACL, access), xattr(DEFAULT_ACL, inherited)] });
  make.file('acls/folder/newer', random.bytes(5));
  make.folder('acls/folder/newer folder');
  if (!isRoot) return;
  make.file('xattrs/trusted', '', { xattrs: [xattr('trusted.mine', everyByte)] });
  make.symlink('xattrs/link', 'x', { xattrs: [xattr('trusted.link', 'of a link')] });
  make.file('xattrs/capability', random.bytes(50), {
    xattrs: [xattr('security.capability', FILE_CAPABILITY)],
    mode: 0o755,
  });
}

function makeSpecial(make: TreeMaker): void {
  make.node('special/fifo', 'fifo', undefined, { mtimeNs: 1_234_567_890_123_456_789n, mode: 0o600 });
  make.node('special/linked fifo', 'fifo');
  make.link('special/linked fifo', 'special/again');
  make.node('special/socket', 'socket', undefined, { mode: 0o777 });
  if (!isRoot) return;
  make.node('special/null', 'char-device', { major: 1, minor: 3 }, { mode: 0o666 });
  make.node('special/loop', 'block-device', { major: 7, minor: 300 }, { uid: 54_321 });
  make.node('special/terminal', 'char-device', { major: 4095, minor: 1_048_575 });
}
