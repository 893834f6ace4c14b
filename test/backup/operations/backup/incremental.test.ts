import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../../../src/backup/stores/memory.ts';
import { systemClock } from '../../../../src/shared/clock.ts';
import { backupPlace, settle } from '../../../helpers/backup-place.ts';
import { SeededRandom, testSeed } from '../../../helpers/seeded-random.ts';
import { compareTrees } from '../../../helpers/tree/compare-trees.ts';
import { randomContent } from '../../../helpers/tree/random-content.ts';
import { ACCESS_ACL, acl, xattr } from '../../../helpers/tree/xattr-values.ts';

const seed = testSeed();
const random = new SeededRandom(seed);

describe(`the next backup of a source, seed ${seed}`, () => {
  it('reads and stores nothing where nothing changed', async () => {
    const place = backupPlace();
    for (let i = 0; i < 200; i++) place.make.file(`folder ${i % 3}/file ${i}`, randomContent(random, 100));
    place.make.file('large', randomContent(random, 3_000_000));
    place.make.symlink('link', 'large');
    await settle(place.source);
    const first = await place.backup();
    const next = await place.backup();
    expect(next).toMatchObject({
      parent: first.snapshot,
      files: { new: 0, changed: 0, unmodified: 201 },
      bytes: first.bytes,
      bytesRead: 0,
      bytesAdded: 0,
      bytesStored: 0,
    });
    expect(compareTrees(place.tree(), await place.restoredTree(next.snapshot))).toEqual([]);
  });

  it.each([50, 300_000])('notices an edit that leaves size and time as they were (%i bytes)', async (size) => {
    const place = backupPlace();
    place.make.file('file', Buffer.alloc(size, 'a'), { mtimeNs: 1_000_000_000_000_000_000n });
    await settle(place.source);
    await place.backup();
    place.make.write('file', 10, Buffer.from('b'));
    place.make.dress('file', { mtimeNs: 1_000_000_000_000_000_000n });
    const next = await place.backup();
    expect(next.files).toEqual({ new: 0, changed: 1, unmodified: 0 });
    expect(compareTrees(place.tree(), await place.restoredTree(next.snapshot))).toEqual([]);
  });

  it('reads again what was touched as the scan began', async () => {
    const place = backupPlace();
    place.make.file('file', 'a');
    const touched = fs.statSync(place.path('file'), { bigint: true }).ctimeNs / 1_000_000n;
    const at = (ms: number) => ({ ...systemClock, now: () => Number(touched) + ms });
    await place.backup({}, { clock: at(5) });
    expect((await place.backup({}, { clock: at(1000) })).files.changed).toBe(1);
    expect((await place.backup({}, { clock: at(2000) })).files.unmodified).toBe(1);
  });

  it('trusts whole seconds less: such a file system may not tell two writes apart', async () => {
    const place = backupPlace();
    const now = Date.now();
    place.make.file('file', 'a', { mtimeNs: BigInt(Math.floor(now / 1000)) * 1_000_000_000n });
    await settle(place.source);
    await place.backup();
    expect((await place.backup()).files.changed).toBe(1);
  });

  it.each([
    ['mode', { mode: 0o600 }],
    ['time', { mtimeNs: 5n }],
    ['attributes', { xattrs: [xattr('user.new', 'x')] }],
    [
      'ACL',
      {
        xattrs: [
          xattr(
            ACCESS_ACL,
            acl([
              ['owner', 6],
              ['user', 4, 5],
              ['group', 4],
              ['mask', 4],
              ['other', 0],
            ]),
          ),
        ],
      },
    ],
  ])('takes a new %s over without storing content', async (_, dressing) => {
    const place = backupPlace();
    for (const path of ['file', 'large', 'folder/inside', 'folder']) {
      if (path !== 'folder') place.make.file(path, randomContent(random, path === 'large' ? 400_000 : 100));
    }
    await settle(place.source);
    await place.backup();
    for (const path of ['file', 'large', 'folder']) place.make.dress(path, dressing);
    const next = await place.backup();
    expect(next).toMatchObject({ files: { new: 0, changed: 2, unmodified: 1 }, bytesAdded: 0 });
    expect(compareTrees(place.tree(), await place.restoredTree(next.snapshot))).toEqual([]);
  });

  it('stores a small part of a large file into which something was inserted', async () => {
    const place = backupPlace();
    const content = randomContent(random, 20_000_000);
    fs.writeFileSync(place.path('large'), content);
    const first = await place.backup();
    expect(first.bytesAdded).toBe(20_000_000);
    fs.writeFileSync(
      place.path('large'),
      Buffer.concat([content.subarray(0, 9_000_000), Buffer.from('inserted'), content.subarray(9_000_000)]),
    );
    const next = await place.backup();
    expect(next.bytesAdded).toBeLessThan(6_000_000);
    expect(compareTrees(place.tree(), await place.restoredTree(next.snapshot))).toEqual([]);
  });

  it('stores the same content once, in one backup and over several sources', async () => {
    const place = backupPlace();
    const content = randomContent(random, 900_000);
    for (const path of ['one/a', 'one/b', 'two/c']) place.make.file(path, content);
    const first = await place.backup({ paths: [place.path('one')] });
    expect(first).toMatchObject({ bytesRead: 1_800_000, bytesAdded: 900_000 });
    const other = await place.backup({ paths: [place.path('two')] });
    expect(other).toMatchObject({ parent: null, bytesRead: 900_000, bytesAdded: 0 });
    const moved = place.path('moved');
    fs.renameSync(place.path('two'), moved);
    expect((await place.backup({ paths: [moved] })).bytesAdded).toBe(0);
  });

  it('compares with the newest of the same paths on the same host alone, and with none when forced', async () => {
    const place = backupPlace();
    place.make.file('a/x', 'x');
    place.make.file('b/x', 'x');
    await settle(place.source);
    const [a, b] = [place.path('a'), place.path('b')];
    const first = await place.backup({ paths: [a] });
    expect((await place.backup({ paths: [b] })).parent).toBeNull();
    expect((await place.backup({ paths: [a], host: 'other' })).parent).toBeNull();
    const second = await place.backup({ paths: [a] });
    expect(second.parent).toBe(first.snapshot);
    expect(await place.backup({ paths: [a], force: true })).toMatchObject({
      parent: null,
      files: { new: 1 },
      bytesRead: 1,
    });
  });

  it('sees what the one before it could not see', async () => {
    const place = backupPlace();
    place.make.sparse('file', 50_000, [], { xattrs: [xattr('user.kept', 'x')] });
    place.make.folder('folder', { xattrs: [xattr('user.kept', 'x')] });
    await settle(place.source);
    await place.backup({}, { posix: 'off' });
    const { snapshot } = await place.backup();
    expect(compareTrees(place.tree(), await place.restoredTree(snapshot))).toEqual([]);
    expect((await place.backup({}, { posix: 'off' })).files.unmodified).toBe(1);
    expect((await place.backup()).files.changed).toBe(1);
  });
});

