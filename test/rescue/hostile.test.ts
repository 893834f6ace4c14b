import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OBJECT_TYPES } from '../../src/backup/crypto/sealer.ts';
import { decodeManifestChunk } from '../../src/backup/format/manifest.ts';
import { readTree } from '../helpers/compare-trees.ts';
import { rememberScrypt } from '../helpers/remember-scrypt.ts';
import { at, BuiltRepository, type EntryWish, type SnapshotWish } from '../helpers/rescue/built-repository.ts';
import { type RescueRun, runRescue } from '../helpers/rescue/run-rescue.ts';

rememberScrypt();

const ROOT: EntryWish = { path: at('') };
const GOOD: EntryWish = { path: at('zz-good'), content: Buffer.from('good') };
/** The root and a FIFO with option 4 twice. */
const TWICE = Buffer.from(
  '4d01010000010000020000' + '02ed030000000000' + '0001' + '61' + '04a4030000000002' + '0800' + '0800',
  'hex',
);
/** The root and a file of size 0 that has a list of no chunks. */
const EMPTY_LIST = Buffer.from(
  `4d01010000010000020000${'02ed030000000000'}${'0001'}61${'01a40300000000'}${'0002'}${'00'.repeat(32)}0000`,
  'hex',
);
const EVIL = Buffer.from('evil');
const SIZE_BOMB = 2 ** 52;

let folder: string;
let target: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rescue-hostile-'));
  target = join(folder, 'below', 'out');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function restore(entries: readonly EntryWish[], wish: SnapshotWish = {}): Promise<RescueRun> {
  const built = await BuiltRepository.create(1);
  built.addSnapshot(entries, { entriesPerChunk: 1000, ...wish });
  const repo = built.writeTo(join(folder, 'repo'));
  return runRescue(['restore', 'latest', '--to', target, '--repo', repo]);
}

/** Restored files by name; and nothing beside the target. */
function restored(): string[] {
  expect(readdirSync(folder).sort()).toEqual(['below', 'repo']);
  expect(readdirSync(join(folder, 'below'))).toEqual(['out']);
  return [...readTree(target).keys()].filter((path) => path !== '');
}

