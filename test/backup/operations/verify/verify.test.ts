import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type PackIndex, packName, RECORD_BYTES } from '../../../../src/backup/format/pack-index.ts';
import { verify } from '../../../../src/backup/operations/verify/verify.ts';
import { ChunkStorer, putIndexRun } from '../../../../src/backup/repository/chunk-storer.ts';
import type { Heads } from '../../../../src/backup/repository/history.ts';
import { readIndexRuns } from '../../../../src/backup/repository/index-loader.ts';
import { readCatalog } from '../../../../src/backup/repository/snapshots.ts';
import { LocalStore } from '../../../../src/backup/stores/local.ts';
import { ReadOnlyStore } from '../../../../src/backup/stores/read-only.ts';
import { startVerifyWorkers } from '../../../../src/backup/threads/verify-pool.ts';
import { readProcessIdentity } from '../../../../src/shared/process-identity.ts';
import { rememberScrypt } from '../../../helpers/remember-scrypt.ts';
import { backUpTiny } from '../../../helpers/repository/tiny-backup.ts';
import { check, copyOf, createSample, fillSample, reopened, type Sample } from './sample-repository.ts';

rememberScrypt();

const FILES = { 'a.txt': 'first file', 'folder/b.txt': 'second file', 'folder/c.txt': 'third file' };

/** A repository with one snapshot of FILES, and the names of its data and its meta pack. */
async function small(): Promise<Sample & { id: string; data: string; meta: string; run: string }> {
  const sample = await createSample();
  const id = await backUpTiny(sample.repository, FILES);
  const run = (await readIndexRuns(sample.repository)).runs[0];
  const [data, meta] = [0, 1].map((kind) => packName(run?.packs.find((pack) => pack.kind === kind)?.id as string));
  return { ...sample, id, data: data as string, meta: meta as string, run: run?.id as string };
}

const named = (id: string, ...paths: string[]): string[] => paths.map((path) => `${id.slice(0, 8)}:${path}`);

