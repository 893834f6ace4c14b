import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { comparePaths } from '../../../../src/backup/entry.ts';
import { openPosix } from '../../../../src/backup/posix/open-posix.ts';
import { createExcluder } from '../../../../src/backup/sources/folder/exclude.ts';
import { type Found, isCovered, type WalkRules, walk } from '../../../../src/backup/sources/folder/walk.ts';
import { WalkAhead } from '../../../../src/backup/sources/folder/walk-ahead.ts';
import { type ByteString, encodeText } from '../../../../src/shared/bytes.ts';
import { backupPlace } from '../../../helpers/backup-place.ts';
import { SeededRandom, testSeed } from '../../../helpers/seeded-random.ts';

const RULES: WalkRules = { excluded: () => false, oneFileSystem: false, excludeCaches: false, skipped: [] };

function walkOf(source: string, problems: string[] = []): Generator<Found> {
  const note = (path: string) => problems.push(path);
  const root = { path: '' as ByteString, location: encodeText(source), isFolder: true };
  return walk(openPosix(), root, RULES, { vanished: note, unreadable: note, unlistable: note });
}

const openDescriptors = () => fs.readdirSync('/proc/self/fd').length;

describe('a walk', () => {
  const seed = testSeed();
  it(`meets everything once, in the manifest's order, seed ${seed}`, () => {
    const place = backupPlace();
    const random = new SeededRandom(seed);
    const names = ['a', 'a-', 'a.b', 'a b', '\xff', 'A', '0', '~', 'a\n'];
    const made = new Set<string>();
    for (let i = 0; i < 200; i++) {
      const depth = 1 + random.below(4);
      const path = Array.from({ length: depth }, () => names[random.below(names.length)]).join('/');
      try {
        place.make.file(path, '');
        made.add(path);
      } catch {
        // A file stands where a folder would have to be, or the other way round.
      }
    }
    const met = [...walkOf(place.source)].map(({ path }) => path);
    expect(met.toSorted(comparePaths)).toEqual(met);
    expect(new Set(met).size).toBe(met.length);
    expect([...made].filter((path) => !met.includes(path as ByteString))).toEqual([]);
  });

  it('closes its folders wherever it is left', () => {
    const place = backupPlace();
    place.make.file('a/b/c/d/file', '');
    const before = openDescriptors();
    for (let steps = 0; steps < 6; steps++) {
      const steps_ = walkOf(place.source);
      for (let i = 0; i <= steps; i++) steps_.next();
      steps_.return(undefined);
      expect(openDescriptors()).toBe(before);
    }
  });

  it('leaves out covered files, also where it was ahead', () => {
    const place = backupPlace();
    for (const path of ['db', 'db-shm/inside', 'db-wal', 'other']) place.make.file(path, '');
    const cover = (found: Found) => {
      for (const name of ['db-wal', 'db-shm']) if (found.name === 'db') found.folder.covered.add(name as ByteString);
    };
    const lazily: string[] = [];
    for (const found of walkOf(place.source)) {
      cover(found);
      lazily.push(found.path);
    }
    expect(lazily).toEqual(['', 'db', 'db-shm', 'db-shm/inside', 'other']);
    const ahead = [...walkOf(place.source)];
    ahead.forEach(cover);
    expect(ahead.filter((found) => !isCovered(found)).map(({ path }) => path)).toEqual(lazily);
  });
});

describe('a walk ahead', () => {
  it('gives everything once, whenever it was interrupted', async () => {
    const place = backupPlace();
    for (let i = 0; i < 600; i++) fs.writeFileSync(place.path(`${i}`), '');
    const ahead = new WalkAhead(walkOf(place.source));
    await ahead.runUntil(Promise.resolve());
    expect([...ahead].map(({ path }) => path)).toEqual([...walkOf(place.source)].map(({ path }) => path));
  });

  it('keeps a failure for whoever iterates, after what came before it', async () => {
    const place = backupPlace();
    const failing = (function* (): Generator<Found> {
      yield* walkOf(place.source);
      throw new Error('broken');
    })();
    const ahead = new WalkAhead(failing);
    await ahead.runUntil(new Promise(() => {}));
    const met: string[] = [];
    expect(() => {
      for (const { path } of ahead) met.push(path);
    }).toThrow('broken');
    expect(met).toEqual(['']);
  });

  it.each([true, false])('closes its folders when nobody sees it to its end (iterated: %s)', async (iterated) => {
    const place = backupPlace();
    for (let i = 0; i < 600; i++) place.make.file(`folder/${i}`, '');
    const before = openDescriptors();
    const ahead = new WalkAhead(walkOf(place.source));
    await ahead.runUntil(Promise.resolve());
    for (const _ of iterated ? ahead : []) break;
    ahead.close();
    expect(openDescriptors()).toBe(before);
  });
});

describe('exclude patterns', () => {
  it('tell upper and lower case apart, as git does', () => {
    const excluded = createExcluder(['*.tmp', 'Build']);
    const ask = (path: string) => excluded(encodeText(path), false);
    expect(['a.tmp', 'a.TMP', 'Build', 'build'].map(ask)).toEqual([true, false, true, false]);
  });

  it('match names that are not UTF-8, and never throw for strange ones', () => {
    const excluded = createExcluder(['*.tmp', '[z-a]', '\\']);
    const names = ['\xff.tmp', '\xff', ' ', '...', '..a', './/', 'a\\b.tmp', 'line\nfeed.tmp'];
    expect(names.map((name) => excluded(name as ByteString, false))).toEqual([
      true,
      false,
      false,
      false,
      false,
      expect.any(Boolean),
      true,
      true,
    ]);
  });

  it('answer the same after more names than they remember', () => {
    const excluded = createExcluder(['*.tmp']);
    for (let i = 0; i < 25_000; i++) excluded(`file ${i}` as ByteString, false);
    expect(excluded('a.tmp' as ByteString, false)).toBe(true);
  });
});
