import type { Affected, Incident, RunError, UnattendedState } from '../state/unattended-records.ts';
import { causeOf } from './cause.ts';
import { DAY_MS, type Desk, GATHER_MS, HOUR_MS, isoTime, MINUTE_MS } from './desk.ts';
import { restate, say, withdraw } from './outbox.ts';
import { incidentLetter, recoveredLetter } from './views/incident-view.ts';

/** What lasts is told again after so long, if it went on failing; the last for ever after. */
const AGAIN_MS = [HOUR_MS, 6 * HOUR_MS, DAY_MS] as const;
/** Who joins a trouble within so long is added to its message; who comes later is news. */
const JOINING_MS = 30 * MINUTE_MS;
/** Troubles of what nobody says that it works again are over when they have not been noticed for so long. */
const FORGOTTEN_MS = 2 * DAY_MS;
const ENDED_KEPT_MS = 7 * DAY_MS;
const MOST_ENDED = 50;
/** Work that nobody may do any more, so that it never is said to work again: a source can lose its ping or hook. */
const MAY_END = /^(ping|hook)( of |$)|^digest$/;

/** The cause of all sources that are older than they may be. */
export const STALE = 'stale';

export interface Failure extends Pick<Affected, 'what' | 'name' | 'error' | 'job'> {
  severity: Incident['severity'];
  /** What makes failures one, where it is not what the error says. */
  cause?: string;
}

export const openIncidents = (state: UnattendedState): Incident[] =>
  state.incidents.filter(({ ended }) => ended === null);

/** Something failed: a new trouble, one more that is hit by a known one, or a known one once more. */
export function failed(state: UnattendedState, desk: Desk, failure: Failure): void {
  const cause = failure.cause ?? causeOf(failure.error, desk.config.sources);
  const before = leaveOthers(state, desk, failure, cause);
  const known = openIncidents(state).find((one) => one.cause === cause);
  const incident = known ?? open(state, desk, cause, failure);
  const found = incident.affected.find((one) => isSame(one, failure));
  const entry = found ?? newEntry(desk, failure);
  const joins = found === undefined || found.state === 'recovered';
  if (found === undefined) incident.affected.push(entry);
  Object.assign(entry, {
    state: 'failing',
    failures: entry.failures + 1,
    at: isoTime(desk.nowMs),
    error: failure.error,
    job: failure.job ?? entry.job,
    since: [entry.since, ...before.map(({ since }) => since)].toSorted()[0],
    stale: entry.stale || before.some(({ stale, error }) => stale || error.code === STALE),
  });
  if (entry.since < incident.since) incident.since = entry.since;
  const isWorse = failure.severity === 'failure' && incident.severity === 'warning';
  if (isWorse) incident.severity = 'failure';
  incident.last = { name: failure.name, error: failure.error, job: failure.job };
  incident.again++;
  planNext(incident, desk.nowMs, joins, isWorse);
  refresh(state, incident);
}

/** A source is older than it may be. Where it fails for a known reason, that is the reason. */
export function becameStale(state: UnattendedState, desk: Desk, source: string, error: RunError): void {
  const failing = openIncidents(state).filter(({ cause }) => cause !== STALE);
  const incident = failing.find(({ affected }) =>
    affected.some((one) => one.what === 'source' && one.name === source && one.state === 'failing'),
  );
  if (incident === undefined) {
    failed(state, desk, { what: 'source', name: source, error, job: null, severity: 'failure', cause: STALE });
    return;
  }
  for (const one of incident.affected) if (one.what === 'source' && one.name === source) one.stale = true;
  refresh(state, incident);
}

/** What failed works again. `only` limits this to the trouble of that cause. */
export function worksAgain(
  state: UnattendedState,
  desk: Desk,
  who: Pick<Affected, 'what' | 'name'>,
  only?: string,
): void {
  for (const incident of openIncidents(state)) {
    const entry = incident.affected.find((one) => isSame(one, who));
    if (entry === undefined || entry.state === 'recovered' || (only !== undefined && incident.cause !== only)) continue;
    // What failed for another reason last is told of there.
    if (entry.state === 'elsewhere') incident.affected = incident.affected.filter((one) => one !== entry);
    else entry.state = 'recovered';
    settle(state, desk, incident);
  }
}

/** Tells what is due. */
export function tellDue(state: UnattendedState, desk: Desk): void {
  const now = isoTime(desk.nowMs);
  for (const incident of state.incidents) {
    if (incident.tellAt === null || incident.tellAt > now) continue;
    if (incident.snoozedUntil !== null && incident.snoozedUntil > now) incident.tellAt = incident.snoozedUntil;
    else if (incident.ended === null) tell(state, desk, incident);
    else tellRecovery(state, desk, incident);
  }
  endForgotten(state, desk);
}

/** Known: quiet until it changes or recovers. */
export function acknowledge(state: UnattendedState, incident: Incident, by: string): void {
  incident.acknowledged = by;
  incident.tellAt = incident.told === 0 ? incident.tellAt : null;
  refresh(state, incident);
}

/** Quiet until then, whatever happens. */
export function snooze(state: UnattendedState, incident: Incident, untilMs: number): void {
  incident.snoozedUntil = isoTime(untilMs);
  refresh(state, incident);
}

