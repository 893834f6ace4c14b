import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTree } from '../helpers/compare-trees.ts';
import { at, BuiltRepository, type EntryWish } from '../helpers/rescue/built-repository.ts';
import { type RescueRun, runRescue } from '../helpers/rescue/run-rescue.ts';
import { SeededRandom, testSeed } from '../helpers/seeded-random.ts';

const SEED = testSeed();
const TRIALS = 12;
const random = new SeededRandom(9);

/** Files of one chunk, of several, and of a list in chunks; folders whose entries span manifest chunks. */
const ENTRIES: EntryWish[] = [
  { path: at('') },
  { path: at('big'), content: random.bytes(90_000) },
  ...Array.from({ length: 3 }, (_, i) => [
    { path: at(`folder${i}`) },
    ...Array.from({ length: 9 }, (_, j) => {
      return { path: at(`folder${i}/file${j}`), content: random.bytes(j === 4 ? 12_000 : 500 + 100 * j) };
    }),
  ]).flat(),
];
const FILES = ENTRIES.filter(({ content }) => content !== undefined);

let folder: string;
let built: BuiltRepository;
let snapshot: string;
let expected: ReturnType<typeof readTree>;
let runs = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rescue-damage-'));
  built = await BuiltRepository.create(1, { 'FORMAT.md': Buffer.from('# Format\n') });
  built.addSnapshot([{ path: at('') }, { path: at('earlier'), content: random.bytes(4000) }]);
  snapshot = built.addSnapshot(ENTRIES, { entriesPerChunk: 5 });
  const { target } = await restore(new Map(built.objects));
  expected = readTree(target);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function restore(objects: Map<string, Buffer>): Promise<{ run: RescueRun; repo: string; target: string }> {
  const [repo, target] = [join(folder, `repo${++runs}`), join(folder, `out${runs}`)];
  built.writeTo(repo, objects);
  return { run: await runRescue(['restore', snapshot, '--to', target, '--repo', repo]), repo, target };
}

/** What a trial must hold: nothing wrong is restored, and whatever is not restored is named. Gives the names of the lost files. */
function expectHonest({ run, target }: { run: RescueRun; target: string }, because: string): string[] {
  const isRefused = run.stderr !== '';
  const restored = isRefused ? new Map() : readTree(target);
  for (const [path, facts] of restored) {
    if (facts.content !== undefined) expect(facts.content, `${path}, ${because}`).toBe(expected.get(path)?.content);
  }
  const lost = FILES.map(({ path }) => path as string).filter((path) => !restored.has(path));
  if (lost.length > 0 || isRefused) expect(run.status, because).toBe(13);
  const isManifestLost = run.stdout.includes('are lost') || run.stdout.includes('manifest is lost');
  if (!isRefused && !isManifestLost) {
    for (const path of lost) expect(run.stdout, because).toContain(`LOST     ${path}: `);
  }
  expect(run.stderr, because).not.toMatch(/^ +at /m);
  return lost;
}

type Objects = Map<string, Buffer>;

function flip(objects: Objects, name: string, bit: number): void {
  const bytes = Buffer.from(objects.get(name) as Buffer);
  bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
  objects.set(name, bytes);
}

/** One damage at a seeded place. Gives what it did, in words. */
function damage(objects: Objects, dice: SeededRandom): { what: string; names: string[] } {
  const all = [...objects.keys()];
  const name = all[dice.below(all.length)] as string;
  const bytes = objects.get(name) as Buffer;
  switch (dice.below(4)) {
    case 0: {
      const bit = dice.below(8 * bytes.length);
      flip(objects, name, bit);
      return { what: `bit ${bit} of ${name} flipped`, names: [name] };
    }
    case 1: {
      const length = dice.below(bytes.length);
      objects.set(name, bytes.subarray(0, length));
      return { what: `${name} cut to ${length} bytes`, names: [name] };
    }
    case 2:
      objects.delete(name);
      return { what: `${name} deleted`, names: [name] };
    default: {
      const other = all[(all.indexOf(name) + 1 + dice.below(all.length - 1)) % all.length] as string;
      objects.set(name, objects.get(other) as Buffer);
      objects.set(other, bytes);
      return { what: `${name} and ${other} swapped`, names: [name, other] };
    }
  }
}

