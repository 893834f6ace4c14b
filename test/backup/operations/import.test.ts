import { createHash } from 'node:crypto';
import { PassThrough, Readable } from 'node:stream';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TarMember } from '../../../src/backup/archive/pax-writer.ts';
import { importTar } from '../../../src/backup/operations/import/import.ts';
import { ChunkReader } from '../../../src/backup/repository/chunk-reader.ts';
import { ManifestReader } from '../../../src/backup/repository/manifest-reader.ts';
import type { Repository } from '../../../src/backup/repository/repository.ts';
import { listSessions } from '../../../src/backup/repository/sessions.ts';
import { readCatalog } from '../../../src/backup/repository/snapshots.ts';
import { MemoryStore } from '../../../src/backup/stores/memory.ts';
import { HoldfastError } from '../../../src/shared/errors.ts';
import { testRepository } from '../../helpers/repository/test-repository.ts';
import { restoreTiny } from '../../helpers/repository/tiny-backup.ts';
import { entryOf, fileOf } from '../archive/helpers/members.ts';
import { paxHeader, type RawMember, rawArchive } from '../archive/helpers/raw-archive.ts';
import { archiveOf, environmentOf, importBytes, noise } from './helpers/environment.ts';

async function bodyOf(repository: Repository, id: string) {
  const record = (await readCatalog(repository)).snapshots.find((snapshot) => snapshot.id === id);
  if (record === undefined) throw new Error(`no snapshot ${id}`);
  return record.body;
}

async function entriesOf(repository: Repository, id: string) {
  const { manifest } = await bodyOf(repository, id);
  return Array.fromAsync(new ManifestReader(new ChunkReader(repository), manifest).entries());
}

async function imported(...members: (RawMember | Buffer)[]) {
  const repository = testRepository();
  const result = await importBytes(repository, rawArchive(...members));
  const entries = await entriesOf(repository, result.snapshot);
  return { repository, result, entries, paths: entries.map(({ path }) => path) };
}

const link = (name: string, linkname: string): RawMember => ({ name, linkname, typeflag: '1' });
const folder = (name: string): RawMember => ({ name, typeflag: '5', mode: '0000750\0' });
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest();

