import { createHash, hash } from 'node:crypto';
import { closeSync, fstatSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { join } from 'node:path';

const buffer = Buffer.allocUnsafeSlow(4 << 20);
const sqliteMagic = Buffer.from('SQLite format 3\0', 'latin1');

/**
 * Header bytes of a SQLite file that its online backup rewrites while every row stays: format versions,
 * change counter, schema cookie, and the counter's twin with the library's version (SQLite file format, 1.3).
 */
const sqliteCounters: readonly (readonly [from: number, to: number])[] = [
  [18, 20],
  [24, 28],
  [40, 44],
  [92, 100],
];

/** One line per entry below `root`, in path order: type, path and the SHA-256 of the content. */
export function* describeTree(root: string, folder = ''): Generator<string> {
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    const full = join(root, path);
    if (entry.isDirectory()) {
      yield `folder ${path}`;
      yield* describeTree(root, path);
    } else if (entry.isSymbolicLink()) yield `link ${path} ${readlinkSync(full)}`;
    else yield `file ${path} ${contentDigest(full)}`;
  }
}

/** One SHA-256 over the whole tree: equal trees have equal names, types and content. */
export function treeDigest(root: string): string {
  const digest = createHash('sha256');
  for (const line of describeTree(root)) digest.update(line).update('\n');
  return digest.digest('hex');
}

/** Says where two trees differ first. */
export function firstDifference(expectedRoot: string, foundRoot: string): string {
  const found = describeTree(foundRoot);
  for (const expected of describeTree(expectedRoot)) {
    const line = found.next().value as string | undefined;
    if (line !== expected) return `expected "${expected}", found "${line ?? 'nothing more'}"`;
  }
  return `found "${found.next().value ?? 'nothing'}" where nothing was expected`;
}

/** Sum of the sizes of all files below `root`. */
export function treeBytes(root: string): number {
  let bytes = 0;
  for (const entry of readdirSync(root, { withFileTypes: true })) {
    const path = join(root, entry.name);
    bytes += entry.isDirectory() ? treeBytes(path) : lstatSync(path).size;
  }
  return bytes;
}

function contentDigest(path: string): string {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const first = readSync(file, buffer, 0, buffer.length, null);
    maskSqliteCounters(buffer.subarray(0, first));
    if (first === size) return hash('sha256', buffer.subarray(0, first));
    const digest = createHash('sha256').update(buffer.subarray(0, first));
    for (let read = nextBytes(file); read > 0; read = nextBytes(file)) digest.update(buffer.subarray(0, read));
    return digest.digest('hex');
  } finally {
    closeSync(file);
  }
}

function nextBytes(file: number): number {
  return readSync(file, buffer, 0, buffer.length, null);
}

function maskSqliteCounters(start: Buffer): void {
  if (!start.subarray(0, sqliteMagic.length).equals(sqliteMagic)) return;
  for (const [from, to] of sqliteCounters) start.fill(0, from, to);
}