describe('a damaged parent', () => {
  it('costs reading again, not the backup', async () => {
    const objects = new Map<string, Buffer>();
    const place = backupPlace({ store: new MemoryStore(objects) });
    for (let i = 0; i < 300; i++) place.make.file(`file ${i}`, `content ${i}`);
    // Its list of chunks is long enough to lie in chunks of its own.
    const database = Buffer.concat([Buffer.from('SQLite format 3\0'), randomContent(random, 35_000_000)]);
    place.make.file('large', database, { mtimeNs: 1_000_000_000_000_000_123n });
    await settle(place.source);
    await place.backup();
    for (const [name, bytes] of objects) {
      // Type 2 in the envelope: what holds manifests and lists.
      if (name.startsWith('packs/') && bytes[4] === 2) bytes.fill(0, 100, bytes.length - 1000);
    }
    const next = await place.backup();
    expect(next.warnings).toEqual([expect.stringContaining('parent snapshot cannot be read')]);
    expect(next).toMatchObject({ files: { new: 301 }, bytesAdded: 0, unreadable: 0 });
    const restored = await place.restoredTree(next.snapshot);
    expect(compareTrees(place.tree(), restored)).toEqual([]);
    expect((await place.backup()).files.unmodified).toBe(301);
  }, 120_000);
});