describe(`rescue.mjs on damaged repositories, HOLDFAST_SEED=${SEED}`, () => {
  it.concurrent.each(Array.from({ length: TRIALS }, (_, i) => SEED + i))(
    'restores no wrong byte, names what is lost, and check exits 13 (seed %i)',
    async (seed) => {
      const objects = new Map(built.objects);
      const { what, names } = damage(objects, new SeededRandom(seed));
      const result = await restore(objects);
      const lost = expectHonest(result, what);
      if (!names.some((name) => name.startsWith('packs/'))) expect(lost, what).toEqual([]);
      const damaged = new Set(names.filter((name) => name.startsWith('packs/')));
      for (const { path, content } of FILES) {
        const homes = built.homesOf(content as Buffer);
        if (
          lost.includes(path) &&
          !result.run.stdout.includes('are lost') &&
          !result.run.stdout.includes('manifest is lost')
        ) {
          const isAffected = [...homes].some((home) => damaged.has(home)) || path === 'big';
          expect(isAffected, `${path}, ${what}`).toBe(true);
        }
      }
      const checked = await runRescue(['check', '--repo', result.repo]);
      expect(checked.status, `${what}\n${checked.stdout}${checked.stderr}`).toBe(13);
      if (names.length === 1 && !what.includes('notes/')) expect(checked.stdout, what).toMatch(/DAMAGED/);
    },
  );

  const dataPacks = (): string[] => {
    return [...new Set(FILES.flatMap(({ content }) => [...built.homesOf(content as Buffer)]))];
  };

  it('restores everything where every trailer is destroyed and the index is gone', async () => {
    const objects: Objects = new Map();
    for (const [name, bytes] of built.objects) {
      const isPack = name.startsWith('packs/');
      if (!name.startsWith('index/')) objects.set(name, isPack ? bytes.subarray(0, bytes.length - 40) : bytes);
    }
    const result = await restore(objects);
    expect(expectHonest(result, 'no trailers')).toEqual([]);
    expect(result.run.status).toBe(13);
    expect(result.run.stdout).toContain('Every file was restored, but see the damage above.');
  });

  it('finds the blocks after a damaged block header when the trailer is destroyed too', async () => {
    const objects = new Map(built.objects);
    const pack = dataPacks().at(-1) as string;
    const bytes = Buffer.from(built.objects.get(pack) as Buffer);
    const second = bytes.indexOf('HFBK', 65);
    expect(second).toBeGreaterThan(0);
    bytes[64] = 0;
    bytes[bytes.length - 1] = 0;
    objects.set(pack, bytes);
    const lost = expectHonest(await restore(objects), 'header and trailer');
    const affected = FILES.filter(({ content }) => built.homesOf(content as Buffer).has(pack));
    expect(lost.length).toBeGreaterThan(0);
    expect(lost.length).toBeLessThan(affected.length);
  });

  it('names a deleted pack and exactly the files that had chunks in it', async () => {
    const objects = new Map(built.objects);
    const pack = dataPacks().at(-1) as string;
    objects.delete(pack);
    const result = await restore(objects);
    const lost = expectHonest(result, 'deleted pack');
    expect(lost).toEqual(
      FILES.filter(({ content }) => built.homesOf(content as Buffer).has(pack)).map(({ path }) => path),
    );
    for (const path of lost) expect(result.run.stdout).toMatch(new RegExp(`LOST     ${path}: .* \\(${pack}\\)\n`));
    const { stdout } = await runRescue(['check', '--repo', result.repo]);
    expect(stdout).toContain(`DAMAGED  ${pack}: is missing\n`);
    for (const path of lost) expect(stdout).toContain(`LOST     ${snapshot.slice(0, 12)}: ${path}: `);
  });

  it('restores what lies behind a lost part of the manifest, in folders whose entry was in it', async () => {
    const partial = await BuiltRepository.create(5);
    const file = (name: string) => ({ path: at(name), content: Buffer.from(name) });
    const entries = [{ path: at('') }, file('before'), { path: at('dir') }, file('dir/lost'), file('dir/x'), file('z')];
    partial.addSnapshot(entries, {
      entriesPerChunk: 2,
      alter: (manifest) => (manifest.includes('lost') ? manifest.subarray(0, 2) : manifest),
    });
    const [repo, target] = [partial.writeTo(join(folder, 'partial')), join(folder, 'partial-out')];
    const run = await runRescue(['restore', 'latest', '--to', target, '--repo', repo]);
    expect([...readTree(target).keys()].sort()).toEqual(['', 'before', 'dir', 'dir/x', 'z']);
    expect(run.stdout).toContain('up to 2 entries from dir on are lost');
    expect(run.status).toBe(13);
    expect((await runRescue(['check', '--repo', repo])).status).toBe(13);
  });

  it('restores everything from packs whose names were swapped, which check notices', async () => {
    const objects = new Map(built.objects);
    const [one, other] = dataPacks() as [string, string];
    objects.set(one, built.objects.get(other) as Buffer);
    objects.set(other, built.objects.get(one) as Buffer);
    const result = await restore(objects);
    expect(expectHonest(result, 'swapped packs')).toEqual([]);
    const { status, stdout } = await runRescue(['check', '--repo', result.repo]);
    expect(status).toBe(13);
    for (const name of [one, other]) expect(stdout).toContain(`DAMAGED  ${name}: does not hash to its name\n`);
    expect(stdout).not.toContain('DAMAGED  index/');
  });

  it('does not miss packs that a mark names', async () => {
    const marked = await BuiltRepository.create(4);
    marked.addSnapshot([{ path: at('') }]);
    const before = new Set(marked.objects.keys());
    const other = marked.addSnapshot([{ path: at('') }, { path: at('x'), content: Buffer.from('x') }]);
    const own = [...marked.objects.keys()].filter((name) => name.startsWith('packs/') && !before.has(name));
    marked.addMark(own.map((name) => name.slice(9)));
    marked.addNote(other, { note: 'forgotten', reason: 'test' });
    for (const name of [...own, `snapshots/${other}`]) marked.objects.delete(name);
    const run = await runRescue(['check', '--repo', marked.writeTo(join(folder, 'marked'))]);
    expect(run).toMatchObject({ status: 0, stdout: expect.stringContaining('No damage was found') });
  });

  it('takes for forgotten what another note testifies, whatever is left of its own notes', async () => {
    const tidied = await BuiltRepository.create(5);
    const entries = [{ path: at('') }, { path: at('x'), content: Buffer.from('x') }];
    const [first, second, kept] = [1, 2, 3].map(() => tidied.addSnapshot(entries)) as [string, string, string];
    for (const id of [first, second]) tidied.objects.delete(`snapshots/${id}`);
    tidied.addNote(second, { note: 'forgotten', reason: 'test', also: [{ id: first }, { id: second }] });
    const [half] = [...tidied.objects.keys()].filter((name) => name.startsWith(`notes/${first}/`));
    tidied.objects.delete(half as string);
    const repo = tidied.writeTo(join(folder, 'tidied'));
    expect(await runRescue(['check', '--repo', repo])).toMatchObject({ status: 0 });
    const { stdout } = await runRescue(['list', '--repo', repo]);
    expect(stdout).toContain(kept.slice(0, 8));
    expect(stdout).not.toContain(first.slice(0, 8));
  });

  it('misses the index of a forgotten snapshot whose packs others lean on', async () => {
    const shared = await BuiltRepository.create(6);
    const entries = [{ path: at('') }, { path: at('x'), content: Buffer.from('x') }];
    const first = shared.addSnapshot(entries);
    const index = [...shared.objects.keys()].find((name) => name.startsWith('index/')) as string;
    shared.addSnapshot(entries);
    shared.addNote(first, { note: 'forgotten', reason: 'test' });
    shared.objects.delete(`snapshots/${first}`);
    const check = (name: string) => runRescue(['check', '--repo', shared.writeTo(join(folder, name))]);
    expect(await check('shared')).toMatchObject({ status: 0 });
    shared.objects.delete(index);
    expect(await check('shared-lost')).toMatchObject({
      status: 13,
      stdout: expect.stringContaining(`DAMAGED  ${index}`),
    });
  });

  it('takes a lost snapshot from its note, also as the latest', async () => {
    const objects = new Map(built.objects);
    objects.delete(`snapshots/${snapshot}`);
    const repo = join(folder, 'lost-snapshot');
    built.writeTo(repo, objects);
    const run = await runRescue(['restore', 'latest', '--to', join(folder, 'lost'), '--repo', repo]);
    expect(run.stdout).toContain(`DAMAGED  snapshots/${snapshot}: is missing`);
    expect(run.status).toBe(13);
    expect(readdirSync(join(folder, 'lost')).sort()).toEqual(['big', 'folder0', 'folder1', 'folder2']);
  });
});
