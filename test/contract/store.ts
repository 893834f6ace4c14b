import { createHash } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SpooledFile, Store } from '../../src/backup/ports.ts';
import { HoldfastError } from '../../src/shared/errors.ts';
import { SeededRandom } from '../helpers/seeded-random.ts';

export interface StoreUnderTest {
  store: Store;
  /** Writes a file into the spool folder, for stores whose folder is not on the machine's own file system. */
  writeFile?: (path: string, content: Buffer) => void;
  exists?: (path: string) => Promise<boolean>;
  cleanUp?: () => Promise<void>;
}

const LARGE_BYTES = 40_000_000;
const ID = 'ab'.repeat(32);
const OTHER_ID = 'cd'.repeat(32);

/** What every Store promises (src/backup/ports.ts). `open` gives a new, empty one. */
export function describeStore(title: string, open: () => Promise<StoreUnderTest>): void {
  describe(`the store contract: ${title}`, () => {
    let under: StoreUnderTest;
    let store: Store;

    beforeEach(async () => {
      under = await open();
      store = under.store;
    });

    afterEach(async () => {
      await store.close();
      await under.cleanUp?.();
    });

    async function spool(content: Buffer, name = 'spooled'): Promise<SpooledFile> {
      const path = join(await store.spoolFolder(), name);
      (under.writeFile ?? writeFileSync)(path, content);
      return { path, size: content.length };
    }

    async function exists(path: string): Promise<boolean> {
      return under.exists === undefined ? existsSync(path) : under.exists(path);
    }

    async function names(prefix: string): Promise<string[]> {
      return (await store.list(prefix)).map((info) => info.name).toSorted();
    }

    it('gives back what was put', async () => {
      const content = new SeededRandom(1).bytes(100_000);
      await store.put(`packs/ab/${ID}`, content);
      expect((await store.get(`packs/ab/${ID}`)).equals(content)).toBe(true);
      expect(await store.stat(`packs/ab/${ID}`)).toEqual({ size: 100_000 });
    });

    it('keeps empty objects and objects at every depth', async () => {
      const put = ['holdfast.json', `gc/${ID}.done`, `packs/ab/${ID}`, 'a/b/c/d'];
      for (const name of put) await store.put(name, new Uint8Array(0));
      expect(await names('')).toEqual(put.toSorted());
      expect(await store.get('a/b/c/d')).toHaveLength(0);
      expect(await store.stat('a/b/c/d')).toEqual({ size: 0 });
    });

    it('does not let later changes of a buffer reach the object', async () => {
      const content = Buffer.from('before');
      await store.put('index/one', content);
      content.fill('x');
      (await store.get('index/one')).fill('y');
      expect((await store.get('index/one')).toString()).toBe('before');
    });

    it('puts views of larger buffers', async () => {
      await store.put('index/view', new Uint8Array(Buffer.from('0123456789').buffer.slice(0)).subarray(0, 0));
      await store.put('index/view', Buffer.from('0123456789').subarray(3, 6));
      expect((await store.get('index/view')).toString()).toBe('345');
    });

    it.each([
      ['the beginning', { offset: 0, length: 3 }, '012'],
      ['the middle', { offset: 4, length: 2 }, '45'],
      ['the end, counted from there', { offset: -3, length: 3 }, '789'],
      ['a part counted from the end', { offset: -5, length: 2 }, '56'],
      ['more than there is', { offset: 8, length: 100 }, '89'],
      ['more than there is, counted from the end', { offset: -100, length: 1000 }, '0123456789'],
      ['nothing behind the end', { offset: 50, length: 5 }, ''],
      ['nothing', { offset: 2, length: 0 }, ''],
    ])('reads a range: %s', async (_what, range, expected) => {
      await store.put('index/digits', Buffer.from('0123456789'));
      expect((await store.get('index/digits', range)).toString()).toBe(expected);
    });

    it.each([
      { offset: 0.5, length: 1 },
      { offset: 0, length: -1 },
      { offset: Number.NaN, length: 1 },
    ])('refuses the range $offset, $length', async (range) => {
      await store.put('index/digits', Buffer.from('0123456789'));
      await expect(store.get('index/digits', range)).rejects.toMatchObject({ code: 'usage' });
    });

    it('lists by prefix, with sizes', async () => {
      const put = [`packs/ab/${ID}`, `packs/cd/${OTHER_ID}`, 'index/x', 'config/1', 'config/10', 'sessions/s/0'];
      for (const [index, name] of put.entries()) await store.put(name, Buffer.alloc(index + 1));
      expect(await names('packs/')).toEqual([`packs/ab/${ID}`, `packs/cd/${OTHER_ID}`]);
      expect(await names('packs/ab/')).toEqual([`packs/ab/${ID}`]);
      expect(await names('packs/ab/ab')).toEqual([`packs/ab/${ID}`]);
      expect(await names('packs/c')).toEqual([`packs/cd/${OTHER_ID}`]);
      expect(await names('config/1')).toEqual(['config/1', 'config/10']);
      expect(await names('conf')).toEqual(['config/1', 'config/10']);
      expect(await names('snapshots/')).toEqual([]);
      expect(await names('snapshots/x/y')).toEqual([]);
      expect(await names('')).toEqual(put.toSorted());
      expect(await store.list('sessions/')).toEqual([{ name: 'sessions/s/0', size: 6 }]);
    });

    it('lists many objects', async () => {
      const put = Array.from({ length: 300 }, (_, i) => `packs/${(i % 16).toString(16)}0/${i}`);
      await Promise.all(put.map((name) => store.put(name, Buffer.from('x'))));
      expect(await names('packs/')).toEqual(put.toSorted());
    });

    it('deletes, also what is not there', async () => {
      await store.put('index/one', Buffer.from('1'));
      await store.delete('index/one');
      await store.delete('index/one');
      await store.delete('snapshots/never');
      expect(await store.stat('index/one')).toBeUndefined();
      expect(await names('index/')).toEqual([]);
      await expect(store.get('index/one')).rejects.toMatchObject({ code: 'not_found' });
    });

    it('puts again into a folder that deletions have emptied', async () => {
      for (const round of ['first', 'second']) {
        await store.put('sessions/s/0', Buffer.from(round));
        await store.put('sessions/s/1', Buffer.from(round));
        await store.delete('sessions/s/0');
        expect(await names('sessions/')).toEqual(['sessions/s/1']);
        await store.delete('sessions/s/1');
        expect(await names('sessions/')).toEqual([]);
      }
    });

    it('says not_found for an absent object, and names it', async () => {
      const failure = await store.get(`packs/ab/${ID}`).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(HoldfastError);
      expect(failure).toMatchObject({ code: 'not_found', retryable: false });
      expect(String(failure)).toContain(ID);
      expect(await store.stat(`packs/ab/${ID}`)).toBeUndefined();
    });

    it('takes a folder of objects for no object', async () => {
      await store.put('index/one', Buffer.from('1'));
      await expect(store.get('index')).rejects.toMatchObject({ code: 'not_found' });
      expect(await store.stat('index')).toBeUndefined();
      await store.delete('index');
      expect(await names('index/')).toEqual(['index/one']);
    });

    it.each([
      '',
      '/',
      '/etc/passwd',
      '../out',
      'packs/../../out',
      'packs/./x',
      'packs//x',
      'packs/',
      '.hidden',
      'packs/.x',
      'tmp',
      'tmp/x',
      'a/b/c/d/e',
      'with space',
      'new\nline',
      'nul\0',
      'ümlaut',
      'back\\slash',
      `long/${'x'.repeat(256)}`,
    ])('refuses the name %j everywhere', async (name) => {
      const refused = { code: 'usage' };
      await expect(store.put(name, Buffer.from('x'))).rejects.toMatchObject(refused);
      await expect(store.get(name)).rejects.toMatchObject(refused);
      await expect(store.stat(name)).rejects.toMatchObject(refused);
      await expect(store.delete(name)).rejects.toMatchObject(refused);
    });

    it.each(['../', '/', 'packs/../', 'tmp/', 'a b'])('refuses the prefix %j', async (prefix) => {
      await expect(store.list(prefix)).rejects.toMatchObject({ code: 'usage' });
    });

    it('allows names of 1 to 4 components that merely look odd', async () => {
      const odd = ['-', '_', 'a..b', 'tmp-not', 'x/tmp', 'A/b-c/d_e/f.g', `${'x'.repeat(255)}`];
      for (const name of odd) await store.put(name, Buffer.from(name));
      expect(await names('')).toEqual(odd.toSorted());
    });

    it('keeps one of the contents when a name is put again, or by several at once', async () => {
      await store.put('index/one', Buffer.from('first'));
      await store.put('index/one', Buffer.from('second!'));
      expect((await store.get('index/one')).toString()).toBe('second!');
      const contents = Array.from({ length: 12 }, (_, i) => String(i).repeat(1000 + i));
      await Promise.all(contents.map((content) => store.put('index/same', Buffer.from(content))));
      expect(contents).toContain((await store.get('index/same')).toString());
      expect(await names('index/')).toEqual(['index/one', 'index/same']);
    });

    it('shows readers the whole object or nothing while it is being put', async () => {
      const contents = ['a', 'b'].map((letter, index) => Buffer.alloc(3_000_000 + index, letter));
      let writing = true;
      const read = async (): Promise<void> => {
        while (writing) {
          const found = await store.get('packs/aa/raced').catch((error: HoldfastError) => error.code);
          if (found !== 'not_found') expect(contents.some((content) => content.equals(found as Buffer))).toBe(true);
          for (const { size } of await store.list('packs/aa/')) expect([3_000_000, 3_000_001]).toContain(size);
          const size = (await store.stat('packs/aa/raced'))?.size ?? 3_000_000;
          expect([3_000_000, 3_000_001]).toContain(size);
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      const readers = [read(), read()];
      try {
        for (let round = 0; round < 3; round++) {
          for (const content of contents) await store.put('packs/aa/raced', content);
          await store.delete('packs/aa/raced');
        }
      } finally {
        writing = false;
      }
      await Promise.all(readers);
    });

    it('shows an object everywhere as soon as its put has resolved', async () => {
      await Promise.all(
        Array.from({ length: 40 }, async (_, i) => {
          const name = `packs/0${i % 10}/${i}`;
          await store.put(name, Buffer.alloc(i));
          expect(await store.stat(name)).toEqual({ size: i });
          expect(await store.get(name)).toHaveLength(i);
        }),
      );
    });

    it('takes over a spooled file', async () => {
      const content = new SeededRandom(2).bytes(50_000);
      const body = await spool(content);
      await store.put(`packs/ab/${ID}`, body);
      expect((await store.get(`packs/ab/${ID}`)).equals(content)).toBe(true);
      expect(await exists(body.path)).toBe(false);
    });

    it('takes a spooled file of 40 MB', async () => {
      const content = Buffer.alloc(LARGE_BYTES, new SeededRandom(3).bytes(65_521));
      await store.put(`packs/ab/${ID}`, await spool(content));
      expect(await store.list('packs/')).toEqual([{ name: `packs/ab/${ID}`, size: LARGE_BYTES }]);
      expect(sha256(await store.get(`packs/ab/${ID}`))).toBe(sha256(content));
      const tail = await store.get(`packs/ab/${ID}`, { offset: -32, length: 32 });
      expect(tail.equals(content.subarray(-32))).toBe(true);
    });

    it('refuses a spooled file that has another size than it should', async () => {
      const body = await spool(Buffer.from('too short'));
      const failure = { code: 'store_failed', retryable: false };
      await expect(store.put(`packs/ab/${ID}`, { ...body, size: 100 })).rejects.toMatchObject(failure);
      expect(await store.stat(`packs/ab/${ID}`)).toBeUndefined();
      expect(await exists(body.path)).toBe(false);
    });

    it('says what happened when the spooled file is missing', async () => {
      const body = { path: join(await store.spoolFolder(), 'never-written'), size: 5 };
      await expect(store.put(`packs/ab/${ID}`, body)).rejects.toMatchObject({ code: 'store_failed' });
    });

    it('gives the same spool folder again, and no object from it', async () => {
      await spool(Buffer.from('unfinished'));
      expect(await store.spoolFolder()).toBe(await store.spoolFolder());
      expect(await store.list('')).toEqual([]);
    });

    it('stops for a signal, with nothing stored', async () => {
      const signal = AbortSignal.abort();
      const interrupted = { code: 'interrupted' };
      await expect(store.put('index/one', Buffer.from('1'), signal)).rejects.toMatchObject(interrupted);
      await store.put('index/two', Buffer.from('2'));
      await expect(store.get('index/two', undefined, signal)).rejects.toMatchObject(interrupted);
      await expect(store.list('', signal)).rejects.toMatchObject(interrupted);
      await expect(store.stat('index/two', signal)).rejects.toMatchObject(interrupted);
      await expect(store.delete('index/two', signal)).rejects.toMatchObject(interrupted);
      expect(await names('')).toEqual(['index/two']);
    });

    it('tells how much room there is, or that it cannot tell', async () => {
      const free = await store.freeBytes();
      expect(free === undefined || (Number.isSafeInteger(free) && free > 0)).toBe(true);
    });

    it('has a location for people, and closes twice', async () => {
      expect(store.location).not.toBe('');
      await store.close();
      await store.close();
    });
  });
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