describe('rescue.mjs on hostile snapshots', () => {
  it('leaves out entries with names that are not allowed, and restores the others', async () => {
    const names = ['../escape', '../../escape', '/tmp/holdfast-escape', '.', '..', 'a/./b', 'a//b', 'a/', 'a\0b'];
    const orphan = { path: at('nowhere/file'), content: EVIL };
    const bad = names.map((name) => ({ path: at(name), content: EVIL }));
    const { status, stdout } = await restore([ROOT, ...bad, orphan, GOOD]);
    expect(restored()).toEqual(['zz-good']);
    for (const name of names) {
      expect(stdout).toContain(`LOST     ${name.replace('\0', '\\x00')}: refused, its name is not allowed\n`);
    }
    expect(stdout).toContain('LOST     nowhere/file: refused, its folder is not listed before it\n');
    expect(status).toBe(13);
  });

  it('leaves out entries whose sizes, holes, digests or targets are not right', async () => {
    const { status, stdout } = await restore([
      ROOT,
      { path: at('bomb'), content: Buffer.concat([EVIL, Buffer.alloc(3000)]), size: SIZE_BOMB },
      { path: at('digest'), content: Buffer.alloc(9000, 1), digest: Buffer.alloc(32) },
      { path: at('hole'), content: EVIL, size: 10, holes: [{ offset: 5, length: 90 }] },
      { path: at('link-empty'), type: 'symlink', target: at('') },
      { path: at('link-nul'), type: 'symlink', target: at('a\0b') },
      GOOD,
    ]);
    expect(restored()).toEqual(['zz-good']);
    expect(stdout.match(/^LOST {5}.*$/gm)).toEqual([
      'LOST     bomb: refused, its chunks do not add up to its size',
      'LOST     hole: refused, its holes do not fit into it',
      'LOST     link-empty: refused, its target is malformed',
      'LOST     link-nul: refused, its target is malformed',
      'LOST     digest: its content does not hash to its digest',
    ]);
    expect(status).toBe(13);
  });

  it.each<[string, EntryWish[], string[]]>([
    [
      'below a file',
      [
        { path: at('a'), content: EVIL },
        { path: at('a/b'), content: EVIL },
      ],
      ['a', 'zz-good'],
    ],
    [
      'below a symbolic link',
      [
        { path: at('a'), type: 'symlink', target: at('/tmp') },
        { path: at('a/b'), content: EVIL },
      ],
      ['a', 'zz-good'],
    ],
    ['listed twice', [{ path: at('a') }, { path: at('a'), type: 'symlink', target: at('/tmp') }], ['a', 'zz-good']],
    [
      'out of order',
      [
        { path: at('b'), content: EVIL },
        { path: at('a'), content: EVIL },
      ],
      ['b', 'zz-good'],
    ],
  ])('leaves out an entry that is %s', async (_what, entries, kept) => {
    const { status, stdout } = await restore([ROOT, ...entries, GOOD]);
    expect(restored().sort()).toEqual(kept);
    expect(stdout).toMatch(/^LOST {5}a.*: refused, /);
    expect(status).toBe(13);
  });

  it.each([
    ['outside the target', '../../secret'],
    ['that comes later', 'zz-good'],
    ['that is not there', 'absent'],
  ])('makes no hard link to a name %s', async (_what, link) => {
    const linked = { path: at('linked'), content: EVIL, hardlink: at(link) };
    const { status, stdout } = await restore([ROOT, linked, GOOD]);
    expect(restored()).toEqual(['zz-good']);
    expect(stdout).toMatch(/^LOST {5}linked: .*it is a hard link to what /);
    expect(status).toBe(13);
  });

  it('makes no hard link to other content than the entry has', async () => {
    const { status } = await restore([ROOT, GOOD, { path: at('zzz'), content: EVIL, hardlink: at('zz-good') }]);
    expect(restored()).toEqual(['zz-good']);
    expect(readFileSync(join(target, 'zz-good'), 'utf8')).toBe('good');
    expect(status).toBe(13);
  });

  it('shows no control characters of names, tags, hosts and sources', async () => {
    const name = 'a\x1b]0;title\x07\u202egnp.exe';
    const bad: EntryWish = { path: at(`${name}/b`), content: EVIL };
    const source = 'source\x1b[2J\r';
    const { stdout, stderr } = await restore([ROOT, bad, GOOD], { source });
    const list = await runRescue(['list', '--repo', join(folder, 'repo')]);
    const checked = await runRescue(['check', '--repo', join(folder, 'repo')]);
    for (const text of [stdout, stderr, list.stdout, checked.stdout]) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal obeys
      expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f\u202e]/);
    }
    expect(stdout).toContain('a\\x1b]0;title\\x07\\xe2\\x80\\xaegnp.exe/b');
    expect(list.stdout).toContain('source\\x1b[2J\\x0d');
  });

  it.each([
    ['cut', (manifest: Buffer) => manifest.subarray(0, manifest.length - 3)],
    ['lengthened', (manifest: Buffer) => Buffer.concat([manifest, Buffer.alloc(5)])],
    ['of another version', (manifest: Buffer) => Buffer.concat([Buffer.from([0x4d, 2]), manifest.subarray(2)])],
    ['full of counts without content', () => Buffer.from([0x4d, 1, ...Array(9).fill(0xff), 0x01])],
  ])('reports a manifest chunk that is %s', async (_what, alter) => {
    const { status, stdout } = await restore([ROOT, GOOD], { alter });
    expect(status).toBe(13);
    expect(stdout).toMatch(/^DAMAGED {2}repository: up to 2 entries from \(the top folder\) on are lost/);
  });

  it('leaves out an entry that has an option twice', async () => {
    const { status, stdout } = await restore([ROOT, { path: at('a'), type: 'fifo' }], { alter: () => TWICE });
    expect(restored()).toEqual([]);
    expect(stdout).toContain('LOST     a: refused, it has the option 4 twice\n');
    expect(status).toBe(13);
    expect(() => decodeManifestChunk(TWICE)).toThrow('option 4 comes twice');
  });

  it('leaves out an empty file that is said to have content', async () => {
    const { status, stdout } = await restore([ROOT, { path: at('a'), type: 'fifo' }], { alter: () => EMPTY_LIST });
    expect(restored()).toEqual([]);
    expect(stdout).toContain('LOST     a: refused, its chunks do not add up to its size\n');
    expect(status).toBe(13);
    expect(() => decodeManifestChunk(EMPTY_LIST)).toThrow('an entry contradicts its size');
  });

  it('refuses a body that calls something critical which is no member of its type', async () => {
    const built = await BuiltRepository.create(1);
    const snapshot = built.addSnapshot([ROOT, GOOD]);
    built.addNote(snapshot, { note: 'pinned', reason: '', critical: ['target'] } as never, '2030-03-01T00:00:00.000Z');
    const { stdout, status } = await runRescue(['list', '--repo', built.writeTo(join(folder, 'repo'))]);
    expect(stdout).toMatch(/^DAMAGED {2}notes\/.*: needs a newer program: it says that "target" must be understood$/m);
    expect(status).toBe(13);
  });

  it('reads nothing by an older configuration where the newest needs a newer program', async () => {
    const built = await BuiltRepository.create(1);
    built.addSnapshot([ROOT, GOOD]);
    built.putConfig(3, [], ['later']);
    const { stderr, status } = await runRescue(['list', '--repo', built.writeTo(join(folder, 'repo'))]);
    expect(stderr).toMatch(/^rescue: config\/4 needs a newer program: it says that "later" must be understood$/m);
    expect(status).toBe(15);
  });

  it('misses the note of an unfinished snapshot also where others are there', async () => {
    const built = await BuiltRepository.create(1);
    const snapshot = built.addSnapshot([ROOT, GOOD], { confirmed: false });
    built.addNote(snapshot, { note: 'tagged', tags: [] });
    const repo = built.writeTo(join(folder, 'repo'));
    expect((await runRescue(['list', '--repo', repo])).status).toBe(0);
    rmSync(join(repo, 'sessions'), { recursive: true });
    const { stdout, status } = await runRescue(['list', '--repo', repo]);
    expect(stdout).toContain(`DAMAGED  notes/${snapshot}/: the note "confirmed" of this snapshot is missing\n`);
    expect(status).toBe(13);
  });

  it('neither follows links in the place of objects nor waits for FIFOs', async () => {
    const built = await BuiltRepository.create(1);
    built.addSnapshot([ROOT, GOOD]);
    const repo = built.writeTo(join(folder, 'repo'));
    const pack = [...built.objects.keys()].find((name) => name.startsWith('packs/')) as string;
    renameSync(join(repo, pack), join(folder, 'elsewhere'));
    symlinkSync(join(folder, 'elsewhere'), join(repo, pack));
    execFileSync('mkfifo', [join(repo, 'packs', 'ff')]);
    const { status, stdout } = await runRescue(['check', '--repo', repo]);
    expect({ status, stdout }).toEqual({
      status: 13,
      stdout: expect.stringContaining(`DAMAGED  ${pack}: is missing\n`),
    });
  });

  it('does not decompress more than a body says', async () => {
    const built = await BuiltRepository.create(1);
    const snapshot = built.addSnapshot([ROOT, GOOD]);
    const bomb = zstdCompressSync(Buffer.alloc(200 * 2 ** 20));
    const header = Buffer.alloc(16);
    header.writeUInt8(1, 0);
    header.writeUInt32LE(1000, 4);
    header.writeUInt32LE(bomb.length, 8);
    const name = built.addSealedBody(`notes/${snapshot}`, OBJECT_TYPES.note, header, bomb);
    const run = await runRescue(['list', '--repo', built.writeTo(join(folder, 'repo'))]);
    expect(run.stdout).toContain(`DAMAGED  ${name}: does not decompress to its length\n`);
  });

  it('restores very deep folders', async () => {
    const depth = 600;
    const folders = Array.from({ length: depth }, (_, i) => ({
      path: at(
        Array(i + 1)
          .fill('d')
          .join('/'),
      ),
    }));
    const file = { path: at(`${Array(depth).fill('d').join('/')}/file`), content: EVIL };
    const link = {
      path: at(
        `${Array(depth / 2)
          .fill('d')
          .join('/')}/link`,
      ),
      type: 'symlink' as const,
      target: at('x'),
    };
    expect(await restore([ROOT, ...folders, file, link, GOOD])).toMatchObject({ status: 0 });
  });

  it('follows no link that somebody puts in place of a folder while it writes', async () => {
    const outside = join(folder, 'outside');
    mkdirSync(outside);
    const files = Array.from({ length: 500 }, (_, i) => {
      return { path: at(`dir/file${String(i).padStart(4, '0')}`), content: Buffer.from(String(i)) };
    });
    const built = await BuiltRepository.create(1);
    built.addSnapshot([ROOT, { path: at('dir') }, ...files], { entriesPerChunk: 1000 });
    const repo = built.writeTo(join(folder, 'repo'));
    let isRunning = true;
    const run = runRescue(['restore', 'latest', '--to', target, '--repo', repo]).finally(() => {
      isRunning = false;
    });
    const [dir, aside] = [join(target, 'dir'), join(target, 'aside')];
    let swaps = 0;
    const swap = (): void => {
      try {
        renameSync(dir, aside);
        symlinkSync(outside, dir);
        swaps++;
        unlinkSync(dir);
        renameSync(aside, dir);
      } catch {
        // The folder is not there yet.
      }
    };
    while (isRunning) {
      for (let i = 0; i < 5; i++) swap();
      await new Promise(setImmediate);
    }
    await run;
    expect(swaps).toBeGreaterThan(0);
    expect(readdirSync(outside)).toEqual([]);
  });
});
