import { createCipheriv, createHash } from 'node:crypto';
import {
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { SeededRandom } from '../helpers/seeded-random.ts';

export interface TreeShape {
  files: number;
  /** Of the small files. */
  maxBytes: number;
  large: number;
  largeBytes: number;
}

/** Bytes that compress to nothing less, from the seed alone. */
export function content(random: SeededRandom, length: number): Buffer {
  const key = createHash('sha256').update(random.bytes(16)).digest().subarray(0, 16);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

/** Makes a folder with files in nested folders, links, empty files and a few large files. */
export function makeTree(root: string, random: SeededRandom, shape: TreeShape): void {
  mkdirSync(root);
  for (let number = 0; number < shape.files; number++) writeNew(root, random, shape.maxBytes);
  for (let number = 0; number < shape.large; number++) {
    writeFileSync(join(root, `large-${number}`), content(random, shape.largeBytes));
  }
}

function writeNew(root: string, random: SeededRandom, maxBytes: number): void {
  const folder = join(root, ...Array.from({ length: random.below(3) }, () => `folder ${random.below(6)}`));
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `file ${random.bytes(4).toString('hex')}`);
  const sort = random.below(20);
  if (sort === 0) symlinkSync(`../nowhere ${random.below(100)}`, path);
  else {
    writeFileSync(path, content(random, sort === 1 ? 0 : random.below(maxBytes)), { mode: sort === 2 ? 0o600 : 0o644 });
    if (sort === 3) linkSync(path, `${path} again`);
  }
}

/** Changes about `count` things: edits, new files, deletions, renames, another type, and a new large file every time. */
export function changeTree(root: string, random: SeededRandom, shape: TreeShape, count: number): void {
  const paths = filesBelow(root);
  for (let number = 0; number < count; number++) {
    const path = paths[random.below(paths.length)] as string;
    const sort = random.below(5);
    if (sort < 2 || lstatSync(path, { throwIfNoEntry: false })?.isDirectory() !== false)
      writeNew(root, random, shape.maxBytes);
    else if (sort === 2) rmSync(path);
    else if (sort === 3) renameSync(path, `${path} moved ${number}`);
    else {
      rmSync(path);
      if (random.below(2) === 0) mkdirSync(path);
      else writeFileSync(path, content(random, random.below(shape.maxBytes)));
    }
  }
  if (shape.large === 0) return;
  const large = join(root, `large-${random.below(shape.large)}`);
  if (random.below(2) === 0) writeFileSync(large, content(random, shape.largeBytes));
  else editInPlace(large, random, shape.largeBytes);
}

function editInPlace(path: string, random: SeededRandom, size: number): void {
  const file = openSync(path, 'r+');
  try {
    writeSync(file, content(random, 200_000), 0, 200_000, random.below(size));
  } finally {
    closeSync(file);
  }
}

function filesBelow(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('large-'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
