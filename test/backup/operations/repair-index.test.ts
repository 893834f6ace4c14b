import { describe, expect, it } from 'vitest';
import { packName } from '../../../src/backup/format/pack-index.ts';
import { repairIndex } from '../../../src/backup/operations/repair-index.ts';
import { collect } from '../../../src/backup/repository/collector.ts';
import { forgetSnapshot } from '../../../src/backup/repository/forget-snapshot.ts';
import { readIndexRuns } from '../../../src/backup/repository/index-loader.ts';
import { readCatalog } from '../../../src/backup/repository/snapshots.ts';
import { restoreTiny } from '../../helpers/repository/tiny-backup.ts';
import { check, copyOf, fillSample, reopened, type Sample } from './verify/sample-repository.ts';

async function sample(): Promise<Sample & { names: (prefix: string) => string[] }> {
  const copy = copyOf(await fillSample());
  return { ...copy, names: (prefix) => [...copy.objects.keys()].filter((name) => name.startsWith(prefix)) };
}

const damagedObjects = async ({ repository }: Sample): Promise<string[]> =>
  (await check(reopened(repository), { depth: 'deep' })).damaged.map(({ object }) => object);

async function expectAllRestores({ repository, snapshots }: Sample): Promise<void> {
  const catalog = await readCatalog(reopened(repository));
  expect(new Set(catalog.snapshots.map(({ id }) => id))).toEqual(new Set(snapshots));
  for (const { body } of catalog.snapshots) await restoreTiny(reopened(repository), body);
}

/** A pack that only the newest snapshot needs. */
async function newestPack({ repository, snapshots }: Sample): Promise<string> {
  const record = (await readCatalog(repository)).snapshots.find(({ id }) => id === snapshots.at(-1));
  return record?.confirmed?.packs[0] as string;
}

