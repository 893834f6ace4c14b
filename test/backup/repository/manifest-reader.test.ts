import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comparePaths } from '../../../src/backup/entry.ts';
import { encodeFenceChunk, ManifestBuilder, type ManifestPart } from '../../../src/backup/format/manifest.ts';
import { META, packName } from '../../../src/backup/format/pack-index.ts';
import { ChunkReader } from '../../../src/backup/repository/chunk-reader.ts';
import { readIndexRuns } from '../../../src/backup/repository/index-loader.ts';
import { ManifestReader } from '../../../src/backup/repository/manifest-reader.ts';
import type { Repository } from '../../../src/backup/repository/repository.ts';
import { readCatalog } from '../../../src/backup/repository/snapshots.ts';
import type { ByteString } from '../../../src/shared/bytes.ts';
import { testRepository } from '../../helpers/repository/test-repository.ts';
import { backUpTiny, entriesOf, type TinyFiles } from '../../helpers/repository/tiny-backup.ts';
import { testSeed } from '../../helpers/seeded-random.ts';

/** Enough files for several manifest chunks. */
function manyFiles(): TinyFiles {
  const files: TinyFiles = { a: 'before', 'big.txt': 'sorts below the folder big', zz: 'after' };
  for (let i = 0; i < 900; i++) files[`big/sub ${i % 30}/file ${i}`] = `content ${i % 7}`;
  return files;
}

async function readerOf(repository: Repository): Promise<ManifestReader> {
  const [snapshot] = (await readCatalog(repository)).snapshots;
  return new ManifestReader(new ChunkReader(repository), snapshot!.body.manifest);
}

const PLAIN = { mode: 0o644, uid: 0, gid: 0, mtimeNs: 0n, size: 0 };
const SIDE = { inode: 0n, ctimeNs: 0n, sizeOnDisk: 0 };

/** Of parts that no repository would write. */
function readerOfParts(parts: readonly ManifestPart[]): ManifestReader {
  const fence = encodeFenceChunk(
    parts.map(({ firstPath, count, manifest }, i) => {
      const id = Buffer.alloc(32, i);
      return { firstPath, count, manifest: { id, length: manifest.length }, side: undefined };
    }),
  );
  const chunks = { read: async (_kind: unknown, id: Buffer) => parts[id.readUInt8(0)]?.manifest ?? fence };
  return new ManifestReader(chunks as never, [{ id: 'ff'.repeat(32), length: fence.length }]);
}

async function pathsOf(entries: AsyncIterable<{ path: string }>): Promise<string[]> {
  const paths: string[] = [];
  for await (const { path } of entries) paths.push(path);
  return paths;
}

