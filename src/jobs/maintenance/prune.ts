import type { Engine } from '../../backup/engine.ts';
import type { OperationContext } from '../../backup/ports.ts';
import { formatBytes } from '../../shared/sizes.ts';
import type { Holds } from '../holds.ts';

/**
 * Frees what no snapshot needs. Waits while a source is held: what it needs to get its content back must not be lost to a prune. Gives the outcome in a line.
 *
 * @throws HoldfastError `refused` where more than a fifth of the repository would go: somebody should look at that
 */
export async function pruneUnneeded(
  engine: Pick<Engine, 'prune'>,
  { holds, graceMs }: { holds: Pick<Holds, 'all'>; graceMs: number },
  context: OperationContext,
): Promise<string> {
  if (holds.all.length > 0) return `Freed nothing, because ${holds.all.map(({ source }) => source).join(', ')} is held`;
  const { freedBytes, markedBytes } = await engine.prune({ graceMs }, context);
  return `Freed ${formatBytes(freedBytes)}; ${formatBytes(markedBytes)} can be freed later`;
}
