import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FileSystem, nodeFileSystem } from '../../../src/backup/stores/file-system.ts';
import { LocalStore } from '../../../src/backup/stores/local.ts';
import { readProcessIdentity } from '../../../src/shared/process-identity.ts';
import { interceptCalls } from '../../helpers/altered-file-system.ts';

const identity = readProcessIdentity();

describe('a store in a folder', () => {
  let parent: string;
  let root: string;

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'holdfast-local-'));
    root = join(parent, 'repository');
    mkdirSync(root);
  });

  afterEach(() => rm(parent, { recursive: true }));

  function open(files: FileSystem = nodeFileSystem): LocalStore {
    return new LocalStore(root, { identity, files });
  }

  function mode(...path: string[]): number {
    return lstatSync(join(root, ...path)).mode & 0o777;
  }

  it('keeps objects from slips and from other users', async () => {
    const store = open();
    const path = join(await store.spoolFolder(), 'prepared');
    writeFileSync(path, 'spooled', { mode: 0o644 });
    await store.put('packs/ab/spooled', { path, size: 7 });
    await store.put('packs/ab/bytes', Buffer.from('bytes'));
    expect([mode('packs/ab/spooled'), mode('packs/ab/bytes')]).toEqual([0o400, 0o400]);
    expect([mode('packs'), mode('packs', 'ab'), mode('tmp')]).toEqual([0o700, 0o700, 0o700]);
  });

  it('gives workers the path of an object', async () => {
    expect(open().localPath('packs/ab/x')).toBe(join(root, 'packs/ab/x'));
  });

  it('writes nothing while it only reads', async () => {
    const store = open();
    await store.list('');
    await store.stat('index/x');
    await store.get('index/x').catch(() => undefined);
    await store.delete('index/x');
    await store.close();
    expect(readdirSync(root)).toEqual([]);
  });

  it('leaves out what is no object', async () => {
    const store = open();
    await store.put('packs/ab/real', Buffer.from('x'));
    writeFileSync(join(root, '.DS_Store'), '');
    mkdirSync(join(root, 'lost+found'));
    mkdirSync(join(root, 'a/b/c/d'), { recursive: true });
    writeFileSync(join(root, 'a/b/c/d/too-deep'), '');
    writeFileSync(join(root, 'packs/ab/real~'), '');
    symlinkSync('real', join(root, 'packs/ab/link'));
    execFileSync('mkfifo', [join(root, 'packs/ab/fifo')]);
    expect(await store.list('')).toEqual([{ name: 'packs/ab/real', size: 1 }]);
  });

  it('neither follows a link nor waits for a FIFO in the place of an object', async () => {
    const store = open();
    await store.put('packs/ab/real', Buffer.from('x'));
    symlinkSync('real', join(root, 'packs/ab/link'));
    execFileSync('mkfifo', [join(root, 'packs/ab/fifo')]);
    await expect(store.get('packs/ab/link')).rejects.toMatchObject({ code: 'not_found' });
    await expect(store.get('packs/ab/fifo')).rejects.toMatchObject({ code: 'not_found' });
    expect(await store.stat('packs/ab/link')).toBeUndefined();
  });

  describe('whose disk goes away', () => {
    const gone = { code: 'store_unavailable', advice: expect.stringContaining('Mount') };

    it.each([
      ['vanishes', () => undefined],
      ['leaves an empty folder', () => mkdirSync(root)],
      ['leaves a file', () => writeFileSync(root, '')],
    ])('says so, and stores nothing elsewhere, when it %s', async (_what, leave) => {
      const store = open();
      await store.put('holdfast.json', Buffer.from('{}'));
      renameSync(root, join(parent, 'unmounted'));
      leave();
      await expect(store.get('holdfast.json')).rejects.toMatchObject(gone);
      await expect(store.list('packs/')).rejects.toMatchObject(gone);
      await expect(store.stat('packs/ab/x')).rejects.toMatchObject(gone);
      await expect(store.delete('packs/ab/x')).rejects.toMatchObject(gone);
      await expect(store.put('packs/ab/x', Buffer.from('x'))).rejects.toMatchObject(gone);
      if (existsSync(root) && lstatSync(root).isDirectory()) expect(readdirSync(root)).toEqual([]);
    });

    it('says so before its first put, too', async () => {
      const store = open();
      await store.list('');
      renameSync(root, join(parent, 'unmounted'));
      mkdirSync(root);
      await expect(store.put('holdfast.json', Buffer.from('{}'))).rejects.toMatchObject(gone);
      expect(readdirSync(root)).toEqual([]);
    });

    it('says so when all that was in it is gone', async () => {
      const store = open();
      await store.put('holdfast.json', Buffer.from('{}'));
      for (const name of readdirSync(root)) rmSync(join(root, name), { recursive: true });
      await expect(store.get('holdfast.json')).rejects.toMatchObject(gone);
    });

    it('does not say so when one object was lost', async () => {
      const store = open();
      await store.put('holdfast.json', Buffer.from('{}'));
      await store.put('keys/a', Buffer.from('key'));
      rmSync(join(root, 'holdfast.json'));
      await expect(store.get('holdfast.json')).rejects.toMatchObject({ code: 'not_found' });
      expect((await store.get('keys/a')).toString()).toBe('key');
    });
  });

  it('makes folders again that somebody removed', async () => {
    const store = open();
    await store.put('config/1', Buffer.from('1'));
    await store.put('notes/s/1', Buffer.from('1'));
    rmSync(join(root, 'notes'), { recursive: true });
    rmSync(join(root, 'tmp'), { recursive: true });
    await store.put('notes/s/2', Buffer.from('2'));
    expect(await store.list('notes/')).toEqual([{ name: 'notes/s/2', size: 1 }]);
  });

  it('leaves no folder of a session that has ended', async () => {
    const store = open();
    await store.put('sessions/s/0', Buffer.from('0'));
    await store.put('sessions/s/1', Buffer.from('1'));
    await store.delete('sessions/s/0');
    await store.delete('sessions/s/1');
    expect(readdirSync(join(root, 'sessions'))).toEqual([]);
  });

  it.each([
    ['ENOSPC', 'storage_full', false, /no space is left/],
    ['EDQUOT', 'storage_full', false, /no space is left/],
    ['EROFS', 'permission', false, /read-only/],
    ['EACCES', 'permission', false, /not allowed/],
    ['EPERM', 'permission', false, /not allowed/],
    ['ENODEV', 'store_unavailable', false, /gone/],
    ['ESTALE', 'store_unavailable', true, /does not answer/],
    ['EMFILE', 'store_failed', true, /busy/],
    ['EIO', 'store_failed', false, /device reported an error/],
    ['EFBIG', 'store_failed', false, /not be that large/],
    ['EWHATEVER', 'store_failed', false, /EWHATEVER/],
  ])('turns %s into %s, at each call of a put', async (code, expected, retryable, message) => {
    for (const failing of ['open', 'write', 'sync', 'rename', 'mkdir']) {
      const files = interceptCalls(nodeFileSystem, (call, path) => {
        if (call === failing && path !== root) throw Object.assign(new Error(`${code}: injected`), { code });
      });
      const failure = await open(files)
        .put('packs/ab/x', Buffer.from('content'))
        .catch((error: unknown) => error);
      expect(failure, failing).toMatchObject({ code: expected, retryable, message: expect.stringMatching(message) });
      expect(failure, failing).toMatchObject({ message: expect.stringContaining('packs/ab/x') });
      expect(failure, failing).toMatchObject({ message: expect.stringContaining(root) });
    }
    expect(await open().list('')).toEqual([]);
  });

  it('removes its temporary file when a put fails', async () => {
    for (const failing of ['write', 'sync', 'rename']) {
      const files = interceptCalls(nodeFileSystem, (call, path) => {
        const ofObject = /\/put-\d+$/.test(path);
        if (call === failing && ofObject) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
      });
      const store = open(files);
      await expect(store.put('packs/ab/x', Buffer.from('x'))).rejects.toMatchObject({ code: 'storage_full' });
      expect(readdirSync(await store.spoolFolder()), failing).toEqual([]);
      await store.close();
    }
  });

  it('works where folders cannot be synced', async () => {
    const files = interceptCalls(nodeFileSystem, (call, path) => {
      if (call !== 'sync' || /\/put-\d+$/.test(path)) return;
      throw Object.assign(new Error('EINVAL'), { code: 'EINVAL' });
    });
    await open(files).put('packs/ab/x', Buffer.from('x'));
    expect(await open().list('')).toEqual([{ name: 'packs/ab/x', size: 1 }]);
  });

  it('fails a put whose folder could not be synced', async () => {
    const files = interceptCalls(nodeFileSystem, (call, path) => {
      if (call === 'sync' && path.endsWith('/ab')) throw Object.assign(new Error('EIO'), { code: 'EIO' });
    });
    await expect(open(files).put('packs/ab/x', Buffer.from('x'))).rejects.toMatchObject({ code: 'store_failed' });
  });

  it('writes at most four objects at once', async () => {
    let writing = 0;
    let most = 0;
    const four = Promise.withResolvers<void>();
    const files: FileSystem = {
      ...nodeFileSystem,
      open: async (path, flags, fileMode) => {
        const file = await nodeFileSystem.open(path, flags, fileMode);
        if (!/\/put-[1-9]\d*$/.test(path)) return file;
        most = Math.max(most, ++writing);
        if (writing === 4) four.resolve();
        await four.promise;
        const close = file.close.bind(file);
        return Object.assign(file, {
          close: async () => {
            writing -= 1;
            await close();
          },
        });
      },
    };
    const store = open(files);
    await Promise.all(Array.from({ length: 30 }, (_, i) => store.put(`index/${i}`, Buffer.alloc(100_000))));
    expect(most).toBe(4);
    expect(await store.list('index/')).toHaveLength(30);
  });
});
