import type { UnattendedState } from '../state/unattended-records.ts';
import { DAY_MS, type Desk, dayIn, isoTime } from './desk.ts';
import { openIncidents } from './incidents.ts';
import { say, withdraw } from './outbox.ts';
import { type DigestFacts, digestView, type SourceFacts } from './views/digest-view.ts';

/** The digest of today. One that nobody could be shown gives way to the next. */
export function sayDigest(state: UnattendedState, desk: Desk): void {
  const day = dayIn(desk.config.unattended.timeZone, desk.nowMs);
  if (state.digestDay === day) return;
  state.digestDay = day;
  withdraw(state, (key) => key.startsWith('digest '));
  say(state, desk, 'info', `digest ${day}`, { view: digestView(digestFacts(state, desk, day)) });
}

function digestFacts(state: UnattendedState, desk: Desk, day: string): DigestFacts {
  const { sources, unattended } = desk.config;
  const newest = state.usage.at(-1);
  return {
    day,
    sources: sources.map(({ name }) => sourceFacts(name, state, desk)),
    incidents: openIncidents(state),
    holds: state.holds.map(({ source, since }) => ({ source, since })),
    storage: newest && {
      usedBytes: newest.repositoryBytes,
      capBytes: unattended.storage.capBytes ?? null,
      freeBytes: newest.freeBytes,
    },
    maintenance: Object.entries(state.maintenanceDone).map(([task, { at, summary }]) => ({ task, at, summary })),
  };
}

function sourceFacts(name: string, state: UnattendedState, { nowMs, config }: Desk): SourceFacts {
  const good = state.lastGood[name];
  const staleMs = config.unattended.sources[name]?.freshness.staleMs ?? DAY_MS;
  const since = isoTime(nowMs - DAY_MS);
  const runs = state.runs.filter(({ source, ended }) => source === name && ended !== null && ended > since);
  return {
    name,
    lastGood: good?.at ?? null,
    bytes: good?.bytes ?? null,
    silent: good === undefined || nowMs - Date.parse(good.at) > staleMs,
    completed: runs.filter(({ status }) => status.startsWith('completed') || status === 'expired').length,
    failed: runs.filter(({ status }) => status === 'failed' || status === 'interrupted').length,
    stored: runs.reduce((sum, { stored }) => sum + stored, 0),
  };
}
