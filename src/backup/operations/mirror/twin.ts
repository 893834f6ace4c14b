import { HoldfastError } from '../../../shared/errors.ts';
import { HEADER_NAME, parseHeader } from '../../format/header.ts';
import type { Store } from '../../ports.ts';
import { isDamage, isNotFound } from '../../repository/damage.ts';
import { readMarks } from '../../repository/marks.ts';
import { Repository } from '../../repository/repository.ts';

/**
 * The repository as its twin holds it: the same keys over another store.
 *
 * @throws HoldfastError `refused` where the place holds another repository or anything else, or is the repository itself
 */
export async function openTwin(repository: Repository, target: Store): Promise<Repository> {
  if (target.location === repository.store.location) {
    throw new HoldfastError('refused', `${target.location} is the repository itself.`, {
      advice: 'Choose another place for the mirror.',
    });
  }
  const names = (await target.list('')).map(({ name }) => name);
  if (names.length > 0 && !(await isTwin(repository, target, names))) {
    throw new HoldfastError('refused', `${target.location} is neither empty nor a mirror of this repository.`, {
      advice: 'Choose an empty folder, or the mirror that was made before.',
    });
  }
  const { clock, random, host, writer, rules, header, ring, config, slot } = repository;
  return new Repository(
    { store: target, clock, random, host, writer, rules },
    { header, ring, config, slot, warnings: [] },
  );
}

async function isTwin(repository: Repository, target: Store, names: readonly string[]): Promise<boolean> {
  const id = await headerId(target);
  if (id !== undefined) return id.equals(repository.header.repositoryId);
  // The header may be what the mirror has lost: a key slot that both have says as much.
  const slots = new Set((await repository.store.list('keys/')).map(({ name }) => name));
  return names.some((name) => slots.has(name));
}

async function headerId(target: Store): Promise<Buffer | undefined> {
  try {
    return parseHeader(await target.get(HEADER_NAME)).repositoryId;
  } catch (error) {
    if (isNotFound(error) || isDamage(error)) return undefined;
    throw error;
  }
}

/**
 * Marks are final, so what the twin alone has marked can never be there again for good.
 *
 * @throws HoldfastError `refused` where the twin was pruned by itself
 */
export async function requireUnprunedTwin(
  twin: Repository,
  listed: ReadonlyMap<string, number>,
  marked: ReadonlySet<string>,
): Promise<void> {
  const marks = await readMarks(twin);
  const own = [...marks.packs].filter((id) => listed.has(id) && !marked.has(id));
  if (own.length === 0) return;
  throw new HoldfastError('refused', `${twin.store.location} was pruned by itself and is no mirror any more.`, {
    advice: 'Make a new mirror in another place; prune only the repository itself.',
    details: { packs: own },
  });
}
