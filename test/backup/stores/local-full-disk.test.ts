import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmdirSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Store } from '../../../src/backup/ports.ts';
import { openStore } from '../../../src/backup/stores/open.ts';

const KIB = 1024;
const full = { code: 'storage_full', retryable: false };

/** Why no small file system could be mounted; undefined when one was. */
let missing: string | undefined;
let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'holdfast-full-'));
  missing = mountSmall(root);
  // Where it can run it must: a continuous run as root that cannot mount is broken.
  if (missing !== undefined && process.env.CI === 'true' && process.getuid?.() === 0) throw new Error(missing);
});

afterAll(() => {
  if (missing === undefined) execFileSync('umount', [root]);
  rmdirSync(root);
});

function mountSmall(path: string): string | undefined {
  if (process.getuid?.() !== 0) return 'mounting a small file system needs root';
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=700', 'tmpfs', path], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return `a tmpfs could not be mounted: ${(error as Error).message}`;
  }
}

describe('a store on a file system without room', () => {
  it('refuses clearly, keeps what it has, takes small marks, and works again when packs are deleted', async (context) => {
    if (missing !== undefined) return context.skip(missing);
    const store = await openStore(root);
    const packs = await fill(store);
    expect(statfsSync(root).bavail).toBe(0);

    const failure = await store.put('packs/00/more', Buffer.alloc(KIB)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ ...full, message: expect.stringContaining(root) });
    expect(failure).toMatchObject({ advice: expect.stringContaining('holdfast prune --grace 0s') });
    expect(readdirSync(await store.spoolFolder())).toEqual([]);
    for (const { name, content } of packs) expect((await store.get(name)).equals(content)).toBe(true);

    await store.put('notes/s/0', Buffer.alloc(500));
    await store.put('gc/mark', Buffer.alloc(2000));
    for (const { name } of packs) await store.delete(name);
    await store.put('packs/00/next', Buffer.alloc(KIB * KIB));
    await store.close();
  });

  it('removes a spooled file that found no room', async (context) => {
    if (missing !== undefined) return context.skip(missing);
    const store = await openStore(root);
    const elsewhere = join(mkdtempSync(join(tmpdir(), 'holdfast-spooled-')), 'pack');
    writeFileSync(elsewhere, Buffer.alloc(16 * KIB * KIB));
    await expect(store.put('packs/00/big', { path: elsewhere, size: 16 * KIB * KIB })).rejects.toMatchObject(full);
    expect(readdirSync(join(elsewhere, '..'))).toEqual([]);
    expect(readdirSync(await store.spoolFolder())).toEqual([]);
    rmdirSync(join(elsewhere, '..'));
    await store.close();
  });
});

/** Puts packs, smaller and smaller, until not one page is left. */
async function fill(store: Store): Promise<{ name: string; content: Buffer }[]> {
  const packs: { name: string; content: Buffer }[] = [];
  for (const size of [512 * KIB, 64 * KIB, 4 * KIB]) {
    for (let room = true; room; ) {
      const pack = { name: `packs/00/${packs.length}`, content: Buffer.alloc(size, packs.length) };
      room = await store.put(pack.name, pack.content).then(
        () => true,
        () => false,
      );
      if (room) packs.push(pack);
    }
  }
  return packs;
}
