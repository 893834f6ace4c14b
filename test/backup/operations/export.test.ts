import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { exportTar } from '../../../src/backup/operations/export/export.ts';
import type { Repository } from '../../../src/backup/repository/repository.ts';
import { listSessions } from '../../../src/backup/repository/sessions.ts';
import { MemoryStore } from '../../../src/backup/stores/memory.ts';
import { ReadOnlyStore } from '../../../src/backup/stores/read-only.ts';
import { testRepository } from '../../helpers/repository/test-repository.ts';
import { canCompareTrees, EXTRACT_ALL, gnuTar, observe, temporaryFolder } from '../archive/helpers/gnu-tar.ts';
import { entryOf, fileOf, membersOf, raw } from '../archive/helpers/members.ts';
import { expectedFiles, sampleTree } from '../archive/helpers/sample-tree.ts';
import { archiveOf, Collected, exportBytes, importBytes, noise, snapshotOf } from './helpers/environment.ts';

const byPath = <T extends { path: string }>(list: readonly T[]) => list.toSorted((a, b) => (a.path < b.path ? -1 : 1));
const large = noise(7, 6_000_000);

const tree = () => [
  { entry: entryOf('', { type: 'directory', mode: 0o700 }) },
  { entry: entryOf('etc', { type: 'directory', mode: 0o755 }) },
  fileOf('etc/hosts', Buffer.from('localhost')),
  fileOf('etc/same', Buffer.from('localhost')),
  { entry: entryOf('etc/two', { size: 9, hardlink: raw('etc/hosts') }) },
  { entry: entryOf('srv', { type: 'directory', mode: 0o755 }) },
  fileOf('srv/large', large),
  { entry: entryOf('srv/three', { size: 9, hardlink: raw('etc/hosts') }) },
  { entry: entryOf('srv/two', { size: 9, hardlink: raw('etc/hosts') }) },
];

describe('export', () => {
  let repository: Repository;
  let id: string;

  beforeAll(async () => {
    repository = testRepository();
    id = await snapshotOf(repository, tree());
  });

  it.skipIf(!canCompareTrees)('gives an archive that GNU tar restores exactly', async () => {
    const own = testRepository();
    const snapshot = await snapshotOf(own, sampleTree());
    const { bytes, warnings } = await exportBytes(own, snapshot);
    const folder = join(temporaryFolder(), 'tree');
    mkdirSync(folder);
    gnuTar(EXTRACT_ALL, { cwd: folder, input: bytes });
    expect(byPath(observe(folder))).toEqual(byPath(await expectedFiles(sampleTree())));
    expect(warnings).toEqual([]);
  });

  it.each([
    ['tar', (bytes: Buffer) => bytes],
    ['tar.gz', gunzipSync],
    ['tar.zst', zstdDecompressSync],
  ] as const)('writes %s at the pace of its output', async (format, unpack) => {
    const { bytes, ...result } = await exportBytes(repository, id, { format });
    const { members } = await membersOf(unpack(bytes) as Buffer);
    expect(members.map(({ entry }) => entry.path)).toEqual(tree().map(({ entry }) => entry.path));
    expect(members.find(({ entry }) => entry.path === 'srv/large')?.data.equals(large)).toBe(true);
    expect(result).toMatchObject({ snapshot: id, files: 6, size: large.length + 18, warnings: [] });
  });

  it('writes the first chosen member of a group as a file and links the others to it', async () => {
    const { bytes, files } = await exportBytes(repository, id, { paths: ['srv/two', '/srv/three/', './srv/two'] });
    const { members } = await membersOf(bytes);
    expect(members.map(({ entry }) => [entry.path, entry.hardlink])).toEqual([
      ['srv/three', undefined],
      ['srv/two', 'srv/three'],
    ]);
    expect(members[0]?.data.toString()).toBe('localhost');
    expect(files).toBe(2);
  });

  it('writes nested paths once', async () => {
    const { bytes } = await exportBytes(repository, id, { paths: ['etc/hosts', 'etc'] });
    const { members } = await membersOf(bytes);
    expect(members.map(({ entry }) => entry.path)).toEqual(['etc', 'etc/hosts', 'etc/same', 'etc/two']);
  });

  it('refuses a path that is not there and names one that is near', async () => {
    await expect(exportBytes(repository, id, { paths: ['etc/hsots'] })).rejects.toMatchObject({
      code: 'not_found',
      advice: 'Did you mean etc/hosts?',
    });
  });

  it('holds a session while it reads, and none afterwards', async () => {
    const seen: string[] = [];
    const output = new Writable({
      write: (_piece, _encoding, done) => {
        void listSessions(repository).then((sessions) => {
          seen.push(...sessions.map(({ body }) => body?.operation ?? ''));
          done();
        });
      },
    });
    await exportTar(repository, { id, output, format: 'tar' });
    expect(new Set(seen)).toEqual(new Set(['export']));
    expect(await listSessions(repository)).toEqual([]);
  });

  it('exports from a repository that can only be read', async () => {
    const readOnly = testRepository({ store: new ReadOnlyStore(repository.store) });
    expect((await exportBytes(readOnly, id)).files).toBe(6);
  });

  it('names the damaged object and the file', async () => {
    const objects = new Map<string, Buffer>();
    const own = testRepository({ store: new MemoryStore(objects) });
    const snapshot = await snapshotOf(own, [fileOf('etc/a\x1bb', noise(3, 1000))]);
    const packs = [...objects].filter(([name, bytes]) => name.startsWith('packs/') && bytes[4] === 1);
    for (const [, bytes] of packs) bytes[200] = (bytes[200] as number) ^ 1;
    const failure = exportBytes(testRepository({ store: new MemoryStore(objects) }), snapshot);
    await expect(failure).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining('etc/a\\x1bb cannot be exported'),
      details: { file: 'etc/a\\x1bb', objects: packs.map(([name]) => name) },
    });
  });

  it('fails when its output is closed', async () => {
    const output = new Writable({ write: (_piece, _encoding, done) => done(), highWaterMark: 1 });
    const written = exportTar(repository, { id, output, format: 'tar' });
    output.destroy();
    await expect(written).rejects.toMatchObject({ code: 'failed', message: expect.stringContaining('was closed') });
  });

  it('passes on what its output fails with', async () => {
    const full = Object.assign(new Error('full'), { code: 'ENOSPC' });
    const output = new Writable({ write: (_piece, _encoding, done) => done(full) });
    await expect(exportTar(repository, { id, output, format: 'tar' })).rejects.toBe(full);
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    const output = new Collected();
    const context = { signal: stop.signal, onProgress: () => stop.abort(new Error('enough')) };
    await expect(exportTar(repository, { id, output, format: 'tar' }, context)).rejects.toThrow('enough');
  });

  it('gives the same archive again after it was imported', async () => {
    const { bytes } = await exportBytes(repository, id, { format: 'tar.zst' });
    const again = testRepository();
    const { snapshot } = await importBytes(again, bytes);
    const both = await Promise.all([exportBytes(repository, id), exportBytes(again, snapshot)]);
    expect(both[1].bytes.equals(both[0].bytes)).toBe(true);
    expect(both[0].bytes.equals(await archiveOf(tree()))).toBe(true);
  });
});
