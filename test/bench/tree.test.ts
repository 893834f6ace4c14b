import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { firstDifference, treeBytes, treeDigest } from '../../bench/tree.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-tree-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function makeTree(name: string, files: Record<string, string>): string {
  const root = join(folder, name);
  mkdirSync(join(root, 'inner'), { recursive: true });
  for (const [path, content] of Object.entries(files)) writeFileSync(join(root, path), content);
  symlinkSync('a', join(root, 'link'));
  return root;
}

describe('treeDigest', () => {
  const files = { a: 'one', 'inner/b': 'two' };

  it('is equal for equal trees', () => {
    expect(treeDigest(makeTree('x', files))).toBe(treeDigest(makeTree('y', files)));
  });

  it.each([
    ['other content of the same size', { a: 'one', 'inner/b': 'twe' }, 'file inner/b'],
    ['a file that is missing', { a: 'one' }, 'file inner/b'],
    ['a file too many', { ...files, z: '' }, 'file z'],
  ])('tells %s and names it', (_name, other, difference) => {
    const [x, y] = [makeTree('x', files), makeTree('y', other)];
    expect(treeDigest(x)).not.toBe(treeDigest(y));
    expect(firstDifference(x, y)).toContain(difference);
  });

  it('holds for files larger than its buffer, and tells a change at their end', () => {
    const large = 'x'.repeat(9 << 20);
    const x = treeDigest(makeTree('x', { a: large }));
    expect(treeDigest(makeTree('y', { a: large }))).toBe(x);
    expect(treeDigest(makeTree('z', { a: `${large.slice(1)}y` }))).not.toBe(x);
  });

  it('takes a SQLite file and its online backup as the same, but not one with another row', async () => {
    const [x, y] = [makeTree('x', {}), makeTree('y', {})];
    const source = new DatabaseSync(join(x, 'app.sqlite'));
    source.exec("CREATE TABLE t (v TEXT); INSERT INTO t VALUES ('one'); INSERT INTO t VALUES ('two');");
    await backup(source, join(y, 'app.sqlite'));
    expect(treeDigest(y)).toBe(treeDigest(x));
    source.exec("UPDATE t SET v = 'owt' WHERE v = 'two'");
    source.close();
    expect(treeDigest(y)).not.toBe(treeDigest(x));
  });
});

describe('treeBytes', () => {
  it('sums the files of all folders', () => {
    expect(treeBytes(makeTree('x', { a: '12345', 'inner/b': '678' }))).toBe(8 + 'a'.length);
  });
});
