import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../../../src/backup/stores/open.ts';

describe('opening a store', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-open-'));
  });

  afterEach(() => rm(folder, { recursive: true }));

  it.each([
    ['a path', (path: string) => path],
    ['a path with a slash at its end', (path: string) => `${path}/`],
    ['a roundabout path', (path: string) => `${path}/../${path.split('/').pop()}/.`],
    ['a file: URL', (path: string) => pathToFileURL(path).href],
    ['a FILE: URL', (path: string) => pathToFileURL(path).href.replace('file', 'FILE')],
  ])('takes %s for a folder', async (_what, write) => {
    const path = join(folder, 'with space');
    mkdirSync(path);
    const store = await openStore(write(path));
    expect(store.location).toBe(path);
    await store.put('index/x', Buffer.from('x'));
    expect(await (await openStore(path)).list('')).toEqual([{ name: 'index/x', size: 1 }]);
  });

  it('makes the folder when asked, for its owner alone', async () => {
    const path = join(folder, 'new');
    const store = await openStore(path, { create: true });
    await store.put('index/x', Buffer.from('x'));
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(await (await openStore(path, { create: true })).list('')).toHaveLength(1);
  });

  it('finds the same objects under the same name in memory', async () => {
    const name = `memory:${folder}`;
    await (await openStore(name)).put('index/x', Buffer.from('x'));
    expect(await (await openStore(name)).list('')).toEqual([{ name: 'index/x', size: 1 }]);
    expect(await (await openStore(`${name}/other`)).list('')).toEqual([]);
  });

  it.each([
    ['nothing', '', 'usage', /empty/],
    ['a scheme that it does not know', 's3://bucket/x', 'usage', /s3:/],
    ['a URL of another machine', 'file://host/x', 'usage', /file:/],
    ['a missing folder', 'FOLDER/missing', 'store_unavailable', /missing does not exist/],
    ['a file', 'FOLDER/file', 'usage', /file is not a folder/],
    ['what would be below a file', 'FOLDER/file/x', 'store_unavailable', /does not exist/],
  ])('refuses %s', async (_what, location, code, message) => {
    writeFileSync(join(folder, 'file'), '');
    const failure = await openStore(location.replace('FOLDER', folder)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('makes no folder whose parent is missing: its disk may not be mounted', async () => {
    const failure = await openStore(join(folder, 'a/b'), { create: true }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'store_unavailable', message: expect.stringContaining(join(folder, 'a')) });
    expect(failure).toMatchObject({ advice: expect.stringContaining('mount') });
  });
});
