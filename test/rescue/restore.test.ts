import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ByteString, toByteString } from '../../src/shared/bytes.ts';
import { compareTrees, readTree } from '../helpers/compare-trees.ts';
import { at, BuiltRepository, type EntryWish } from '../helpers/rescue/built-repository.ts';
import { RESCUE, type RescueRun, runRescue } from '../helpers/rescue/run-rescue.ts';
import { SeededRandom } from '../helpers/seeded-random.ts';

const random = new SeededRandom(8);
const RAW = toByteString(Buffer.from([0x72, 0xff, 0x0a, 0x1b, 0x5b, 0x33, 0x31, 0x6d]));
const HUGE = random.bytes(90_000);
const HOLES = [
  { offset: 0, length: 65_536 },
  { offset: 69_632, length: 1_000_000 },
];
const SHARED = random.bytes(700);

const ENTRIES: EntryWish[] = [
  { path: at(''), mode: 0o750, mtimeNs: 1_600_000_000_123_456_789n },
  { path: at('a'), content: random.bytes(100), mode: 0o4755 },
  { path: at('dir'), mode: 0o500, mtimeNs: 1_500_000_000_000_000_001n },
  { path: at('dir/deep'), mode: 0o1777 },
  { path: at('dir/deep/file'), content: random.bytes(20_000), mode: 0o400, mtimeNs: -1_500_000_000n },
  { path: at('dir/empty'), content: Buffer.alloc(0) },
  { path: at('dir/fifo'), type: 'fifo', mode: 0o640 },
  { path: at('dir/huge'), content: HUGE },
  { path: at('dir/link'), type: 'symlink', target: at('../../outside') },
  { path: at('dir/socket'), type: 'socket' },
  // `-` sorts below `/`, and yet the folder comes first with all that it holds.
  { path: at('dir-'), content: random.bytes(10) },
  { path: at('first'), content: SHARED },
  { path: at('holes'), content: random.bytes(9_000), holes: HOLES },
  { path: at('new\nline'), content: random.bytes(50), xattrs: [{ name: at('user.note'), value: Buffer.from('x') }] },
  { path: RAW, content: random.bytes(60) },
  { path: at('second'), content: SHARED, hardlink: at('first') },
  {
    path: at('void'),
    type: 'file',
    size: 4096,
    digest: sha256OfZeros(4096),
    chunks: [],
    holes: [{ offset: 0, length: 4096 }],
  },
];

function sha256OfZeros(length: number): Buffer {
  return Buffer.from(
    execFileSync('sha256sum', { input: Buffer.alloc(length) })
      .toString()
      .slice(0, 64),
    'hex',
  );
}

let folder: string;
let repo: string;
let built: BuiltRepository;
let latest: string;
let old: string;
let whole: RescueRun;

const out = (name: string): string => join(folder, name);
const run = (...args: string[]): Promise<RescueRun> => runRescue([...args, '--repo', repo]);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rescue-'));
  repo = join(folder, 'repo');
  built = await BuiltRepository.create(1, { 'rescue-1.mjs': readFileSync(RESCUE) });
  old = built.addSnapshot([{ path: at('') }, { path: at('only-old'), content: Buffer.from('old') }]);
  latest = built.addSnapshot(ENTRIES);
  built.addSnapshot([{ path: at('') }], { trigger: 'pre-restore' });
  built.addSnapshot([{ path: at('') }], { confirmed: false });
  built.writeTo(repo);
  whole = await run('restore', 'latest', '--to', out('whole'));
});

afterAll(() => {
  execFileSync('chmod', ['-R', 'u+rwx', folder]);
  rmSync(folder, { recursive: true });
});

/** The repository without what `names` matches, in a folder of its own. */
function without(name: string, pattern: RegExp): string {
  const copy = join(folder, name);
  for (const [object, bytes] of built.objects) {
    if (pattern.test(object)) continue;
    mkdirSync(join(copy, object, '..'), { recursive: true });
    writeFileSync(join(copy, object), bytes);
  }
  return copy;
}