describe('reading a manifest', () => {
  it('gives everything in order, parts below a path, and single folders', async () => {
    const repository = testRepository();
    await backUpTiny(repository, manyFiles());
    const reader = await readerOf(repository);
    expect((await reader.fences()).length).toBeGreaterThan(2);
    const all = entriesOf(manyFiles()).map(({ path }) => path as string);
    expect(await pathsOf(reader.entries())).toEqual(all);
    const isBelow = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`);
    for (const folder of ['big', 'big/sub 7', 'big/sub 29', 'zz', 'absent']) {
      expect(await pathsOf(reader.entries({ below: folder }))).toEqual(all.filter((path) => isBelow(path, folder)));
      const children = all.filter(
        (path) => path.startsWith(`${folder}/`) && !path.slice(folder.length + 1).includes('/'),
      );
      expect(await pathsOf(reader.folder(folder))).toEqual(children);
    }
    expect(await pathsOf(reader.folder(''))).toEqual(['a', 'big', 'big.txt', 'zz'].sort(comparePaths));
  });

  it('gives chosen paths with the folders above them, and reads no parts that hold neither', async () => {
    const repository = testRepository();
    await backUpTiny(repository, manyFiles());
    const all = entriesOf(manyFiles()).map(({ path }) => path as string);
    const within = (path: string, folder: string) => folder === '' || path === folder || path.startsWith(`${folder}/`);
    for (const only of [
      ['big/sub 7'],
      ['a', 'big/sub 29/file 59'],
      ['big'],
      ['zz'],
      ['absent'],
      ['big/sub 7', 'big/sub 7/file 37', 'big/sub 8'],
    ]) {
      const reader = await readerOf(repository);
      const read: string[] = [];
      const part = reader.part.bind(reader);
      reader.part = (fence, onRefused) => {
        read.push(fence.firstPath);
        return part(fence, onRefused);
      };
      const wanted = all.filter((path) => only.some((one) => within(path, one) || within(one, path)));
      expect(await pathsOf(reader.entries({ only }))).toEqual(wanted);
      const begins = (await reader.fences()).map(({ firstPath }) => firstPath as string);
      const partOf = (path: string) => begins.findLast((begin) => comparePaths(begin, path) <= 0);
      const needed = new Set(only.concat(wanted).map(partOf));
      expect(read).toEqual(begins.filter((begin) => needed.has(begin)));
    }
  });

  it('finds every entry and no other', async () => {
    const repository = testRepository();
    await backUpTiny(repository, manyFiles());
    const reader = await readerOf(repository);
    for (const path of ['', 'a', 'big', 'big/sub 3/file 33', 'zz']) expect((await reader.find(path))?.path).toBe(path);
    for (const path of ['b', 'big/sub 3/file', 'zzz', '!']) expect(await reader.find(path)).toBeUndefined();
  });

  it('gives each part its side records', async () => {
    const repository = testRepository();
    await backUpTiny(repository, manyFiles());
    const reader = await readerOf(repository);
    for (const fence of await reader.fences()) expect(await reader.side(fence)).toHaveLength(fence.count);
  });

  it('goes on after a part that is lost, when it is told of damage', async () => {
    const repository = testRepository();
    await backUpTiny(repository, manyFiles(), { packBytes: 1 });
    const reader = await readerOf(repository);
    const lost = (await reader.fences())[1]!;
    const { runs } = await readIndexRuns(repository);
    const packs = runs.flatMap(({ index }) => {
      const at = index.records.indexOf(lost.manifest.id);
      return at < 0 ? [] : [index.packs[index.blockPack[index.records.readUInt32LE(at + 32)]!]!];
    });
    for (const { id } of packs) await repository.store.delete(packName(id));
    const again = await readerOf(testRepository({ store: repository.store }));
    await expect(pathsOf(again.entries())).rejects.toMatchObject({ code: 'damaged' });
    const problems: string[] = [];
    const paths = await pathsOf(again.entries({ onDamage: (error) => problems.push(error.message) }));
    expect(paths).toHaveLength(entriesOf(manyFiles()).length - lost.count);
    expect(problems).toEqual([expect.stringContaining(packName(packs[0]!.id))]);
  });

  it('goes on after a part that a newer program wrote, when it is told of damage', async () => {
    const builder = new ManifestBuilder(Buffer.alloc(32));
    const part = (path: string) => {
      builder.add({ ...PLAIN, path: path as ByteString, type: 'file' }, SIDE);
      return builder.finish()!;
    };
    const parts = [part('a'), part('b'), part('c')];
    parts[1]!.manifest.writeUInt8(2, 1);
    const reader = readerOfParts(parts);
    await expect(pathsOf(reader.entries())).rejects.toMatchObject({ code: 'unsupported_version' });
    const lost: unknown[] = [];
    expect(await pathsOf(reader.entries({ onDamage: (_error, fence) => lost.push(fence?.firstPath) }))).toEqual([
      'a',
      'c',
    ]);
    expect(lost).toEqual(['b']);
  });

  it('refuses a root that is no folder, and takes what lies below it', async () => {
    const builder = new ManifestBuilder(Buffer.alloc(32));
    builder.add({ ...PLAIN, path: '' as ByteString, type: 'symlink', target: '/' as ByteString }, SIDE);
    builder.add({ ...PLAIN, path: 'a' as ByteString, type: 'file' }, SIDE);
    const reader = readerOfParts([builder.finish()!]);
    await expect(pathsOf(reader.entries())).rejects.toMatchObject({ code: 'damaged' });
    const refused: string[] = [];
    expect(await pathsOf(reader.entries({ onRefused: (path) => refused.push(path) }))).toEqual(['a']);
    expect(refused).toEqual(['']);
  });

  it('lists what any tree holds', async () => {
    const name = fc.stringMatching(/^[!-.0-~]{1,3}$/).filter((text) => text !== '.' && text !== '..');
    const tree = fc.dictionary(
      fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/')),
      fc.string(),
      { maxKeys: 30 },
    );
    await fc.assert(
      fc.asyncProperty(tree, async (drawn) => {
        const isFolder = (path: string) => Object.keys(drawn).some((other) => other.startsWith(`${path}/`));
        const files = Object.fromEntries(Object.entries(drawn).filter(([path]) => !isFolder(path)));
        const repository = testRepository();
        await backUpTiny(repository, files);
        const reader = await readerOf(repository);
        expect(await pathsOf(reader.entries())).toEqual(entriesOf(files).map(({ path }) => path));
      }),
      { seed: testSeed(), numRuns: 40 },
    );
  });
});

describe('reading chunks', () => {
  it('tries every copy', async () => {
    const repository = testRepository();
    await backUpTiny(repository, { file: 'content' });
    const first = [...(await repository.store.list('packs/'))];
    const saved = new Map(
      await Promise.all(first.map(async ({ name }) => [name, await repository.store.get(name)] as const)),
    );
    for (const { name } of first) await repository.store.put(name, Buffer.from('cut'));
    await backUpTiny(repository, { file: 'content' });
    const second = (await repository.store.list('packs/')).filter(({ name }) => !saved.has(name));
    for (const { name } of second) await repository.store.delete(name);
    for (const [name, bytes] of saved) await repository.store.put(name, bytes);
    expect(await pathsOf((await readerOf(testRepository({ store: repository.store }))).entries())).toEqual([
      '',
      'file',
    ]);
  });

  it('works without any index, and with packs whose trailer is damaged', async () => {
    const repository = testRepository();
    await backUpTiny(repository, { file: 'content' });
    for (const { name } of await repository.store.list('index/')) await repository.store.delete(name);
    for (const { name } of await repository.store.list('packs/')) {
      const bytes = await repository.store.get(name);
      bytes[bytes.length - 40]! ^= 1;
      await repository.store.put(name, bytes);
    }
    expect(await pathsOf((await readerOf(testRepository({ store: repository.store }))).entries())).toEqual([
      '',
      'file',
    ]);
  });

  it('names the pack that is damaged', async () => {
    const repository = testRepository();
    await backUpTiny(repository, { file: 'content' });
    const { runs } = await readIndexRuns(repository);
    const packs = runs[0]!.packs.filter(({ kind }) => kind === META).map(({ id }) => packName(id));
    for (const name of packs) {
      const bytes = await repository.store.get(name);
      bytes[120]! ^= 1;
      await repository.store.put(name, bytes);
    }
    const reading = pathsOf((await readerOf(testRepository({ store: repository.store }))).entries());
    await expect(reading).rejects.toMatchObject({ code: 'damaged', details: { objects: packs } });
  });
});
