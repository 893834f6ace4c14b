import type { UnattendedState } from '../state/unattended-records.ts';
import type { StorageTrend } from '../view/charts/storage-chart.ts';
import { storageTrend } from './charts.ts';
import { DAY_MS, type Desk, dayIn, isoTime } from './desk.ts';
import { openIncidents } from './incidents.ts';
import { lastGoodOf } from './last-good.ts';
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
  const { sources } = desk.config;
  return {
    day,
    sources: sources.map(({ name }) => sourceFacts(name, state, desk)),
    incidents: openIncidents(state),
    holds: state.holds.map(({ source, since }) => ({ source, since })),
    storage: storageOf(state, desk),
    freeBytes: state.usage.at(-1)?.freeBytes ?? null,
    maintenance: Object.entries(state.maintenanceDone).map(([task, { at, summary }]) => ({ task, at, summary })),
  };
}

/** How much the repository took; undefined while nothing was measured. */
export function storageOf({ usage }: UnattendedState, { config, forecast, nowMs }: Desk): StorageTrend | undefined {
  const capBytes = config.unattended.storage.capBytes ?? null;
  const samples = usage.map(({ at, repositoryBytes }) => ({ at, value: repositoryBytes }));
  return storageTrend(usage, {
    capBytes,
    daysLeft: capBytes === null ? null : forecast(samples, capBytes, nowMs),
    nowMs,
  });
}

function sourceFacts(name: string, state: UnattendedState, { nowMs, config }: Desk): SourceFacts {
  const good = lastGoodOf(state, name);
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
  };
}
