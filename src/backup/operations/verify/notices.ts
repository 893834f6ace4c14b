import { isUnfinishedMirror } from '../mirror/unfinished-mirror.ts';
import { type RepositoryState, unindexedPacks } from './repository-state.ts';

/** What is no damage, but worth knowing. */
export function describeState(state: RepositoryState): string[] {
  return [
    ...unfinishedMirror(state),
    ...unfinished(state),
    ...interrupted(state),
    ...unindexed(state),
    ...unknown(state),
  ];
}

function unfinishedMirror({ sessions }: RepositoryState): string[] {
  return isUnfinishedMirror(sessions) ? ['This mirror is not finished: run mirror again, unless it is at work.'] : [];
}

function unfinished({ catalog }: RepositoryState): string[] {
  return catalog.snapshots.flatMap(({ id, status, body }) => {
    const name = `Snapshot ${id.slice(0, 8)} of ${body.source}`;
    if (status === 'unfinished') return [`${name} is not finished: its backup may still be running.`];
    return status === 'broken' ? [`${name} could not be completed and is no backup; forget it.`] : [];
  });
}

function interrupted({ catalog, halves }: RepositoryState): string[] {
  const leftovers = catalog.leftovers.map(
    (id) => `Snapshot ${id.slice(0, 8)} was forgotten; prune removes its object.`,
  );
  const open = halves.filter(({ state }) => state !== 'lost');
  return [
    ...leftovers,
    ...open.map(({ snapshot, note }) => `A ${note} note of snapshot ${snapshot.slice(0, 8)} is still being written.`),
  ];
}

/** Those of finished backups have lost their index, which is damage. */
function unindexed({ loaded, marks, puts }: RepositoryState): string[] {
  const finished = new Set([...puts.values()].flatMap((put) => put.packs));
  const packs = unindexedPacks(loaded).filter(({ id }) => !marks.packs.has(id) && !finished.has(id));
  if (packs.length === 0) return [];
  const bytes = packs.reduce((sum, { size }) => sum + size, 0);
  return [
    `${packs.length} packs (${bytes} bytes) are in no index: a backup is running or was interrupted. Prune removes what nothing needs.`,
  ];
}

const KNOWN =
  /^(?:holdfast\.json|FORMAT\.md|rescue-[^/]+\.mjs|runbook\/[^/]+|config\/[0-9]+|keys\/[0-9a-f]{64}|packs\/([0-9a-f]{2})\/\1[0-9a-f]{62}|(?:index|snapshots)\/[0-9a-f]{64}|notes\/[0-9a-f]{64}\/[0-9a-f]{64}|sessions\/[0-9a-f]{32}\/[0-9]+|gc\/[0-9a-f]{64}(?:\.done)?)$/;

function unknown({ objects }: RepositoryState): string[] {
  return [...objects.keys()]
    .filter((name) => !KNOWN.test(name))
    .map((name) => `${name} is no object of a repository; nothing reads it.`);
}