describe('rescue.mjs restore', () => {
  it('brings back content, names, modes, links, holes and times', () => {
    expect(whole).toMatchObject({ status: 0, stderr: '' });
    const restored = readTree(out('whole'));
    const expected = ENTRIES.filter(({ type }) => type !== 'socket');
    expect([...restored.keys()].sort()).toEqual(expected.map(({ path }) => path as string).sort());
    for (const { path, mode, mtimeNs = 1_700_000_000_000_000_000n, content, type, holes } of expected) {
      const facts = restored.get(path);
      const off = Number(BigInt(facts?.mtimeNs ?? 0) - mtimeNs);
      expect(Math.abs(off), `time of ${JSON.stringify(path)}`).toBeLessThan(1000);
      if (mode !== undefined) expect(Number.parseInt(facts?.mode ?? '', 8) & 0o7777).toBe(mode);
      if (type === undefined && content !== undefined && holes === undefined) {
        expect(readFileSync(Buffer.from(`${out('whole')}/${path}`, 'latin1')).equals(content)).toBe(true);
      }
    }
    expect(restored.get('dir/link')?.target).toBe('../../outside');
    expect(restored.get('second')?.sameFileAs).toBe('first');
    expect(restored.get('dir/fifo')?.mode).toBe('10640');
  });

  it('leaves holes empty on the disk, and their bytes are zeros', () => {
    const bytes = readFileSync(out('whole/holes'));
    expect(bytes.length).toBe(9_000 + 65_536 + 1_000_000);
    expect(bytes.subarray(0, 65_536).equals(Buffer.alloc(65_536))).toBe(true);
    expect(bytes.subarray(69_632, 1_069_632).equals(Buffer.alloc(1_000_000))).toBe(true);
    const used = execFileSync('stat', ['-c', '%b', out('whole/holes')]).toString();
    expect(Number(used) * 512).toBeLessThan(500_000);
  });

  it('says what it does not restore, and shows no raw names', () => {
    expect(whole.stdout).toMatch(/NOTE {5}a socket is not created: 1\n +dir\/socket\n/);
    expect(whole.stdout).toMatch(/NOTE {5}extended attributes are not restored, .*: 1\n +new\\x0aline\n/);
    expect(whole.stdout).toMatch(/NOTE {5}the modification time is not exact to the nanosecond/);
    expect(whole.stdout).not.toContain('\x1b');
  });

  it.each([
    ['index/', /^index\//],
    ['holdfast.json', /^holdfast\.json$/],
    ['one configuration', /^config\/2$/],
    ['all snapshot objects', /^snapshots\//],
  ])('gives the same without %s', async (what, pattern) => {
    const copy = without(`without ${what}`.replace('/', ''), pattern);
    const target = out(`to without ${what}`.replace('/', ''));
    const { status } = await runRescue(['restore', latest, '--to', target, '--repo', copy]);
    expect(compareTrees(out('whole'), target)).toEqual([]);
    // What restoring does not need is not looked at; what it has to replace by something else is reported.
    expect(status).toBe(/index|configuration/.test(what) ? 0 : 13);
    expect((await runRescue(['check', '--repo', copy])).status).toBe(13);
  });

  it('works on every key slot copy alone', async () => {
    const slots = [...built.objects.keys()].filter((name) => name.startsWith('keys/'));
    for (const slot of slots) {
      const copy = without(`without ${slot.slice(5)}`, new RegExp(slot));
      expect((await runRescue(['list', '--repo', copy])).stdout).toContain(latest.slice(0, 16));
    }
  });

  it('restores a path with the folders above it, and nothing else', async () => {
    const { status } = await run('restore', latest, '--to', out('path'), '--path', 'dir/deep/', '--path', 'second');
    expect(status).toBe(0);
    expect([...readTree(out('path')).keys()].sort()).toEqual(['', 'dir', 'dir/deep', 'dir/deep/file', 'second']);
    expect(readFileSync(out('path/second')).equals(SHARED)).toBe(true);
  });

  it('takes a raw name as it shows it', async () => {
    await run('restore', latest, '--to', out('raw'), '--path', 'r\\xff\\x0a\\x1b[31m');
    expect([...readTree(out('raw')).keys()].sort()).toEqual(['', RAW as ByteString].sort());
  });

  it('says so when a path is not in the snapshot, and creates nothing', async () => {
    const { status, stderr } = await run('restore', latest, '--to', out('nothing'), '--path', 'dir/dee');
    expect({ status, stderr }).toMatchObject({ status: 10, stderr: expect.stringContaining('holds no dir/dee') });
    expect(readdirSync(out('nothing'))).toEqual([]);
  });

  it('writes into no folder that holds something, and not into the repository', async () => {
    for (const target of [out('whole'), join(repo, 'inside')]) {
      expect((await run('restore', latest, '--to', target)).status).toBe(15);
    }
    rmSync(join(repo, 'inside'), { recursive: true });
  });

  it('finds the repository in which it lies', async () => {
    const program = join(repo, 'rescue-1.mjs');
    expect((await runRescue(['list'], { program })).stdout).toContain(latest.slice(0, 16));
    expect((await runRescue(['list'])).status).toBe(10);
  });

  it('takes the passphrase from a file, byte for byte up to the line break', async () => {
    const file = out('passphrase');
    writeFileSync(file, 'correct horse ✓\r\nanother line\n');
    for (const args of [['list', '--password-file', file], ['list']]) {
      const env = { HOLDFAST_PASSWORD_FILE: args.length > 1 ? '/nowhere' : file };
      expect((await runRescue([...args, '--repo', repo], { passphrase: '', env })).status).toBe(0);
    }
  });

  it.each([
    ['a wrong passphrase', 12, ['list'], { passphrase: 'wrong' }],
    ['no passphrase', 2, ['list'], { passphrase: '' }],
    ['an unknown command', 2, ['lost'], {}],
    ['a restore without target', 2, ['restore', 'latest'], {}],
    ['a prefix that is too short', 2, ['restore', 'abc', '--to', '/nowhere'], {}],
    ['a snapshot that does not exist', 10, ['restore', 'abcdef012345', '--to', '/nowhere'], {}],
  ])('says what is wrong with %s', async (_what, status, args, options) => {
    const result = await runRescue([...args, '--repo', repo], options);
    expect(result.status).toBe(status);
    expect(result.stderr).toMatch(/^rescue: [A-Z"]/);
    expect(result.stderr).not.toMatch(/^ +at /m);
  });

  it('takes prefixes, and names the candidates of an ambiguous one', async () => {
    const many = await BuiltRepository.create(2);
    const ids = new Map<string, string>();
    let twin: [string, string] | undefined;
    for (let i = 0; twin === undefined; i++) {
      const id = many.addSnapshot([{ path: at('') }], {
        time: `2030-01-01T00:00:00.${String(i % 1000).padStart(3, '0')}Z`,
      });
      const other = ids.get(id.slice(0, 4));
      if (other !== undefined) twin = [other, id];
      ids.set(id.slice(0, 4), id);
    }
    many.writeTo(out('many'));
    const ambiguous = await runRescue(['restore', twin[0].slice(0, 4), '--to', out('twin'), '--repo', out('many')]);
    expect(ambiguous.status).toBe(2);
    for (const id of twin) expect(ambiguous.stderr).toContain(id);
    expect((await run('restore', old.slice(0, 12).toUpperCase(), '--to', out('prefix'))).status).toBe(0);
    expect(readFileSync(out('prefix/only-old'), 'utf8')).toBe('old');
  });

  it.each([
    [['confirmed', 'broken'], 'confirmed'],
    [['broken'], 'broken'],
    [[], 'unfinished'],
  ] as const)('shows a snapshot with the notes %j as %s', async (notes, state) => {
    const noted = await BuiltRepository.create(6);
    const id = noted.addSnapshot([{ path: at('') }], { confirmed: notes.includes('confirmed' as never) });
    if (notes.includes('broken' as never)) noted.addNote(id, { note: 'broken', reason: 'test' });
    const { stdout, status } = await runRescue(['list', '--repo', noted.writeTo(out(`noted ${state}`))]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining(`  ${state}  `) });
  });

  it('takes half a note for whole while its writer may still be at it', async () => {
    const halved = await BuiltRepository.create(7);
    const id = halved.addSnapshot([{ path: at('') }], { confirmed: false });
    halved.addNote(id, { note: 'broken', reason: 'test' });
    const half = [...halved.objects.keys()].find((name) => name.startsWith('notes/')) as string;
    halved.objects.delete(half);
    const running = await runRescue(['list', '--repo', halved.writeTo(out('halved'))]);
    expect(running).toMatchObject({ status: 0, stdout: expect.stringContaining('  broken  ') });
    for (const name of halved.objects.keys()) if (name.startsWith('sessions/')) halved.objects.delete(name);
    const ended = await runRescue(['list', '--repo', halved.writeTo(out('ended'))]);
    expect(ended).toMatchObject({ status: 13, stdout: expect.stringContaining('of a note "broken" is missing') });
  });

  it('hides forgotten snapshots and refuses features that it does not know', async () => {
    const forgetful = await BuiltRepository.create(3);
    const id = forgetful.addSnapshot([{ path: at('') }]);
    forgetful.addNote(id, { note: 'forgotten', reason: 'test' });
    const target = forgetful.writeTo(out('forgetful'));
    expect((await runRescue(['list', '--repo', target])).stdout).toBe('0 snapshots\n');
    const gone = await runRescue(['restore', id, '--to', out('gone'), '--repo', target]);
    expect(gone).toMatchObject({ status: 10, stderr: expect.stringContaining('was forgotten on 2030-02-01') });
    forgetful.putConfig(3, ['sealed-names']);
    forgetful.writeTo(target);
    expect(await runRescue(['list', '--repo', target])).toMatchObject({ status: 15, stdout: '' });
  });

  it('refuses a newer format, and says what is no repository', async () => {
    const newer = out('newer');
    mkdirSync(newer);
    expect((await runRescue(['list', '--repo', newer])).status).toBe(10);
    writeFileSync(join(newer, 'holdfast.json'), `{"format":"holdfast","version":2,"id":"${'0'.repeat(64)}"}\n`);
    expect((await runRescue(['list', '--repo', newer])).stderr).toContain('format version 2');
    // Also where the slots still say otherwise; but what one flipped bit can do is damage.
    const header = built.objects.get('holdfast.json')?.toString() as string;
    const copy = without('newer with slots', /^holdfast\.json$/);
    for (const [version, status] of [
      [2, 1],
      [3, 13],
    ]) {
      writeFileSync(join(copy, 'holdfast.json'), header.replace('"version":1', `"version":${version}`));
      expect((await runRescue(['list', '--repo', copy])).status).toBe(status);
    }
  });
});

describe('rescue.mjs as a file', () => {
  it('imports Node alone, by names that every Node has', () => {
    const text = readFileSync(RESCUE, 'utf8');
    const imports = text.match(/^import .*$/gm) ?? [];
    expect(imports.length).toBeGreaterThan(5);
    for (const line of imports) expect(line).toMatch(/^import .* from 'node:[a-z_]+';$/);
    expect(imports.filter((line) => line.includes('zlib'))).toEqual(["import zlib from 'node:zlib';"]);
    expect(text).not.toMatch(/\bimport\(|\brequire\(/);
  });

  it('says what it needs on a Node without zstd', async () => {
    const preload = "data:text/javascript,import zlib from 'node:zlib'; delete zlib.zstdDecompressSync;";
    const env = { NODE_OPTIONS: `--import "${preload.replaceAll(' ', '%20')}"` };
    expect(await runRescue(['list'], { env })).toMatchObject({ status: 1, stderr: expect.stringContaining('22.15') });
  });

  const olderNode = (process.env.PATH ?? '')
    .split(':')
    .map((directory) => join(directory, 'node'))
    .filter((file) => existsSync(file))
    .find((file) => Number(execFileSync(file, ['-p', 'parseInt(process.versions.node)'])) < 22);

  it.runIf(olderNode !== undefined)('says what it needs on an older Node, instead of dying at import', async () => {
    const { status, stderr } = await runRescue(['list'], { node: olderNode });
    expect({ status, stderr }).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^rescue: This is Node v\d+/),
    });
  });

  it('runs from a copy that has no other file beside it', async () => {
    mkdirSync(out('alone'));
    copyFileSync(RESCUE, out('alone/r.mjs'));
    expect((await runRescue(['check', '--repo', repo], { program: out('alone/r.mjs') })).status).toBe(0);
  });
});
