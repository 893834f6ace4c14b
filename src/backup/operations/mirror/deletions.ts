import { HoldfastError } from '../../../shared/errors.ts';
import { mapParallel } from '../../../shared/parallel.ts';
import { parseSlot } from '../../crypto/slot.ts';
import { readIndexRuns } from '../../repository/index-loader.ts';
import type { Marks } from '../../repository/marks.ts';
import { lastComponent } from '../../repository/names.ts';
import { readObjects } from '../../repository/objects.ts';
import type { Repository } from '../../repository/repository.ts';
import { type Catalog, readCatalog } from '../../repository/snapshots.ts';

const PARALLEL_DELETIONS = 8;

/** What may be deleted in a mirror, in the order in which nothing that is left needs what is gone. */
const PREFIXES = ['snapshots/', 'notes/', 'index/', 'packs/', 'gc/', 'keys/', 'runbook/'] as const;

export interface MirrorState {
  repository: Repository;
  twin: Repository;
  catalog: Catalog;
  marks: Marks;
  /** Every name in the repository. */
  here: ReadonlySet<string>;
  warn: (message: string) => void;
}

/**
 * Deletes in the mirror what the repository has got rid of, and only that: what it has lost, the mirror keeps. Gives how many objects went.
 *
 * @throws HoldfastError `refused`, before anything is deleted, where the mirror has snapshots that the repository lost or never had
 */
export async function deleteGone(state: MirrorState): Promise<number> {
  const { twin, here } = state;
  await requireKnownSnapshots(state);
  const names = (await twin.store.list('')).map(({ name }) => name).filter((name) => !here.has(name));
  const keep = await keepers(state, names);
  let deleted = 0;
  for (const prefix of PREFIXES) {
    const gone = names.filter((name) => name.startsWith(prefix) && !keep(name));
    await mapParallel(gone, PARALLEL_DELETIONS, async (name) => {
      // Listings may lag behind: what is there after all stays.
      if ((await state.repository.store.stat(name)) !== undefined) return;
      await twin.store.delete(name);
      deleted++;
    });
  }
  return deleted;
}

async function requireKnownSnapshots({ twin, catalog, here }: MirrorState): Promise<void> {
  const listed = (await twin.store.list('snapshots/')).map(({ name }) => name).filter((name) => !here.has(name));
  const unknown = listed.map(lastComponent).filter((id) => !catalog.forgotten.has(id));
  if (unknown.length === 0) return;
  const shown = unknown.slice(0, 3).map((id) => id.slice(0, 8));
  const more = unknown.length > 3 ? ` and ${unknown.length - 3} more` : '';
  throw new HoldfastError(
    'refused',
    `The mirror has snapshots that this repository has lost or never had: ${shown.join(', ')}${more}. Everything was copied, but nothing was deleted there.`,
    {
      advice: 'Open the mirror and look at them: copy what you need, and forget there what you do not.',
      details: { snapshots: unknown },
    },
  );
}

type Keep = (name: string) => boolean;

async function keepers(state: MirrorState, names: readonly string[]): Promise<Keep> {
  const keptPacks = await lostPacks(state, names);
  const keptSlots = await lostCopies(state);
  const keptNotes = await lostConfirmations(state);
  const kept = new Set([...keptPacks, ...keptSlots, ...keptNotes].filter((name) => names.includes(name)));
  if (kept.size > 0) {
    const shown = [...kept].slice(0, 3).join(', ');
    const more = kept.size > 3 ? ` and ${kept.size - 3} more` : '';
    state.warn(`The repository has lost objects that the mirror still has and keeps: ${shown}${more}. Run verify.`);
  }
  return (name) => kept.has(name);
}

/** Packs that the index here counts on: a collector would have marked them first. */
async function lostPacks({ repository, marks }: MirrorState, names: readonly string[]): Promise<string[]> {
  const gone = names.filter((name) => name.startsWith('packs/'));
  if (gone.length === 0) return [];
  const { runs } = await readIndexRuns(repository);
  const counted = new Set(runs.flatMap(({ packs }) => packs.map(({ id }) => id)));
  return gone.filter((name) => counted.has(lastComponent(name)) && !marks.packs.has(lastComponent(name)));
}

/** Copies of key slots of which the other copy is still here. */
async function lostCopies({ repository, twin }: MirrorState): Promise<string[]> {
  const here = await slots(repository);
  const ids = new Set(here.values());
  return [...(await slots(twin))].filter(([name, slot]) => !here.has(name) && ids.has(slot)).map(([name]) => name);
}

async function slots({ store }: Repository): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const use = (name: string, bytes: Buffer) => {
    found.set(name, parseSlot(bytes).slotId);
  };
  await readObjects({ store, prefix: 'keys/', use, damaged: () => {} });
  return found;
}

/** Notes by which a snapshot counts, and which also hold a copy of it. */
async function lostConfirmations({ twin, catalog }: MirrorState): Promise<string[]> {
  await readCatalog(twin);
  const names = (await twin.store.list('notes/')).map(({ name }) => name);
  return names.filter((name) => {
    const note = twin.bodies.get(name) as { note: string; snapshot: string } | null | undefined;
    return note?.note === 'confirmed' && !catalog.forgotten.has(note.snapshot);
  });
}
