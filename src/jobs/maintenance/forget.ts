import type { Engine } from '../../backup/engine.ts';
import type { OperationContext } from '../../backup/ports.ts';
import type { RunHistory } from '../run-history.ts';
import { applyRules, type RuleParts } from './apply-rules.ts';

export interface ForgetParts extends RuleParts {
  history: Pick<RunHistory, 'letGo'>;
}

/** Forgets what no rule of its source keeps. Sources that are held, or not configured any more, keep everything. Gives the outcome in a line. */
export async function forgetByRules(
  engine: Pick<Engine, 'forget'>,
  parts: ForgetParts,
  context: OperationContext,
): Promise<string> {
  let [forgotten, kept] = [0, 0];
  const held: string[] = [];
  for (const source of Object.keys(parts.unattended.sources)) {
    context.signal?.throwIfAborted();
    const applied = await applyRules(engine, parts, { source, dryRun: false }, context);
    const gone = applied.forgotten.map(({ id }) => id);
    await parts.history.letGo(gone, 'expired');
    if (applied.held) held.push(source);
    forgotten += gone.length;
    kept += applied.kept.length;
  }
  const waits = held.length === 0 ? '' : `; nothing of ${held.join(', ')}, which is held`;
  return `Forgot ${forgotten} snapshots and kept ${kept}${waits}`;
}