describe('verifying', () => {
  it('quickly names missing packs and the files that need them', async () => {
    const { repository, objects, id, data } = await small();
    objects.delete(data);
    const { damaged } = await check(repository, { depth: 'quick' });
    expect(damaged).toMatchObject([{ object: data, kind: 'pack', filesTotal: 3 }]);
    expect(damaged[0]?.files).toEqual(named(id, 'a.txt', 'folder/b.txt', 'folder/c.txt'));
  });

  it('quickly names packs of another size, and only the files that cannot be read', async () => {
    const { repository, objects, data } = await small();
    objects.set(data, Buffer.concat([objects.get(data) as Buffer, Buffer.from('more')]));
    const { damaged } = await check(repository, { depth: 'quick' });
    expect(damaged).toMatchObject([{ object: data, filesTotal: 0 }]);
    expect(damaged[0]?.problem).toContain('all chunks in it can still be read');
  });

  it('says that a damaged copy has another good one', async () => {
    const { repository, objects, data } = await small();
    const storer = new ChunkStorer(repository, Buffer.alloc(16, 1));
    for (const text of Object.values(FILES)) {
      const content = Buffer.from(text);
      await storer.add(0, storer.chunkId(0, content), content);
    }
    await storer.flush();
    objects.get(data)?.fill(0, 100, 120);
    const { damaged } = await check(repository, { depth: 'deep' });
    expect(damaged).toMatchObject([{ object: data, files: [] }]);
    expect(damaged[0]?.problem).toContain('another good copy');
  });

  it('says what is lost where a list of files is', async () => {
    const { repository, objects, id, meta } = await small();
    objects.get(meta)?.fill(0, 80);
    const { damaged } = await check(repository, { depth: 'deep' });
    expect(damaged).toMatchObject([{ object: meta, files: named(id, '/'), filesTotal: 3 }]);
  });

  it('blames a run that promises what its pack does not hold', async () => {
    const { repository, run, objects } = await small();
    const { runs } = await readIndexRuns(repository);
    const wrong = await putIndexRun(repository, Buffer.alloc(16, 1), withWrongOffset(runs[0]?.index as PackIndex));
    objects.delete(`index/${run}`);
    expect((await check(repository, { depth: 'checksums' })).damaged).toEqual([]);
    const { damaged } = await check(repository, { depth: 'deep' });
    expect(damaged).toMatchObject([{ object: `index/${wrong}`, kind: 'index', filesTotal: 1 }]);
  });

  it('names the lost run of packs that are in no index', async () => {
    const { repository, run, objects } = await small();
    objects.delete(`index/${run}`);
    expect((await check(repository)).damaged).toMatchObject([{ object: `index/${run}`, files: [] }]);
  });

  it('looks only at what one snapshot needs when asked for it', async () => {
    const sample = await fillSample();
    const { repository, objects, snapshots } = copyOf(sample);
    const [first, , last] = snapshots as [string, string, string];
    objects.delete(`snapshots/${last}`);
    const whole = await check(repository);
    expect(whole.damaged.map(({ object }) => object)).toEqual([`snapshots/${last}`]);
    const one = await check(repository, { snapshot: first.slice(0, 12), depth: 'deep' });
    expect(one).toMatchObject({ damaged: [], snapshots: 1 });
    expect(one.packs).toBeLessThan(whole.packs);
    expect(one.objects).toBeLessThan(whole.objects);
  });

  it('reads a share of the packs when asked for a sample', async () => {
    const { repository } = await fillSample();
    const { packs } = await check(repository);
    expect(await check(repository, { sample: 0.5 })).toMatchObject({ damaged: [], packs: Math.round(packs / 2) });
    expect((await check(repository, { sample: 0.0001 })).packs).toBe(1);
  });

  it('notes for each snapshot what was found', async () => {
    const { repository, objects, id, data } = await small();
    await check(repository, { depth: 'deep' });
    const verified = async () => (await readCatalog(reopened(repository))).snapshots[0]?.verified;
    expect(await verified()).toMatchObject({ depth: 'deep', damaged: 0 });
    objects.delete(data);
    await (repository.clock as unknown as { advance(ms: number): Promise<void> }).advance(1000);
    await check(repository, { snapshot: id });
    expect(await verified()).toMatchObject({ depth: 'checksums', damaged: 1 });
  });

  it('does without notes where it may only read', async () => {
    const { repository, objects } = await small();
    const before = [...objects.keys()];
    const result = await check(reopened(repository, new ReadOnlyStore(repository.store)));
    expect(result.damaged).toEqual([]);
    expect(result.notices).toEqual([expect.stringContaining('can only be read')]);
    expect([...objects.keys()]).toEqual(before);
  });

  it('mentions objects that nothing reads', async () => {
    const { repository, objects } = await small();
    objects.set('packs/notes.txt', Buffer.from('?'));
    const { damaged, notices } = await check(repository);
    expect(damaged).toEqual([]);
    expect(notices).toEqual([expect.stringContaining('packs/notes.txt')]);
  });

  it('reports a snapshot that was seen before and is hidden', async () => {
    const { repository, objects, id } = await small();
    let remembered: Heads = {};
    const save = async (newest: Heads) => {
      remembered = newest;
    };
    const heads = { load: async () => remembered, save };
    expect((await check(repository, {}, heads)).damaged).toEqual([]);
    for (const name of [...objects.keys()]) if (name.includes(id)) objects.delete(name);
    for (let time = 0; time < 2; time++) {
      const { damaged } = await check(repository, { depth: 'quick' }, heads);
      expect(damaged).toMatchObject([{ object: `snapshots/${id}`, kind: 'history' }]);
    }
  });

  it('stops when it is told to', async () => {
    const { repository } = await small();
    const stop = verify({ repository, workers: [] }, {}, { signal: AbortSignal.abort(new Error('enough')) });
    await expect(stop).rejects.toThrow();
    expect(await repository.store.list('sessions/')).toEqual([]);
  });
});

describe('verifying in threads', () => {
  it('finds the same as in one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-verify-'));
    const store = new LocalStore(folder, { identity: readProcessIdentity() });
    try {
      const { repository, objects, snapshots } = copyOf(await fillSample());
      const packs = [...objects.keys()].filter((name) => name.startsWith('packs/'));
      for (const name of packs.slice(0, 3)) objects.get(name)?.fill(7, 90, 140);
      objects.delete(packs[3] as string);
      for (const [name, bytes] of objects) await store.put(name, bytes);
      const inline = await check(repository, { depth: 'deep' });
      const threaded = await verify(
        { repository: reopened(repository, store), workers: startVerifyWorkers(2) },
        { depth: 'deep' },
      );
      expect(inline.damaged.length).toBeGreaterThanOrEqual(4);
      expect(threaded.damaged).toEqual(inline.damaged);
      expect(threaded).toMatchObject({ snapshots: snapshots.length, packs: inline.packs, bytes: inline.bytes });
    } finally {
      await store.close();
      await rm(folder, { recursive: true });
    }
  });
});

/** The same index with one data chunk at another place of its block. */
function withWrongOffset(index: PackIndex): PackIndex {
  const records = Buffer.from(index.records);
  for (let at = 0; at < records.length; at += RECORD_BYTES) {
    const pack = index.blockPack[records.readUInt32LE(at + 32)] as number;
    if (index.packs[pack]?.kind !== 0) continue;
    records.writeUInt32LE(records.readUInt32LE(at + 36) + 1, at + 36);
    break;
  }
  return { ...index, records };
}
