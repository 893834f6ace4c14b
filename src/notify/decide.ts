import type { UnattendedState } from '../state/unattended-records.ts';
import { stack } from '../view/view.ts';
import { storagePicture } from './charts.ts';
import { type Desk, dayIn, GATHER_MS, isoTime } from './desk.ts';
import { storageOf } from './digest.ts';
import type { HappenedEvent } from './event.ts';
import { becameStale, type Failure, failed, STALE, tellDue, worksAgain } from './incidents.ts';
import { forgetOld, restate, say } from './outbox.ts';
import { succeeded } from './successes.ts';
import {
  brokenAuditView,
  emptiedView,
  fallbackView,
  fillingView,
  holdEndedLetter,
  holdLetter,
  interruptedView,
  missedView,
  staleWords,
} from './views/event-view.ts';

type Kind = HappenedEvent['kind'];
type Of<K extends Kind> = Extract<HappenedEvent, { kind: K }>;
type Handlers = { [K in Kind]: (state: UnattendedState, desk: Desk, event: Of<K>) => void };

/** What becomes of each event. */
const HANDLERS: Handlers = {
  run(state, desk, { run }) {
    const { status, source, error, id } = run;
    if (status === 'completed' || status === 'completed_with_warnings') {
      succeeded(state, desk, run);
      worksAgain(state, desk, { what: 'source', name: source });
    } else if (status === 'failed' && error !== null) {
      failed(state, desk, { what: 'source', name: source, error, job: id, severity: 'failure' });
    }
  },
  not_started(state, desk, { source, error }) {
    failed(state, desk, { what: 'source', name: source, error, job: null, severity: 'failure' });
  },
  missed: (state, desk, { kind, ...missed }) => gather(state, desk, kind, missed, missed.source),
  interrupted: (state, desk, { kind, ...job }) => gather(state, desk, kind, job, job.job),
  stale(state, desk, { source, since, limitMs }) {
    const message = staleWords({ since, limitMs });
    const advice = 'See /jobs and /status for why nothing ran, and back it up by hand.';
    becameStale(state, desk, source, { code: STALE, message, advice, phase: 'waiting for a backup' });
  },
  fresh_again: (state, desk, { source }) => worksAgain(state, desk, { what: 'source', name: source }, STALE),
  filling(state, desk, event) {
    const trend = event.what === 'cap' ? storageOf(state, desk) : undefined;
    const severity = event.level >= 95 ? 'failure' : 'warning';
    say(state, desk, severity, `filling ${event.what} ${event.place} ${isoTime(desk.nowMs)}`, {
      view: stack(fillingView(event), trend && storagePicture(trend)),
    });
  },
  emptied(state, desk, event) {
    say(state, desk, 'warning', `emptied ${event.what} ${event.place} ${isoTime(desk.nowMs)}`, {
      view: emptiedView(event),
    });
  },
  hold: (state, desk, event) => say(state, desk, 'failure', `hold ${event.source} ${event.suspect}`, holdLetter(event)),
  hold_answered: (state, _desk, event) =>
    restate(state, (key) => key.startsWith(`hold ${event.source} `), holdEndedLetter(event)),
  maintenance_failed: (state, desk, event) => {
    const { task, error } = event;
    failed(state, desk, { what: 'task', name: taskName(event), error, job: null, severity: severityOf(task, error) });
  },
  task_works: (state, desk, event) => worksAgain(state, desk, { what: 'task', name: taskName(event) }),
  maintenance_done(state, desk, { task, summary }) {
    state.maintenanceDone[task] = { at: isoTime(desk.nowMs), summary };
    worksAgain(state, desk, { what: 'task', name: task });
  },
  // These may be noticed at every start: once a day is enough.
  state_fallback: (state, desk, event) =>
    say(state, desk, 'warning', `notice state ${today(desk)} ${event.reason}`, { view: fallbackView(event) }),
  audit_broken: (state, desk, event) =>
    say(state, desk, 'failure', `notice audit ${today(desk)} ${event.reason}`, { view: brokenAuditView(event) }),
};

/** Notes what happened, and asks for the messages that tell it. */
export function decide(state: UnattendedState, desk: Desk, event: HappenedEvent): void {
  const handle = HANDLERS[event.kind] as (state: UnattendedState, desk: Desk, event: HappenedEvent) => void;
  handle(state, desk, event);
  forgetOld(state, desk.nowMs);
}

/** Asks for what is due by now. */
export function tellWhatIsDue(state: UnattendedState, desk: Desk): void {
  tellDue(state, desk);
  const now = isoTime(desk.nowMs);
  for (const { kind, tellAt, items } of state.notices.filter((notice) => notice.tellAt <= now)) {
    // Each kind was gathered from events of that kind alone.
    const view =
      kind === 'missed'
        ? missedView(items as unknown as Parameters<typeof missedView>[0])
        : interruptedView(items as unknown as Parameters<typeof interruptedView>[0]);
    say(state, desk, 'warning', `notice ${kind} ${tellAt}`, { view });
  }
  state.notices = state.notices.filter((notice) => notice.tellAt > now);
}

/** When something is due next, in milliseconds since 1970. */
export function nextDue({ incidents, notices }: UnattendedState): number {
  const times = [...incidents, ...notices].flatMap(({ tellAt }) => (tellAt === null ? [] : [Date.parse(tellAt)]));
  return Math.min(Number.POSITIVE_INFINITY, ...times);
}

const taskName = ({ task, source }: { task: string; source?: string }): string =>
  source === undefined ? task : `${task} of ${source}`;

/** Damage and a repository that does not shrink any more are failures; what else goes wrong beside backups can wait. */
function severityOf(task: Of<'maintenance_failed'>['task'], { code }: Failure['error']): Failure['severity'] {
  return code === 'damaged' || ['forget', 'prune', 'verify'].includes(task) ? 'failure' : 'warning';
}

function gather(
  state: UnattendedState,
  { nowMs }: Desk,
  kind: 'missed' | 'interrupted',
  item: Record<string, unknown>,
  id: string,
): void {
  const known = state.notices.find((notice) => notice.kind === kind);
  const notice = known ?? { kind, tellAt: isoTime(nowMs + GATHER_MS), items: [] };
  if (known === undefined) state.notices.push(notice);
  const same = notice.items.findIndex((one) => (kind === 'missed' ? one.source : one.job) === id);
  if (same < 0) notice.items.push(item);
  else notice.items[same] = merged(notice.items[same]!, item);
}

/** Two schedules of one source that missed their times. */
function merged(one: Record<string, unknown>, other: Record<string, unknown>): Record<string, unknown> {
  const both = (key: string): string[] => [
    ...new Set([one[key], other[key]].flatMap((list) => (Array.isArray(list) ? (list as string[]) : []))),
  ];
  return 'due' in other ? { ...other, classes: both('classes'), due: both('due').toSorted() } : other;
}

const today = ({ nowMs, config }: Desk): string => dayIn(config.unattended.timeZone, nowMs);
