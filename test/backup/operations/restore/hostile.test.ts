import fs from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import type { EntryType } from '../../../../src/backup/entry.ts';
import type { StoredEntry } from '../../../../src/backup/format/manifest-entry.ts';
import type { ByteString } from '../../../../src/shared/bytes.ts';
import { type FakeObject, FakeSnapshot } from './fake-snapshot.ts';
import { IMPLEMENTATIONS, useScene } from './scene.ts';

function object(path: string, type: EntryType = 'file', more: Partial<StoredEntry> = {}): FakeObject {
  const common = { mode: 0o755, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, mtimeNs: 1_000_000_000n };
  const entry: StoredEntry = { path: path as ByteString, type, size: 0, ...common, ...more };
  return type === 'file' ? { entry, content: Buffer.from(`content of ${path}`) } : { entry };
}

const ROOT = object('', 'directory');
const LINK_OUT = object('link', 'symlink', { target: '../../outside' as ByteString });

const MANIFESTS: Record<string, FakeObject[]> = {
  'names the folder above': [ROOT, object('../outside/evil')],
  'climbs from a folder': [ROOT, object('a', 'directory'), object('a/../../outside/evil')],
  'has an absolute name': [ROOT, object('/tmp/evil')],
  'has an empty component': [ROOT, object('a', 'directory'), object('a//b')],
  'has a name with NUL': [ROOT, object('a\0b')],
  'has a name beyond bytes': [ROOT, object('a\u012fb')],
  'puts a file into a link': [ROOT, LINK_OUT, object('link/evil')],
  'puts a file into a file': [ROOT, object('a'), object('a/evil')],
  'puts a file into a folder that it does not have': [ROOT, object('a/evil')],
  'puts a file into a root that is a link': [object('', 'symlink', { target: '/tmp' as ByteString }), object('evil')],
  'has the same name twice': [ROOT, object('a', 'symlink', { target: '/tmp' as ByteString }), object('a')],
  'is out of order': [ROOT, object('b'), object('a')],
  'links to what is outside': [ROOT, object('a', 'file', { hardlink: '../../outside/secret' as ByteString })],
  'links to what comes later': [ROOT, object('a', 'file', { hardlink: 'b' as ByteString }), object('b')],
  'links to what it does not have': [ROOT, object('b', 'file', { hardlink: 'a' as ByteString })],
  'links to a folder': [ROOT, object('a', 'directory'), object('b', 'file', { hardlink: 'a' as ByteString })],
  'links to a link': [ROOT, LINK_OUT, object('z', 'file', { hardlink: 'link' as ByteString })],
};

describe.each(IMPLEMENTATIONS)('%s: a hostile snapshot', (_name, posix) => {
  const scene = useScene();
  const outside = () => join(scene.current.home, 'outside');
  const build = (objects: readonly FakeObject[]) =>
    new FakeSnapshot(
      join(scene.current.home, 'packs'),
      objects.map(({ entry, content }) => ({ entry: { ...entry }, content: content as Buffer })),
    );

  it.each(Object.entries(MANIFESTS))('that %s changes nothing', async (_what, objects) => {
    const { current } = scene;
    current.shell(outside(), 'printf secret > secret');
    current.shell(current.target, 'printf mine > mine');
    const before = current.copy(current.target, 'before');
    const snapshot = build(objects);
    await expect(current.restore(posix, snapshot, { delete: true })).rejects.toMatchObject({
      code: expect.stringMatching(/^(damaged|refused)$/),
    });
    expect(current.differences(posix, before)).toEqual([]);
    expect(fs.readdirSync(outside())).toEqual(['secret']);
    expect(current.beside()).toEqual([]);
  });

  it('shows names to people without what a terminal would obey', async () => {
    const snapshot = build([ROOT, object('\x1b[31mred'), object('two\nlines')]);
    const { items } = await scene.current.restore(posix, snapshot, { apply: false });
    expect(items.map(({ path }) => path)).toEqual(['', '\\x1b[31mred', 'two\\nlines']);
  });

  it('cannot make a file appear larger than it is, or fill the disk with a hole', async () => {
    const { current } = scene;
    const bomb = object('bomb', 'file', { size: 2 ** 42, holes: [{ offset: 0, length: 2 ** 42 - 100 }] });
    const snapshot = build([ROOT]);
    const runs = [[ROOT.entry, { ...bomb.entry, chunks: [{ id: Buffer.alloc(32), length: 100 }] }]];
    snapshot.runs = async function* () {
      yield* runs;
    };
    await expect(current.restore(posix, snapshot)).rejects.toMatchObject({ code: 'damaged' });
    expect(fs.existsSync(current.target)).toBe(false);
  });
});

describe.each(IMPLEMENTATIONS)('%s: somebody who swaps a folder of the target for a link', (_name, posix) => {
  const scene = useScene();
  let worker: Worker | undefined;
  afterEach(() => worker?.terminate());

  it('gets nothing written outside', async () => {
    const { current } = scene;
    const outside = join(current.home, 'outside');
    current.shell(outside, 'printf secret > 0; printf secret > new');
    const files = Array.from({ length: 20 }, (_, i) => `printf ${i} > folder/${i}`).join(';');
    current.shell(current.source, `mkdir folder; ${files}; printf new > folder/new; printf x > other`);
    current.shell(current.target, 'mkdir folder; printf old > folder/0; printf y > other');
    const snapshot = current.snapshot();
    const swaps = new Int32Array(new SharedArrayBuffer(8));
    worker = new Worker(new URL('../../posix/swap-attacker.ts', import.meta.url), {
      workerData: { root: current.target, outside, swaps },
    });
    const end = Date.now() + 700;
    for (let round = 0; Date.now() < end || Atomics.load(swaps, 0) < 50; round++) {
      // Whatever comes of it: the folder may be anything at any moment.
      await current
        .restore(posix, snapshot, { paths: ['folder'], safety: 'none', delete: round % 2 === 0 })
        .catch(() => {});
    }
    Atomics.store(swaps, 1, 1);
    expect(fs.readdirSync(outside)).toEqual(['0', 'new']);
    expect(fs.readFileSync(join(outside, '0'), 'utf8')).toBe('secret');
    expect(fs.readFileSync(join(outside, 'new'), 'utf8')).toBe('secret');
  });
});