describe('import', () => {
  it('makes a snapshot that says where it comes from', async () => {
    const repository = testRepository();
    const archive = await archiveOf([fileOf('a', Buffer.from('one')), fileOf('b/c', Buffer.from('two'))]);
    const request = { source: 'old server', tags: ['moved'], host: 'old', time: '2020-02-02T02:02:02.000Z' };
    const result = await importBytes(repository, archive, request);
    expect(result).toMatchObject({
      source: 'old server',
      time: '2020-02-02T02:02:02.000Z',
      parent: null,
      files: { new: 2, changed: 0, unmodified: 0 },
      directories: 2,
      bytes: 6,
      bytesRead: 6,
      bytesAdded: 6,
      warnings: [],
      unreadable: 0,
    });
    const body = await bodyOf(repository, result.snapshot);
    expect(body).toMatchObject({ trigger: 'import', kind: 'files', host: 'old', tags: ['moved'], paths: [] });
    expect(await restoreTiny(repository, body)).toEqual({ a: 'one', 'b/c': 'two' });
    expect(await listSessions(repository)).toEqual([]);
  });

  it.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const)('reads archives that %s compressed', async (_name, pack) => {
    const repository = testRepository();
    const { snapshot } = await importBytes(repository, pack(await archiveOf([fileOf('a', Buffer.from('one'))])));
    expect(await restoreTiny(repository, await bodyOf(repository, snapshot))).toEqual({ a: 'one' });
  });

  it('stores contents of every size, sparse ones too, exactly and once', async () => {
    const page = (fill: number) => Buffer.alloc(4096, fill);
    const sizes = [1, 511, 512, 262_143, 262_144, 262_145, 5_000_000];
    const members: TarMember[] = sizes.map((size) => fileOf(`file ${size}`, noise(size % 251, size)));
    const holes = [
      { offset: 0, length: 8192 },
      { offset: 12_288, length: 100_000_000 },
    ];
    members.push({ entry: entryOf('sparse', { size: 100_012_288, holes }), content: [page(1)] });
    const many = noise(9, 400_000);
    const gap = [{ offset: 300_000, length: 1_000_000 }];
    members.push({ entry: entryOf('sparse large', { size: 1_400_000, holes: gap }), content: [many] });
    const only = [{ offset: 0, length: 10_000 }];
    members.push({ entry: entryOf('void', { size: 10_000, holes: only }), content: [] });
    const archive = await archiveOf(members);
    const repository = testRepository();
    const first = await importBytes(repository, archive, { threads: 2 });
    const again = await importBytes(repository, archive);
    expect(again.bytesAdded).toBe(0);
    expect(first.bytesAdded).toBe(sizes.reduce((sum, size) => sum + size, 0) + 4096 + 400_000);

    const body = await bodyOf(repository, first.snapshot);
    const chunks = new ChunkReader(repository);
    const manifest = new ManifestReader(chunks, body.manifest);
    for await (const entry of manifest.entries()) {
      const member = members.find(({ entry: { path } }) => path === entry.path);
      if (member === undefined) continue;
      const parts: Buffer[] = [];
      for (const { id } of await manifest.chunkList(entry)) parts.push(await chunks.read(0, id));
      const data = Buffer.concat((await Array.fromAsync(member.content ?? [])) as Buffer[]);
      expect(Buffer.concat(parts).equals(data), entry.path).toBe(true);
      const whole = Buffer.alloc(entry.size);
      let [position, taken] = [0, 0];
      for (const hole of [...(entry.holes ?? []), { offset: entry.size, length: 0 }]) {
        taken += data.copy(whole, position, taken, taken + hole.offset - position);
        position = hole.offset + hole.length;
      }
      expect(entry.digest, entry.path).toEqual(sha256(whole));
      expect(entry.holes, entry.path).toEqual(member.entry.holes);
    }
    expect((await bodyOf(repository, again.snapshot)).manifest).toEqual(body.manifest);
  });

  it('counts the last member of a path, and follows hard links to what they meant', async () => {
    const { entries, repository, result } = await imported(
      { name: 'a', body: 'old' },
      link('link to old', 'a'),
      { name: 'a', body: 'new' },
      link('link to new', 'a'),
      link('chain', 'link to old'),
      link('z', 'chain'),
    );
    expect(await restoreTiny(repository, await bodyOf(repository, result.snapshot))).toEqual({
      a: 'new',
      chain: 'old',
      'link to new': 'new',
      'link to old': 'old',
      z: 'old',
    });
    expect(entries.map(({ path, hardlink }) => [path, hardlink])).toEqual([
      ['', undefined],
      ['a', undefined],
      ['chain', undefined],
      ['link to new', 'a'],
      ['link to old', 'chain'],
      ['z', 'chain'],
    ]);
    expect(result.warnings).toEqual([]);
  });

  it('leaves out hard links that lead nowhere, to later members, to folders or in circles', async () => {
    const { paths, result } = await imported(
      folder('d/'),
      link('before', 'later'),
      link('circle a', 'circle b'),
      link('circle b', 'circle a'),
      link('folder', 'd'),
      link('nowhere', 'nothing'),
      { name: 'later', body: 'x' },
    );
    expect(paths).toEqual(['', 'd', 'later']);
    expect(result.unreadable).toBe(5);
    expect(result.warnings).toHaveLength(5);
  });

  it('adds missing folders and sorts as manifests are sorted', async () => {
    const { entries } = await imported(
      { name: 'a.b/x', body: '1' },
      { name: 'a/b/c/d', body: '2', uid: '0000007\0' },
      { name: 'a-', body: '3' },
    );
    expect(entries.map(({ path, type, mode, uid }) => [path, type, mode, uid])).toEqual([
      ['', 'directory', 0o755, 7],
      ['a', 'directory', 0o755, 7],
      ['a/b', 'directory', 0o755, 7],
      ['a/b/c', 'directory', 0o755, 7],
      ['a/b/c/d', 'file', 0o644, 7],
      ['a-', 'file', 0o644, 1000],
      ['a.b', 'directory', 0o755, 1000],
      ['a.b/x', 'file', 0o644, 1000],
    ]);
  });

  it('keeps setuid bits, sockets left out, devices and links that lead outside as they are', async () => {
    const { entries, result } = await imported(
      { name: 'suid', mode: '0004755\0', body: 'x' },
      { name: 'null', typeflag: '3', patch: { at: 329, bytes: '0000001\x000000003\0' } },
      { name: 'out', typeflag: '2', linkname: '../../etc/passwd' },
    );
    expect(entries.map(({ path, type, mode, device, target }) => ({ path, type, mode, device, target }))).toEqual([
      expect.objectContaining({ path: '' }),
      { path: 'null', type: 'char-device', mode: 0o644, device: { major: 1, minor: 3 }, target: undefined },
      { path: 'out', type: 'symlink', mode: 0o644, device: undefined, target: '../../etc/passwd' },
      { path: 'suid', type: 'file', mode: 0o4755, device: undefined, target: undefined },
    ]);
    expect(result.warnings).toEqual([]);
  });

  it('never lets a member lie below a link or lead outside', async () => {
    const { paths, result } = await imported(
      { name: 'd', typeflag: '2', linkname: '/etc' },
      { name: 'd/passwd', body: 'root::0:0' },
      { name: 'd/x/y', body: 'deep' },
      { name: '../up', body: 'x' },
      { name: '/absolute', body: 'x' },
      link('hard', '../../etc/shadow'),
    );
    expect(paths).toEqual(['', 'absolute', 'd']);
    expect(result.unreadable).toBe(4);
    expect(result.warnings.join('\n')).toContain('d/passwd lies below d, which is no folder; it was left out.');
  });

  it('shows names in warnings without what a terminal would obey', async () => {
    const { result } = await imported(link('bad\x1b[2J\nname', 'nothing'));
    expect(result.warnings).toEqual([
      'bad\\x1b[2J\\nname is a hard link to nothing that comes before it in the archive; it was left out.',
    ]);
  });

  it('leaves out names that are absurdly long or deep, and attributes without end', async () => {
    const { paths, result } = await imported(
      paxHeader([['path', `${'a/'.repeat(5000)}x`]]),
      { name: 'deep', body: 'x' },
      paxHeader([['path', 'n'.repeat(100_000)]]),
      { name: 'long', body: 'x' },
      paxHeader([1, 2, 3, 4].map((n) => [`SCHILY.xattr.user.n${n}`, Buffer.alloc(262_000, n)])),
      { name: 'attributes', body: 'x' },
      { name: 'kept', body: 'x' },
    );
    expect(paths).toEqual(['', 'attributes', 'kept']);
    expect(result.unreadable).toBe(2);
    expect(result.warnings.every((warning) => warning.length < 2000)).toBe(true);
  });

  it('takes a sparse file of petabytes for what it holds', async () => {
    const records = [
      ['GNU.sparse.major', '0'],
      ['GNU.sparse.minor', '1'],
      ['GNU.sparse.name', 'huge'],
      ['GNU.sparse.size', String(2 ** 50)],
      ['GNU.sparse.map', '0,1'],
    ] as const;
    const { entries, result } = await imported(paxHeader(records), { name: 'x', body: 'y' });
    expect(entries.at(-1)).toMatchObject({ path: 'huge', size: 2 ** 50 });
    expect(entries.at(-1)?.digest).toBeUndefined();
    expect(result.bytesAdded).toBe(1);
  });

  it.each([
    ['what is no archive', Buffer.from('hello'.repeat(1000))],
    ['an archive that is cut short', rawArchive({ name: 'a', body: 'x'.repeat(5000) }).subarray(0, 3000)],
    ['a size that is not there', rawArchive({ name: 'a', size: '77777777777\0', body: 'x' })],
    ['compressed data that breaks off', gzipSync(rawArchive({ name: 'a', body: 'x' })).subarray(0, 40)],
  ])('refuses %s and leaves no snapshot', async (_name, archive) => {
    const repository = testRepository();
    await expect(importBytes(repository, archive)).rejects.toMatchObject({ code: 'damaged' });
    expect((await readCatalog(repository)).snapshots).toEqual([]);
    expect(await listSessions(repository)).toEqual([]);
  });

  it('stops where the store is full, and the next import works', async () => {
    class SmallStore extends MemoryStore {
      full = true;
      override async put(...args: Parameters<MemoryStore['put']>): Promise<void> {
        if (this.full && args[0].startsWith('packs/')) throw new HoldfastError('storage_full', 'full');
        return super.put(...args);
      }
    }
    const store = new SmallStore();
    const repository = testRepository({ store });
    const archive = await archiveOf([fileOf('a', Buffer.from('one'))]);
    await expect(importBytes(repository, archive)).rejects.toMatchObject({ code: 'storage_full' });
    store.full = false;
    expect((await importBytes(repository, archive)).files.new).toBe(1);
  });

  it('stops when it is told to, also while the archive keeps it waiting', async () => {
    const repository = testRepository();
    const stop = new AbortController();
    const input = new PassThrough();
    input.write(rawArchive({ name: 'a', body: 'x' }).subarray(0, 700));
    const running = importTar(environmentOf(repository), { source: 'app', input }, { signal: stop.signal });
    setTimeout(() => stop.abort(new Error('enough')), 20);
    await expect(running).rejects.toThrow('enough');
    expect(await listSessions(repository)).toEqual([]);
  });

  it('says what the archive could not be read for', async () => {
    const input = new Readable({ read: () => input.destroy(Object.assign(new Error('no'), { code: 'EIO' })) });
    const running = importTar(environmentOf(testRepository()), { source: 'app', input });
    await expect(running).rejects.toMatchObject({ code: 'unreadable', message: 'The archive cannot be read: EIO.' });
  });

  it('makes a whole tree of any archive', async () => {
    const name = fc
      .array(fc.constantFrom('a', 'b', 'c', 'a.'), { minLength: 1, maxLength: 3 })
      .map((all) => all.join('/'));
    const member = fc.record({
      name,
      kind: fc.constantFrom('0', '0', '1', '2', '5', '6'),
      linkname: name,
      body: fc.constantFrom('x', 'yy', ''),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(member, { maxLength: 12 }), async (members) => {
        const { entries, result } = await imported(
          ...members.map(({ name: path, kind, linkname, body }) => ({
            name: path,
            typeflag: kind,
            linkname: kind === '1' || kind === '2' ? linkname : '',
            body: kind === '0' ? body : '',
          })),
        );
        // Reading a manifest checks order, parents and hard links; every name is there or was reported.
        const there = new Set<string>(entries.map(({ path }) => path));
        const missing = new Set(members.map(({ name: path }) => path).filter((path) => !there.has(path)));
        expect(result.unreadable).toBeGreaterThanOrEqual(missing.size);
      }),
      { numRuns: 60 },
    );
  });
});
