import type { SnapshotSummary } from '../../backup/types.ts';
import { formatBytes } from '../../shared/sizes.ts';
import { formatAge, formatTime, SHOWN_ID_DIGITS } from '../../view/units.ts';
import { command } from '../../view/value.ts';
import type { Option } from '../../view/view.ts';
import type { CommandContext, Offer } from '../command.ts';

/** What is found at a glance, on a phone too. */
const OFFERED = 10;

/** The newest backups to choose from, of one source or of all; undefined where there is no choice. */
export async function offerSnapshots(
  context: CommandContext,
  { field, source, prompt }: { field: string; source: string | undefined; prompt: string },
): Promise<Offer | undefined> {
  const repository = await context.repository();
  const all = await repository.list(source === undefined ? undefined : { source });
  const whole = all.filter(isOffered);
  if (whole.length < 2) return undefined;
  const hint = ['Another one is named with the command; ', command('list'), ' shows all.'];
  return { field, prompt, options: whole.slice(0, OFFERED).map((one) => optionOf(one, context.now())), hint };
}

/** As `latest` does, an offer leaves out what a restore kept of its target. */
const isOffered = ({ status, trigger }: SnapshotSummary): boolean =>
  (status === 'completed' || status === 'completed_with_warnings') && trigger !== 'pre-restore';

function optionOf({ id, time, size, source, tags, verified }: SnapshotSummary, nowMs: number): Option {
  const label = [id.slice(0, SHOWN_ID_DIGITS), formatAge(time, nowMs), formatBytes(size)].join(' · ');
  const detail = [verifiedWords(verified, nowMs), formatTime(time), source, ...tags].join(' · ');
  return { value: id, label, detail };
}

function verifiedWords(verified: SnapshotSummary['verified'], nowMs: number): string {
  if (verified === null) return 'never verified';
  return verified.damaged > 0 ? 'damaged' : `verified ${formatAge(verified.time, nowMs)}`;
}
