import { HoldfastError } from '../../../shared/errors.ts';
import { HEADER_NAME } from '../../format/header.ts';
import { packName } from '../../format/pack-index.ts';
import type { ObjectInfo, OperationContext, Store } from '../../ports.ts';
import { readMarks } from '../../repository/marks.ts';
import { idOfName, lastComponent } from '../../repository/names.ts';
import type { Repository } from '../../repository/repository.ts';
import type { Session } from '../../repository/sessions.ts';
import { type Catalog, readCatalog } from '../../repository/snapshots.ts';
import { whileReading } from '../reading-session.ts';
import { deleteGone, type MirrorState } from './deletions.ts';
import { ObjectCopier } from './object-copier.ts';
import { secureMarked } from './secure-marked.ts';
import { openTwin, requireUnprunedTwin } from './twin.ts';
import { whileMirrored } from './unfinished-mirror.ts';

export interface MirrorResult {
  /** Objects that the repository has and the mirror now has too. */
  objects: number;
  copied: number;
  deleted: number;
  /** Bytes copied. */
  bytes: number;
  durationMs: number;
}

/** How often the repository is looked through again because something vanished: a collector may be at work. */
const MOST_PASSES = 5;

/**
 * Makes another store the repository's twin, object by object. At every moment the twin is a whole repository: what snapshots need is copied before
 * them, and deleted after them. Interrupted, it goes on where it was. Sessions are nobody's business there, and unfinished snapshots wait until they are
 * finished.
 *
 * @throws HoldfastError `refused` where the target is no twin or knows more than the repository, `damaged` for objects that could not be copied
 */
export async function mirror(
  repository: Repository,
  target: Store,
  context: OperationContext = {},
): Promise<MirrorResult> {
  const startedAt = repository.clock.monotonic();
  const twin = await openTwin(repository, target);
  return whileReading(repository, { operation: 'mirror' }, async (session) => {
    const there = new Map((await target.list('')).map(({ name, size }) => [name, size]));
    const copier = new ObjectCopier(repository.store, target, there, context);
    // First of all: by this the place is known as a twin, should it stay at that.
    await copier.copy((await repository.store.list('')).filter(({ name }) => name === HEADER_NAME));
    const { survey, deleted } = await whileMirrored(twin, async () => {
      const survey = await copyAll(repository, twin, there, copier, session);
      copier.requireUndamaged();
      const state: MirrorState = { repository, twin, ...survey, warn: (message) => context.onWarning?.(message) };
      return { survey, deleted: await deleteGone(state) };
    });
    const { copied, bytes } = copier;
    const durationMs = Math.round(repository.clock.monotonic() - startedAt);
    return { objects: survey.objects, copied, deleted, bytes, durationMs };
  });
}

interface Survey extends Pick<MirrorState, 'catalog' | 'marks' | 'here'> {
  /** Objects to be mirrored, in groups of which each needs only those before it. */
  groups: ObjectInfo[][];
  objects: number;
}

async function copyAll(
  repository: Repository,
  twin: Repository,
  there: ReadonlyMap<string, number>,
  copier: ObjectCopier,
  session: Session | undefined,
): Promise<Survey> {
  for (let pass = 1; pass <= MOST_PASSES; pass++) {
    const found = await survey(repository, twin, there, session);
    if (found !== undefined && (await copyGroups(found.groups, copier))) return found;
  }
  throw new HoldfastError('failed', 'The repository keeps changing while it is mirrored.', {
    advice: 'Run mirror again when no prune is running.',
    retryable: true,
  });
}

/** False where something vanished that a later group may need. */
async function copyGroups(groups: readonly (readonly ObjectInfo[])[], copier: ObjectCopier): Promise<boolean> {
  copier.totalBytes =
    copier.bytes + groups.flatMap((group) => copier.missing(group)).reduce((sum, { size }) => sum + size, 0);
  for (const group of groups) {
    const vanished = await copier.copy(group);
    if (vanished.some((name) => name.startsWith('packs/') || name.startsWith('index/'))) return false;
  }
  return true;
}

/**
 * Looks through the repository: first snapshots, then what they need, so that nothing is missing of any snapshot that is found. Undefined where marked packs
 * had to be seen to first.
 */
async function survey(
  repository: Repository,
  twin: Repository,
  there: ReadonlyMap<string, number>,
  session: Session | undefined,
): Promise<Survey | undefined> {
  const catalog = await readCatalog(repository);
  const all = await repository.store.list('');
  const marks = await readMarks(repository);
  const packs = all.filter(({ name }) => name.startsWith('packs/'));
  const listed = new Map(packs.map(({ name, size }) => [lastComponent(name), size]));
  await requireUnprunedTwin(twin, listed, marks.packs);
  const isThere = (id: string) => there.get(packName(id)) === listed.get(id);
  const isLeft = ({ name }: ObjectInfo) => marks.packs.has(lastComponent(name)) && !isThere(lastComponent(name));
  if (packs.some(isLeft)) {
    const snapshots = catalog.snapshots.filter(({ confirmed }) => confirmed !== undefined);
    const available = ({ id, size }: { id: string; size: number }) =>
      there.get(packName(id)) === size || (listed.get(id) === size && !marks.packs.has(id));
    if (await secureMarked(repository, session, { snapshots, listed, available })) return undefined;
  }
  const groups = groupsOf(
    all.filter((info) => !(info.name.startsWith('packs/') && isLeft(info))),
    catalog,
  );
  const objects = groups.reduce((sum, group) => sum + group.length, 0);
  return { catalog, marks, here: new Set(all.map(({ name }) => name)), groups, objects };
}

function groupsOf(all: readonly ObjectInfo[], catalog: Catalog): ObjectInfo[][] {
  const confirmed = new Set(catalog.snapshots.flatMap(({ id, confirmed }) => (confirmed === undefined ? [] : [id])));
  const below = (prefix: string) => all.filter(({ name }) => name.startsWith(prefix));
  const snapshots = below('snapshots/').filter(({ name }) => isWanted(lastComponent(name)));
  // A note that came after the look at the snapshots may be of one that was not seen.
  const notes = below('notes/').filter(({ name }) => isWanted(name.split('/')[1] as string));
  function isWanted(id: string): boolean {
    return confirmed.has(id) || catalog.forgotten.has(id) || catalog.unreadable.includes(id);
  }
  return [
    all.filter(({ name }) => idOfName(name) === undefined && !/^(sessions|gc)\//.test(name)),
    below('keys/'),
    below('packs/'),
    below('index/'),
    snapshots.filter(({ name }) => !catalog.forgotten.has(lastComponent(name))),
    notes,
    below('gc/'),
  ];
}
