import { HoldfastError } from '../../../shared/errors.ts';
import { mapParallel } from '../../../shared/parallel.ts';
import { discard } from '../../format/compression.ts';
import { packName } from '../../format/pack-index.ts';
import type { OperationContext } from '../../ports.ts';
import { isNotFound } from '../../repository/damage.ts';
import { readMarks } from '../../repository/marks.ts';
import type { Repository } from '../../repository/repository.ts';
import type { PackScan } from '../../threads/pack-scan.ts';
import type { PackJobResult } from '../../threads/verify-jobs.ts';
import type { VerifyPool } from '../../threads/verify-pool.ts';
import type { Copies, Difference } from './copies.ts';
import type { DamageReport } from './damage-report.ts';
import { type RepositoryState, withoutMemory } from './repository-state.ts';

/** System errors that mean that the device cannot give the bytes back. */
const DEVICE_ERRORS = new Set(['EIO', 'ENXIO', 'ELOOP', 'EISDIR']);

export interface PackCheck {
  repository: Repository;
  state: RepositoryState;
  pool: VerifyPool;
  copies: Copies;
  report: DamageReport;
  /** Filled with packs of which the index tells something wrong: the run to blame, by pack name. */
  wrongRuns: Map<string, string>;
  deep: boolean;
  context: OperationContext;
}

/** Reads packs, as many at once as the pool takes. Gives the bytes that were read. */
export async function checkPacks(check: PackCheck, packs: readonly { id: string; size: number }[]): Promise<number> {
  const { context, pool } = check;
  const totalBytes = packs.reduce((sum, { size }) => sum + size, 0);
  let bytes = 0;
  // The large ones first: the threads then finish together.
  const order = packs.toSorted((a, b) => b.size - a.size);
  await mapParallel(order, pool.width, async ({ id }) => {
    context.signal?.throwIfAborted();
    const read = await checkPack(check, id);
    bytes += read;
    context.onProgress?.({ phase: 'checking packs', bytes, totalBytes });
  });
  return bytes;
}

async function checkPack(check: PackCheck, id: string): Promise<number> {
  const result = await readPack(check, id);
  const number = check.copies.packNumber(id);
  if ('size' in result) {
    judge(check, id, number, result);
    return result.size;
  }
  if (number !== undefined) check.copies.setAbsent(number);
  if ('unreadable' in result) check.report.add(packName(id), `it cannot be read (${result.unreadable})`);
  else if (!(await isMarked(check, id))) check.report.add(packName(id), 'it has vanished, and no mark names it');
  return 0;
}

/** Reads one pack as it lies in the store. */
export async function readPack(
  { repository, pool, deep, context }: Pick<PackCheck, 'repository' | 'pool' | 'deep' | 'context'>,
  id: string,
): Promise<PackJobResult> {
  const name = packName(id);
  const path = repository.store.localPath(name);
  if (path !== undefined) return readable(name, await pool.run({ id, deep, path }));
  try {
    return await pool.run({ id, deep, bytes: await repository.store.get(name, undefined, context.signal) });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return { gone: true };
  }
}

/** Throws where somebody else than the device is in the way. */
function readable(name: string, result: PackJobResult): PackJobResult {
  if (!('unreadable' in result) || DEVICE_ERRORS.has(result.unreadable)) return result;
  const isForbidden = result.unreadable === 'EACCES' || result.unreadable === 'EPERM';
  throw new HoldfastError(isForbidden ? 'permission' : 'store_failed', `Cannot read ${name}: ${result.unreadable}.`, {
    advice: 'Run as the user who owns the repository.',
  });
}

/** Marks may have come since they were read. */
async function isMarked({ repository, state }: PackCheck, id: string): Promise<boolean> {
  return state.marks.packs.has(id) || (await readMarks(withoutMemory(repository))).packs.has(id);
}

function judge(check: PackCheck, id: string, number: number | undefined, scan: PackScan): void {
  const { report, copies } = check;
  const name = packName(id);
  if (scan.problems.length > 0) report.add(name, scan.problems.join(', '));
  if (number === undefined) return;
  if (scan.held === undefined) {
    if (scan.problems.length > 0) copies.setAbsent(number);
    return;
  }
  // A pack that is not what its name says may be another's content: readers that miss a chunk look at the packs themselves.
  const difference = copies.setHeld(number, scan.held, scan.problems.length > 0);
  discard(scan.held.records);
  const isWrong = difference.lacking > 0 || difference.unnamed > 0;
  if (isWrong && scan.problems.length === 0) blameIndex(check, id, difference);
}

/** The pack is what its name promises, so what contradicts it is the run. */
function blameIndex({ state, report, wrongRuns }: PackCheck, id: string, { lacking, unnamed }: Difference): void {
  const run = state.loaded.runs.find(({ packs }) => packs.some((pack) => pack.id === id));
  const object = run === undefined ? packName(id) : `index/${run.id}`;
  wrongRuns.set(packName(id), object);
  const wrong = [
    ...(lacking > 0 ? [`names ${lacking} chunks that are not there`] : []),
    ...(unnamed > 0 ? [`leaves out ${unnamed} chunks`] : []),
  ];
  report.add(object, `of ${packName(id)} it ${wrong.join(' and ')}; \`repair index\` builds it again`);
}
