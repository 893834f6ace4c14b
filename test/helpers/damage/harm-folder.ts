import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SeededRandom } from '../seeded-random.ts';
import type { Stretch } from './content-map.ts';

/** What is done to a repository that lies in a folder. */
export interface FolderHarm {
  kind: 'flip' | 'truncate' | 'delete' | 'swap';
  /** Names of the objects that are not as they were. */
  objects: string[];
  description: string;
  /** Whether the bytes of a stretch are still to be had, under this name or another pack's. */
  isWhole(stretch: Stretch): boolean;
}

const ENVELOPE_BYTES = 64;

function objectNames(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((item) => item.isFile())
    .map((item) => join(item.parentPath, item.name).slice(folder.length + 1))
    .filter((name) => !name.startsWith('tmp/'));
}

/** A copy that shares its objects with the original: whoever changes one must replace it. */
export function linkedCopy(from: string, to: string): void {
  for (const name of objectNames(from)) {
    mkdirSync(dirname(join(to, name)), { recursive: true });
    linkSync(join(from, name), join(to, name));
  }
}

/**
 * Damages the repository in a folder at one random place in one of the objects `names`. Half of the time any object is as likely as another,
 * else any byte.
 */
export function harmFolder(folder: string, names: readonly string[], random: SeededRandom): FolderHarm {
  const sizes = names.map((name) => readFileSync(join(folder, name)).length);
  const number = random.below(2) === 0 ? random.below(names.length) : bySize(sizes, random);
  const name = names[number] as string;
  const size = sizes[number] as number;
  switch (random.below(5)) {
    case 0:
      return truncate(folder, name, random.below(size));
    case 1:
      return remove(folder, name);
    case 2:
      return swap(folder, name, otherThan(names, name, random));
    default:
      return flip(folder, name, random.below(8 * size));
  }
}

function bySize(sizes: readonly number[], random: SeededRandom): number {
  let left = random.below(sizes.reduce((sum, size) => sum + size, 0));
  return sizes.findIndex((size) => {
    left -= size;
    return left < 0;
  });
}

/** Mostly one of the same sort: two packs are confused more easily than a pack and a key. */
function otherThan(names: readonly string[], name: string, random: SeededRandom): string {
  const sort = name.split('/')[0] as string;
  const same = names.filter((other) => other !== name && other.split('/')[0] === sort);
  const others = same.length > 0 && random.below(4) > 0 ? same : names.filter((other) => other !== name);
  return others[random.below(others.length)] as string;
}

function flip(folder: string, name: string, bit: number): FolderHarm {
  const bytes = readFileSync(join(folder, name));
  const at = bit >> 3;
  bytes[at] = (bytes[at] as number) ^ (1 << (bit & 7));
  replace(folder, name, bytes);
  return {
    kind: 'flip',
    objects: [name],
    description: `bit ${bit & 7} of byte ${at} of ${bytes.length} flipped in ${name}`,
    isWhole: ({ pack, offset, length }) =>
      pack !== name || (at >= ENVELOPE_BYTES && (at < offset || at >= offset + length)),
  };
}

function truncate(folder: string, name: string, length: number): FolderHarm {
  const bytes = readFileSync(join(folder, name));
  replace(folder, name, bytes.subarray(0, length));
  return {
    kind: 'truncate',
    objects: [name],
    description: `${name} cut from ${bytes.length} to ${length} bytes`,
    isWhole: (stretch) => stretch.pack !== name || stretch.offset + stretch.length <= length,
  };
}

function remove(folder: string, name: string): FolderHarm {
  rmSync(join(folder, name));
  return { kind: 'delete', objects: [name], description: `${name} deleted`, isWhole: ({ pack }) => pack !== name };
}

function swap(folder: string, name: string, other: string): FolderHarm {
  renameSync(join(folder, name), join(folder, 'swapped'));
  renameSync(join(folder, other), join(folder, name));
  renameSync(join(folder, 'swapped'), join(folder, other));
  const arePacks = name.startsWith('packs/') && other.startsWith('packs/');
  return {
    kind: 'swap',
    objects: [name, other],
    description: `${name} and ${other} swapped`,
    isWhole: ({ pack }) => arePacks || (pack !== name && pack !== other),
  };
}

function replace(folder: string, name: string, bytes: Uint8Array): void {
  rmSync(join(folder, name));
  writeFileSync(join(folder, name), bytes);
}
