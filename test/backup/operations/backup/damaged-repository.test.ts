import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../../../src/backup/stores/memory.ts';
import { backupPlace, settle } from '../../../helpers/backup-place.ts';
import { SeededRandom } from '../../../helpers/seeded-random.ts';
import { compareTrees } from '../../../helpers/tree/compare-trees.ts';

const CHECK_ADVICE = /^The check of .* found damage\. /;

/** A backup of some files, and the names of its packs. */
async function backedUp() {
  const objects = new Map<string, Buffer>();
  const place = backupPlace({ store: new MemoryStore(objects) });
  const random = new SeededRandom(3);
  for (let i = 0; i < 5; i++) place.make.file(`file ${i}`, random.bytes(400_000));
  await settle(place.source);
  const { snapshot } = await place.backup();
  const packs = [...objects.keys()].filter((name) => name.startsWith('packs/'));
  const flip = (name: string) => {
    const bytes = objects.get(name) as Buffer;
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
  };
  const warnings: string[] = [];
  const backupAgain = async () => {
    warnings.length = 0;
    return place.backup({}, { context: { onWarning: (message) => warnings.push(message) } });
  };
  const damagedPacks = async (depth: 'quick' | 'deep') => {
    const { damaged } = await place.engine().verify({ depth });
    return damaged
      .map(({ object }) => object)
      .filter((name) => name.startsWith('packs/'))
      .sort();
  };
  const expectRestored = async (id: string) =>
    expect(compareTrees(place.tree(), await place.restoredTree(id))).toEqual([]);
  return { objects, place, snapshot, packs, flip, warnings, backupAgain, damagedPacks, expectRestored };
}

describe('a backup into a damaged repository', () => {
  it('warns for as long as a check says that it may lean on damage', async () => {
    const { packs, flip, warnings, backupAgain, damagedPacks } = await backedUp();
    await backupAgain();
    expect(warnings).toEqual([]);
    for (const pack of packs) flip(pack);
    expect(await damagedPacks('deep')).toEqual(packs.toSorted());
    await backupAgain();
    expect(warnings).toContainEqual(expect.stringMatching(CHECK_ADVICE));
    for (const pack of packs) flip(pack);
    expect(await damagedPacks('quick')).toEqual([]);
    await backupAgain();
    expect(warnings).toContainEqual(expect.stringMatching(CHECK_ADVICE));
    expect(await damagedPacks('deep')).toEqual([]);
    await backupAgain();
    expect(warnings).toEqual([]);
  });

  it('stores again what a repair has set aside, in earlier snapshots too', async () => {
    const { place, snapshot, packs, flip, backupAgain, damagedPacks, expectRestored } = await backedUp();
    for (const pack of packs) flip(pack);
    await damagedPacks('deep');
    await place.engine().repairIndex();
    const again = await backupAgain();
    await expectRestored(again.snapshot);
    await expectRestored(snapshot);
    await place.engine().prune({ graceMs: 0, force: true });
    expect(await damagedPacks('deep')).toEqual([]);
    await expectRestored(snapshot);
  });

  it('stores again what has gone or was cut, without any repair', async () => {
    const { objects, place, snapshot, packs, backupAgain, expectRestored } = await backedUp();
    const [first, second] = packs as [string, string];
    objects.delete(first);
    objects.set(second, (objects.get(second) as Buffer).subarray(0, -1));
    const again = await backupAgain();
    await expectRestored(again.snapshot);
    await expectRestored(snapshot);
    expect(place.repository.warnings).toEqual([]);
  });

  it.each([
    [
      'packs under wrong names',
      (objects: Map<string, Buffer>, [one, other]: string[]) => {
        const bytes = objects.get(one as string) as Buffer;
        objects.set(one as string, objects.get(other as string) as Buffer).set(other as string, bytes);
      },
    ],
    [
      'a pack without its end',
      (objects: Map<string, Buffer>, [one]: string[]) => {
        objects.set(one as string, (objects.get(one as string) as Buffer).subarray(0, -1));
      },
    ],
  ] as const)('is whole again after repair and prune where nothing was lost: %s', async (_what, harm) => {
    const { objects, place, snapshot, packs, damagedPacks, expectRestored } = await backedUp();
    harm(objects, packs);
    await place.engine().repairIndex();
    await place.engine().prune({ graceMs: 0, force: true });
    expect(await damagedPacks('deep')).toEqual([]);
    await expectRestored(snapshot);
  });

  it('loses nothing more where the source has it no more: prune deletes nothing and says why', async () => {
    const { place, packs, flip, damagedPacks } = await backedUp();
    for (const pack of packs.slice(0, 1)) flip(pack);
    const [damaged] = await damagedPacks('deep');
    await place.engine().repairIndex();
    await expect(place.engine().prune({ graceMs: 0, force: true })).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining('Nothing is deleted'),
    });
    expect(await damagedPacks('deep')).toEqual([damaged]);
  });
});
