import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileContent, millionPlan, mixedPlan, plannedChanges, smallPlan } from '../../bench/corpora/file-plan.ts';
import { writeTree } from '../../bench/corpora/write-files.ts';
import { type Corpus, type CorpusName, prepareCorpus } from '../../bench/corpora.ts';
import { describeTree, treeDigest } from '../../bench/tree.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-corpora-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const tiny: readonly [CorpusName, number][] = [
  ['small', 0.005],
  ['mixed', 0.01],
  ['million', 0.0005],
  ['large', 0.001],
];

describe.each(tiny)('the corpus %s', (name, scale) => {
  it('is the same every time, changes the same way, and reverts to the byte', async () => {
    const digests = async (corpus: Corpus) => {
      const base = treeDigest(corpus.tree);
      await corpus.change();
      const changed = treeDigest(corpus.tree);
      await corpus.revert();
      expect(treeDigest(corpus.tree)).toBe(base);
      return [base, changed];
    };
    const first = await digests(await prepareCorpus(join(folder, 'one'), name, scale));
    const second = await digests(await prepareCorpus(join(folder, 'two'), name, scale));
    expect(second).toEqual(first);
    expect(first[0]).not.toBe(first[1]);
  });

  it('comes back in its base state after a change that was never reverted', async () => {
    const corpus = await prepareCorpus(folder, name, scale);
    const base = treeDigest(corpus.tree);
    await corpus.change();
    expect(treeDigest((await prepareCorpus(folder, name, scale)).tree)).toBe(base);
  });
});

describe('planned files', () => {
  it('have the same bytes on every machine', async () => {
    await writeTree('small', 0.002, join(folder, 'tree'), 1);
    expect(treeDigest(join(folder, 'tree'))).toBe('e62e4377b20aa16f6096211a9057fe9bfd3a47f3551c5eb9826c7023fc71a09b');
  });

  it('do not depend on the number of workers', async () => {
    await writeTree('small', 0.01, join(folder, 'one'), 1);
    await writeTree('small', 0.01, join(folder, 'three'), 3);
    expect(treeDigest(join(folder, 'three'))).toBe(treeDigest(join(folder, 'one')));
  });

  it('reuse a cached corpus instead of making it again', async () => {
    const corpus = await prepareCorpus(folder, 'small', 0.001);
    writeFileSync(join(corpus.tree, 'marker'), '');
    await prepareCorpus(folder, 'small', 0.001);
    expect([...describeTree(corpus.tree)].some((line) => line.startsWith('file marker '))).toBe(true);
  });
});

describe('at full scale', () => {
  const plans = { small: smallPlan(1), mixed: mixedPlan(1), million: millionPlan(1) };
  const megabytes = (plan: { count: number; file(index: number): { sizeBytes: number } }) => {
    let bytes = 0;
    for (let index = 0; index < plan.count; index++) bytes += plan.file(index).sizeBytes;
    return bytes / 1e6;
  };

  it('small has 60,000 files and about 633 MB, mixed 655 MB in large files', () => {
    expect(plans.small.count).toBe(60_000);
    expect(megabytes(plans.small)).toBeGreaterThan(620);
    expect(megabytes(plans.small)).toBeLessThan(645);
    expect(megabytes(plans.mixed)).toBeGreaterThan(655);
    expect(plans.million.count).toBe(1_000_000);
  });

  it('small compresses about as source trees do, file by file', () => {
    let raw = 0;
    let packed = 0;
    for (let index = 0; index < plans.small.count; index += 200) {
      const content = fileContent(plans.small.file(index));
      raw += content.length;
      packed += zstdCompressSync(content).length;
    }
    expect(packed / raw).toBeGreaterThan(0.2);
    expect(packed / raw).toBeLessThan(0.35);
  });

  it('no two files of a plan share a path', () => {
    const paths = new Set<string>();
    for (let index = 0; index < plans.small.count; index++) paths.add(plans.small.file(index).path);
    expect(paths.size).toBe(plans.small.count);
  });

  it('one per cent of the files changes, spread, in each of the four ways', () => {
    const changes = plannedChanges(plans.small);
    expect(changes).toHaveLength(600);
    const originals = changes.flatMap((change) => change.original ?? []);
    expect(Math.min(...originals)).toBeLessThan(1_000);
    expect(Math.max(...originals)).toBeGreaterThan(59_000);
    const added = changes.filter((change) => change.action === 'write' && change.original === undefined);
    const count = (action: string) => changes.filter((change) => change.action === action).length;
    expect([count('write') - added.length, added.length, count('rename'), count('delete')]).toEqual([360, 120, 60, 60]);
  });
});

describe('the database', () => {
  it('is whole before and after the edit, and the dump holds the same orders', async () => {
    const corpus = await prepareCorpus(folder, 'large', 0.001);
    const check = () => {
      const database = new DatabaseSync(join(corpus.tree, 'shop.sqlite'));
      const orders = database.prepare('SELECT count(*) AS n, sum(total_cents) AS total FROM orders').get();
      expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
      database.close();
      return orders;
    };
    const before = check();
    await corpus.change();
    const after = check();
    expect(after).not.toEqual(before);
    const loaded = new DatabaseSync(':memory:');
    loaded.exec(readFileSync(join(corpus.tree, 'orders.sql'), 'utf8'));
    expect(loaded.prepare('SELECT count(*) AS n, sum(total_cents) AS total FROM orders').get()).toEqual(after);
  });
});
