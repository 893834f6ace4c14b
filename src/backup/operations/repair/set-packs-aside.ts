import { packName } from '../../format/pack-index.ts';
import type { OperationContext } from '../../ports.ts';
import { knownDamage } from '../../repository/known-damage.ts';
import { putMark } from '../../repository/marks.ts';
import type { Liveness } from '../../repository/packs.ts';
import type { Repository } from '../../repository/repository.ts';
import type { Session } from '../../repository/sessions.ts';
import { readCatalog } from '../../repository/snapshots.ts';
import { createVerifyPool, type VerifyPool } from '../../threads/verify-pool.ts';
import { readPack } from '../verify/check-packs.ts';

/**
 * Marks packs that are not what their names promise: from then on backups store again what was in them, and collections copy what can still be
 * read before they delete them. Read are the `suspects`, by ID, and all packs where a check has found damage: else that would be a long way for
 * nothing.
 */
export async function setDamagedPacksAside(
  repository: Repository,
  session: Session,
  { listed, marks, suspects }: Pick<Liveness, 'listed' | 'marks'> & { suspects: Iterable<string> },
  context: OperationContext,
): Promise<void> {
  const { snapshots } = await readCatalog(repository);
  const suspected = knownDamage(snapshots) === undefined ? new Set(suspects) : new Set(listed.keys());
  const open = [...suspected].filter((id) => listed.has(id) && !marks.packs.has(id));
  if (open.length === 0) return;
  const damaged = await findDamaged(repository, open, context);
  if (damaged.length === 0) return;
  await putMark(repository, session, { packs: damaged, indexes: [] });
  for (const id of damaged) {
    context.onWarning?.(
      `${packName(id)} is damaged and has been set aside: the next backup stores again what it finds of it, and a prune after the grace removes it.`,
    );
  }
}

async function findDamaged(
  repository: Repository,
  packs: readonly string[],
  context: OperationContext,
): Promise<string[]> {
  const { idSecret, epochs } = repository.ring;
  const pool = createVerifyPool([], { idSecret, epochs, repositoryId: repository.header.repositoryId });
  const damaged: string[] = [];
  for (const [number, id] of packs.entries()) {
    context.signal?.throwIfAborted();
    context.onProgress?.({ phase: 'looking for damaged packs', files: number, totalFiles: packs.length });
    const isDamaged = (): Promise<boolean> => isDamagedNow({ repository, pool, deep: false, context }, id);
    // What failed once may have been the way here.
    if ((await isDamaged()) && (await isDamaged())) damaged.push(id);
  }
  return damaged;
}

async function isDamagedNow(
  reading: { repository: Repository; pool: VerifyPool; deep: boolean; context: OperationContext },
  id: string,
): Promise<boolean> {
  const result = await readPack(reading, id);
  if ('gone' in result) return false;
  return 'unreadable' in result || result.problems.length > 0;
}