const isSame = (one: Pick<Affected, 'what' | 'name'>, other: Pick<Affected, 'what' | 'name'>): boolean =>
  one.what === other.what && one.name === other.name;

/** A source fails for one reason at a time; gives what it failed for before. */
function leaveOthers(state: UnattendedState, desk: Desk, failure: Failure, cause: string): Affected[] {
  const left: Affected[] = [];
  for (const incident of openIncidents(state)) {
    const entry = incident.affected.find((one) => isSame(one, failure) && one.state === 'failing');
    if (incident.cause === cause || entry === undefined) continue;
    entry.state = 'elsewhere';
    left.push(entry);
    settle(state, desk, incident);
  }
  return left;
}

function open(state: UnattendedState, desk: Desk, cause: string, { severity, name, error, job }: Failure): Incident {
  const incident: Incident = {
    id: desk.newId(),
    cause,
    severity,
    affected: [],
    since: isoTime(desk.nowMs),
    ended: null,
    tellAt: isoTime(desk.nowMs + GATHER_MS),
    toldAt: null,
    told: 0,
    again: 0,
    snoozedUntil: null,
    acknowledged: null,
    last: { name, error, job },
  };
  state.incidents.push(incident);
  return incident;
}

const newEntry = ({ nowMs }: Desk, { what, name, error, job }: Failure): Affected => ({
  what,
  name,
  since: isoTime(nowMs),
  failures: 0,
  state: 'failing',
  at: isoTime(nowMs),
  error,
  job,
  stale: false,
});

/** When a trouble that was told is told again. */
function planNext(incident: Incident, nowMs: number, joins: boolean, isWorse: boolean): void {
  if (incident.toldAt === null) return;
  const toldMs = Date.parse(incident.toldAt);
  const isNews = isWorse || (joins && nowMs - toldMs > JOINING_MS);
  if (isNews) incident.acknowledged = null;
  if (incident.acknowledged !== null) return;
  const backoffMs = AGAIN_MS[Math.min(incident.told, AGAIN_MS.length) - 1] ?? DAY_MS;
  const dueMs = isWorse
    ? nowMs
    : isNews
      ? Math.max(nowMs + GATHER_MS, toldMs + HOUR_MS)
      : Math.max(nowMs, toldMs + backoffMs);
  const due = isoTime(dueMs);
  if (incident.tellAt === null || due < incident.tellAt) incident.tellAt = due;
}

/** Ends a trouble that hits nobody any more. */
function settle(state: UnattendedState, desk: Desk, incident: Incident): void {
  const isOver =
    incident.affected.every((one) => one.state !== 'failing') &&
    (incident.affected.length === 0 || incident.affected.some((one) => one.state === 'recovered'));
  if (isOver) end(incident, desk, incident.affected.length > 0);
  refresh(state, incident);
}

function end(incident: Incident, { nowMs }: Desk, isTold: boolean): void {
  incident.ended = isoTime(nowMs);
  incident.affected = incident.affected.filter((one) => one.state !== 'elsewhere');
  // What was over before anybody heard of it is no news.
  incident.tellAt = isTold && incident.told > 0 ? isoTime(nowMs) : null;
}

function tell(state: UnattendedState, desk: Desk, incident: Incident): void {
  const before = incident.told;
  Object.assign(incident, {
    told: before + 1,
    toldAt: isoTime(desk.nowMs),
    again: 0,
    tellAt: null,
    snoozedUntil: null,
  });
  withdraw(state, (key) => key.startsWith(`incident ${incident.id}/`));
  // Only the newest message has buttons.
  restate(state, (key) => key === keyOf(incident, before), { view: incidentLetter(incident, state).view });
  say(state, desk, incident.severity, keyOf(incident, incident.told), incidentLetter(incident, state));
}

function tellRecovery(state: UnattendedState, desk: Desk, incident: Incident): void {
  incident.tellAt = null;
  withdraw(state, (key) => key.startsWith(`incident ${incident.id}/`));
  say(state, desk, incident.severity, `incident ${incident.id}/over`, recoveredLetter(incident, state));
}

/** Makes the newest message of a trouble say how it stands. */
function refresh(state: UnattendedState, incident: Incident): void {
  restate(state, (key) => key === keyOf(incident, incident.told), incidentLetter(incident, state));
}

const keyOf = ({ id }: Incident, telling: number): string => `incident ${id}/${telling}`;

function endForgotten(state: UnattendedState, desk: Desk): void {
  const before = isoTime(desk.nowMs - FORGOTTEN_MS);
  for (const incident of openIncidents(state)) {
    const isForgotten = incident.affected.every(
      (one) => MAY_END.test(one.name) && one.what === 'task' && one.at < before,
    );
    if (!isForgotten) continue;
    end(incident, desk, false);
    refresh(state, incident);
  }
  const ended = state.incidents.filter((one) => one.ended !== null);
  const old = ended.filter(
    (one, i) =>
      one.tellAt === null && (one.ended! < isoTime(desk.nowMs - ENDED_KEPT_MS) || i < ended.length - MOST_ENDED),
  );
  if (old.length > 0) state.incidents = state.incidents.filter((one) => !old.includes(one));
}
