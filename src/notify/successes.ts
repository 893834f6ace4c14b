import type { RunRecord, SuccessMessage, UnattendedState } from '../state/unattended-records.ts';
import { DAY_MS, type Desk, dayIn } from './desk.ts';
import { say } from './outbox.ts';
import { successView } from './views/success-view.ts';

/** Days that are remembered: a run may end long after midnight. */
const KEPT_DAYS = 3;

/** A backup succeeded: the message of its source and day says so. */
export function succeeded(state: UnattendedState, desk: Desk, run: RunRecord): void {
  const ended = run.ended ?? run.started;
  state.lastGood[run.source] = { at: ended, snapshot: run.snapshot, bytes: run.bytes };
  const day = dayIn(desk.config.unattended.timeZone, Date.parse(ended));
  const message = messageOf(state, run, day);
  message.runs++;
  message.withWarnings += run.status === 'completed_with_warnings' ? 1 : 0;
  message.bytesStored += run.stored;
  const { id, started, snapshot, bytes, files, warnings } = run;
  message.last = { id, started, ended, snapshot, bytes, files, warnings };
  const oldest = dayIn(desk.config.unattended.timeZone, desk.nowMs - KEPT_DAYS * DAY_MS);
  state.successMessages = state.successMessages.filter((one) => one.day >= oldest);
  say(state, desk, 'info', `success ${run.source} ${day}`, { view: successView(message) });
}

function messageOf(
  state: UnattendedState,
  { source, id, started, ended, snapshot, bytes, files, warnings }: RunRecord,
  day: string,
): SuccessMessage {
  const known = state.successMessages.find((one) => one.source === source && one.day === day);
  if (known !== undefined) return known;
  const last = { id, started, ended: ended ?? started, snapshot, bytes, files, warnings };
  const message: SuccessMessage = { source, day, runs: 0, withWarnings: 0, bytesStored: 0, last };
  state.successMessages.push(message);
  return message;
}
