import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface TreeOptions {
  /** Restored without a way to set nanoseconds, times may be off by this much. */
  timeToleranceNs?: bigint;
  /** Names (in latin1, one character a byte) that are not looked at. */
  ignore?: ReadonlySet<string>;
}

/** What `lstat` and the content say of everything below a folder, by its path in latin1; the folder itself is ''. */
export type TreeFacts = Map<string, Record<string, string> & { mtimeNs: string }>;

/** Reads a tree: type, mode, owner, time, size, blocks used by files, content, link target, and which names are one file. */
export function readTree(root: string, skip: (path: string) => boolean = () => false): TreeFacts {
  const facts: TreeFacts = new Map();
  const inodes = new Map<string, string>();
  const visit = (path: string): void => {
    const full = Buffer.concat([Buffer.from(root), Buffer.from(path === '' ? '' : `/${path}`, 'latin1')]);
    const status = lstatSync(full, { bigint: true });
    const inode = `${status.dev}:${status.ino}`;
    const first = status.isDirectory() ? path : (inodes.get(inode) ?? path);
    inodes.set(inode, first);
    const common = {
      mode: status.mode.toString(8),
      owner: `${status.uid}:${status.gid}`,
      mtimeNs: String(status.mtimeNs),
      sameFileAs: first,
    };
    if (status.isFile()) {
      const content = createHash('sha256').update(readFileSync(full)).digest('hex');
      facts.set(path, { ...common, size: String(status.size), content });
    } else if (status.isSymbolicLink()) facts.set(path, { ...common, target: readlinkSync(full, 'latin1') });
    else facts.set(path, { ...common, device: String(status.rdev) });
    if (!status.isDirectory()) return;
    for (const name of readdirSync(full, 'latin1')) {
      const below = path === '' ? name : `${path}/${name}`;
      if (!skip(below)) visit(below);
    }
  };
  visit('');
  return facts;
}

/** How two trees differ, one sentence a difference; nothing where they are the same. */
export function compareTrees(expectedRoot: string, actualRoot: string, options: TreeOptions = {}): string[] {
  return compareFacts(readTree(expectedRoot), readTree(actualRoot), options);
}

/** The same for trees of which one may be gone by now. */
export function compareFacts(expected: TreeFacts, actual: TreeFacts, options: TreeOptions = {}): string[] {
  const paths = [...new Set([...expected.keys(), ...actual.keys()])].filter((path) => !options.ignore?.has(path));
  return paths.sort().flatMap((path) => differences(path, expected.get(path), actual.get(path), options));
}

function differences(
  path: string,
  expected: Record<string, string> | undefined,
  actual: Record<string, string> | undefined,
  { timeToleranceNs = 0n }: TreeOptions,
): string[] {
  const name = JSON.stringify(path);
  if (actual === undefined) return [`${name} is missing`];
  if (expected === undefined) return [`${name} should not be there`];
  return Object.keys({ ...expected, ...actual })
    .filter((fact) => expected[fact] !== actual[fact])
    .filter((fact) => {
      const off = BigInt(expected.mtimeNs ?? 0) - BigInt(actual.mtimeNs ?? 0);
      return fact !== 'mtimeNs' || off > timeToleranceNs || off < -timeToleranceNs;
    })
    .map((fact) => `${name}: ${fact} is ${actual[fact]} instead of ${expected[fact]}`);
}