describe('repairing the index', () => {
  it.each(['gone', 'damaged'])('makes it whole again where every run is %s', async (how) => {
    const broken = await sample();
    for (const name of broken.names('index/')) {
      if (how === 'gone') broken.objects.delete(name);
      else broken.objects.get(name)?.fill(7, 50, 60);
    }
    const result = await repairIndex(reopened(broken.repository));
    expect(result).toMatchObject({ packs: broken.names('packs/').length, salvaged: [], damaged: [] });
    expect(await damagedObjects(broken)).toEqual([]);
    await expectAllRestores(broken);
  });

  it('salvages packs whose trailer is damaged, and names those that are hopeless', async () => {
    const broken = await sample();
    const [first, second] = (await readIndexRuns(broken.repository)).runs
      .flatMap(({ packs }) => packs)
      .map(({ id }) => packName(id)) as [string, string];
    const bytes = broken.objects.get(first) as Buffer;
    bytes.fill(0, bytes.length - 8);
    broken.objects.get(second)?.fill(0, 0, 40);
    for (const name of broken.names('index/')) broken.objects.delete(name);
    expect(await repairIndex(reopened(broken.repository))).toMatchObject({ salvaged: [first], damaged: [second] });
    expect((await damagedObjects(broken)).sort()).toEqual([first, second].sort());
  });

  it('leaves a whole index whole, and old runs to the collector', async () => {
    const whole = await sample();
    const before = whole.names('index/');
    await repairIndex(reopened(whole.repository));
    expect(whole.names('index/')).toEqual(expect.arrayContaining(before));
    expect(await damagedObjects(whole)).toEqual([]);
    await collect(reopened(whole.repository), { graceMs: 0, force: true });
    expect(whole.names('index/').filter((name) => before.includes(name))).toEqual([]);
    expect(await damagedObjects(whole)).toEqual([]);
    await expectAllRestores(whole);
  });

  it('keeps naming a lost pack that is needed', async () => {
    const broken = await sample();
    const lost = packName(await newestPack(broken));
    broken.objects.delete(lost);
    await repairIndex(reopened(broken.repository));
    expect(await damagedObjects(broken)).toEqual([lost]);
  });

  it('gives up a lost pack that nobody needs any more', async () => {
    const broken = await sample();
    const lost = packName(await newestPack(broken));
    broken.objects.delete(lost);
    await forgetSnapshot(reopened(broken.repository), broken.snapshots.at(-1) as string, 'test');
    expect(await damagedObjects(broken)).toEqual([lost]);
    await repairIndex(reopened(broken.repository));
    expect(await damagedObjects(broken)).toEqual([]);
  });

  it.each([
    ['the header', (name: string) => name === 'holdfast.json'],
    ['a configuration', (name: string) => name === 'config/2'],
    ['the other configuration', (name: string) => name === 'config/1'],
    ['a note', (name: string) => name.startsWith('notes/')],
  ])('puts %s back', async (_what, isMeant) => {
    for (const how of ['gone', 'damaged']) {
      const broken = await sample();
      const name = [...broken.objects.keys()].find(isMeant) as string;
      if (how === 'gone') broken.objects.delete(name);
      else broken.objects.get(name)?.fill(7, 20, 30);
      expect((await damagedObjects(broken)).length).toBe(1);
      await repairIndex(reopened(broken.repository));
      expect(await damagedObjects(broken)).toEqual([]);
    }
  });

  it("puts configurations back that lie under each other's names", async () => {
    const broken = await sample();
    const [one, other] = ['config/1', 'config/2'].map((name) => broken.objects.get(name)) as [Buffer, Buffer];
    broken.objects.set('config/1', other).set('config/2', one);
    expect(await damagedObjects(broken)).toEqual(['config/1', 'config/2']);
    await repairIndex(reopened(broken.repository));
    expect(await damagedObjects(broken)).toEqual([]);
  });

  it("puts notes back that lie under each other's names", async () => {
    const broken = await sample();
    const [one, other] = broken.names(`notes/${broken.snapshots[0]}/`) as [string, string];
    const [first, second] = [one, other].map((name) => broken.objects.get(name)) as [Buffer, Buffer];
    broken.objects.set(one, second).set(other, first);
    expect((await damagedObjects(broken)).toSorted()).toEqual([one, other].toSorted());
    await repairIndex(reopened(broken.repository));
    expect(await damagedObjects(broken)).toEqual([]);
    await expectAllRestores(broken);
  });

  it('puts a plain file back that this program has too', async () => {
    const broken = await sample();
    const bytes = broken.objects.get('FORMAT.md') as Buffer;
    broken.objects.set('FORMAT.md', Buffer.from('something else'));
    await repairIndex(reopened(broken.repository), {}, [{ name: 'FORMAT.md', bytes }]);
    expect(await damagedObjects(broken)).toEqual([]);
  });

  it('puts files of this program in the place of lost ones of another version', async () => {
    const broken = await sample();
    broken.objects.set('rescue-1.mjs', Buffer.from('something else'));
    const files = [
      { name: 'rescue-2.mjs', bytes: Buffer.from('// reads it better\n') },
      { name: 'FORMAT.md', bytes: Buffer.from('# The format in other words\n') },
    ];
    const warnings: string[] = [];
    await repairIndex(reopened(broken.repository), { onWarning: (message) => warnings.push(message) }, files);
    expect(broken.objects.has('rescue-1.mjs')).toBe(false);
    expect(broken.objects.get('FORMAT.md')?.toString()).toBe('# The format\n');
    expect(broken.names('config/').sort()).toEqual(['config/1', 'config/2', 'config/3', 'config/4']);
    expect(warnings).toContainEqual(expect.stringMatching(/^rescue-2\.mjs of this program .* SHA-256 [0-9a-f]{64}/));
    expect(await damagedObjects(broken)).toEqual([]);
    broken.objects.get('rescue-2.mjs')?.fill(0, 0, 2);
    expect(await damagedObjects(broken)).toEqual(['rescue-2.mjs']);
  });

  it('advises on what only the passphrase can repair', async () => {
    const broken = await sample();
    broken.objects.delete(broken.names('keys/')[0] as string);
    const warnings: string[] = [];
    await repairIndex(reopened(broken.repository), { onWarning: (message) => warnings.push(message) });
    expect(warnings).toEqual([expect.stringContaining('with its passphrase')]);
  });
});
