import { comparePaths } from '../../../src/backup/entry.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { at, type EntryWish } from './built-repository.ts';

const FOLDERS = 4;
const FILES = 6;
const BAD_PATHS = [
  '../escape',
  '/tmp/holdfast-escape',
  '.',
  '..',
  'a/../b',
  'a//b',
  'a/',
  'n\0l',
  '',
  'folder1/../../x',
  `${'d/'.repeat(200)}..`,
];
const TARGETS = ['', 'a\0b', '/', '../..', 'x'.repeat(5000), 'folder0'];

/** A plausible manifest in which some entries were changed by somebody who means ill. */
export function hostileEntries(random: SeededRandom): EntryWish[] {
  const entries = plainEntries(random);
  for (let left = 1 + random.below(6); left > 0; left--) harm(entries, random);
  return entries;
}

function plainEntries(random: SeededRandom): EntryWish[] {
  const entries: EntryWish[] = [{ path: at('') }];
  for (let i = 0; i < FOLDERS; i++) {
    entries.push({ path: at(`folder${i}`) });
    for (let j = 0; j < FILES; j++)
      entries.push({ path: at(`folder${i}/file${j}`), content: random.bytes(random.below(9000)) });
    entries.push({ path: at(`folder${i}/link`), type: 'symlink', target: at('../folder0') });
    entries.push({ path: at(`folder${i}/pipe`), type: 'fifo' });
  }
  const shared = random.bytes(300);
  entries.push({ path: at('one'), content: shared }, { path: at('two'), content: shared, hardlink: at('one') });
  return entries.sort((a, b) => comparePaths(a.path, b.path));
}

function harm(entries: EntryWish[], random: SeededRandom): void {
  const pick = <T>(items: readonly T[]): T => items[random.below(items.length)] as T;
  const position = 1 + random.below(entries.length - 1);
  const entry = { ...(entries[position] as EntryWish) };
  const other = pick(entries);
  const change = (changes: Partial<EntryWish>): void => {
    entries[position] = { ...entry, ...changes };
  };
  const harms: (() => void)[] = [
    () => change({ path: at(pick(BAD_PATHS)) }),
    () => change({ path: other.path }),
    () => change({ path: at(`${other.path}/below`) }),
    () => entries.splice(position, 1),
    () => entries.splice(random.below(entries.length), 0, entry),
    () => change({ type: 'symlink', target: at(pick(TARGETS)), content: undefined }),
    () => change({ type: 'directory', content: undefined }),
    () => change({ content: random.bytes(10), type: 'file' }),
    () => change({ hardlink: pick([other.path, at(pick(BAD_PATHS))]) }),
    () => change({ mode: random.below(2 ** 20) }),
    () => change({ size: pick([0, 1, 2 ** 52]) }),
    () => {
      const [offset, length] = [random.below(100), pick([1, 5000, 2 ** 40])];
      change({ holes: [{ offset, length }], size: (entry.content?.length ?? 0) + length, digest: random.bytes(32) });
    },
    () => change({ digest: random.bytes(32), content: random.bytes(7000) }),
    () => change({ mtimeNs: pick([0n, -(2n ** 62n), 2n ** 70n]) }),
  ];
  pick(harms)();
}

/** Bits of what authenticates all the same, flipped here and there. */
export function flipBits(bytes: Buffer, random: SeededRandom): Buffer {
  const flipped = Buffer.from(bytes);
  for (let left = 1 + random.below(3); left > 0; left--) {
    const bit = random.below(8 * flipped.length);
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
  }
  return flipped;
}
