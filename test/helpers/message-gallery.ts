import { calendarPicture, runCalendar, runSizes, sizesPicture, storagePicture } from '../../src/notify/charts.ts';
import type { Letter } from '../../src/notify/outbox.ts';
import { digestView } from '../../src/notify/views/digest-view.ts';
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
} from '../../src/notify/views/event-view.ts';
import { incidentLetter, recoveredLetter } from '../../src/notify/views/incident-view.ts';
import { successView } from '../../src/notify/views/success-view.ts';
import { type Affected, emptyUnattended, type Incident } from '../../src/state/unattended-records.ts';
import { stack, type View } from '../../src/view/view.ts';
import { runRecord } from './run-record.ts';
import { GALLERY_NOW_MS, HOSTILE_NAMES } from './view-gallery.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const GIB = 1024 ** 3;
const HELD = 'aabbccddeeff00112233445566778899';

const ago = (ms: number): string => new Date(GALLERY_NOW_MS - ms).toISOString();

const affected = (name: string, more: Partial<Affected> = {}): Affected => ({
  what: 'source',
  name,
  since: ago(3 * HOUR_MS),
  failures: 3,
  state: 'failing',
  at: ago(HOUR_MS),
  error: {
    code: 'storage_full',
    message: 'No space left on the disk of the repository',
    advice: null,
    phase: 'storing',
  },
  job: '4f07a1c2',
  stale: false,
  ...more,
});

const incident = (hit: readonly Affected[], more: Partial<Incident> = {}): Incident => ({
  id: '1f2e',
  cause: 'storage_full',
  severity: 'failure',
  affected: [...hit],
  since: ago(3 * HOUR_MS),
  ended: null,
  tellAt: null,
  toldAt: ago(2 * HOUR_MS),
  told: 1,
  again: 0,
  snoozedUntil: null,
  acknowledged: null,
  last: { name: hit[0]?.name ?? '', error: (hit[0] ?? affected('')).error, job: '4f07a1c2' },
  ...more,
});

const state = {
  ...emptyUnattended(),
  lastGood: {
    app: { at: ago(26 * HOUR_MS), snapshot: HELD, bytes: GIB },
    db: { at: ago(HOUR_MS), snapshot: HELD, bytes: 5 * GIB },
  },
};

const shown = ({ view, buttons = [] }: Letter): View =>
  buttons.length === 0
    ? view
    : stack(view, {
        kind: 'buttons',
        buttons: buttons.map(({ label, tone }, i) => ({ id: `b${i}`, label, ...(tone && { tone }) })),
      });

const trend = {
  samples: [9, 6, 3, 0].map((days) => ({ at: ago(days * DAY_MS), bytes: (4.6 - days / 10) * GIB })),
  capBytes: 5 * GIB,
  daysLeft: 4.2,
  nowMs: GALLERY_NOW_MS,
};
const last = {
  id: '4f07a1c2',
  started: ago(HOUR_MS + 83_000),
  ended: ago(HOUR_MS),
  snapshot: HELD,
  bytes: GIB,
  files: { new: 20, changed: 80, unmodified: 9900, unreadable: 0 },
  warnings: 0,
};
const success = { source: 'app', day: '2026-11-20', runs: 1, withWarnings: 0, bytesStored: 8_000_000, last };
const stale = {
  code: 'stale',
  message: staleWords({ since: ago(DAY_MS), limitMs: DAY_MS }),
  advice: null,
  phase: 'waiting for a backup',
};
const runs = Array.from({ length: 6 }, (_, i) =>
  runRecord(GALLERY_NOW_MS - (6 - i) * DAY_MS, { status: i === 2 ? 'failed' : 'completed', bytes: (i + 1) * GIB }),
);
const filling = {
  kind: 'filling',
  what: 'cap',
  place: '/r',
  level: 90,
  usedBytes: 4.6 * GIB,
  limitBytes: 5 * GIB,
  daysLeft: 4.2,
} as const;

/** Every message that the bot writes by itself. */
export const MESSAGES: Readonly<Record<string, () => View>> = {
  success: () => successView(success),
  'success-again': () => successView({ ...success, runs: 24, withWarnings: 2, last: { ...last, warnings: 3 } }),
  failure: () => shown(incidentLetter(incident([affected('app')]), state)),
  'failure-acknowledged': () =>
    shown(incidentLetter(incident([affected('app')], { told: 3, acknowledged: 'Ann' }), state)),
  'failure-snoozed': () => shown(incidentLetter(incident([affected('app')], { snoozedUntil: ago(-DAY_MS) }), state)),
  'failure-of-many': () =>
    shown(
      incidentLetter(
        incident([
          affected('app', { stale: true }),
          affected('db'),
          affected('mail', { state: 'recovered' }),
          affected('photos', { state: 'elsewhere' }),
          affected('prune', { what: 'task' }),
        ]),
        state,
      ),
    ),
  'failure-of-fifty': () =>
    shown(incidentLetter(incident(Array.from({ length: 50 }, (_, i) => affected(`source-${i}`))), state)),
  'failure-hostile': () =>
    shown(
      incidentLetter(
        incident(
          HOSTILE_NAMES.map((message, i) =>
            affected(`s${i}`, { error: { code: 'failed', message, advice: message, phase: message } }),
          ),
        ),
        state,
      ),
    ),
  'failure-over': () => shown(incidentLetter(incident([affected('app')], { ended: ago(0) }), state)),
  recovered: () =>
    shown(recoveredLetter(incident([affected('app', { state: 'recovered' })], { ended: ago(0) }), state)),
  'recovered-many': () => shown(recoveredLetter(incident([affected('app'), affected('db')], { ended: ago(0) }), state)),
  stale: () => shown(incidentLetter(incident([affected('app', { error: stale })]), state)),
  'maintenance-failed': () => shown(incidentLetter(incident([affected('prune', { what: 'task' })]), state)),
  missed: () =>
    missedView([
      { source: 'app', classes: ['daily'], due: [ago(10 * HOUR_MS)], policy: 'run_once' },
      { source: 'db', classes: ['hourly', 'daily'], due: [9, 8, 7, 6, 5].map((n) => ago(n * HOUR_MS)), policy: 'skip' },
    ]),
  interrupted: () => interruptedView([{ job: '4f07a1c2', what: 'backup of app' }]),
  'filling-cap': () => stack(fillingView(filling), storagePicture(trend)),
  'filling-disk': () =>
    fillingView({ ...filling, what: 'disk', place: '/srv/backups', usedBytes: 4.9 * GIB, daysLeft: null }),
  emptied: () => emptiedView({ kind: 'emptied', what: 'cap', place: '/r', usedBytes: 3 * GIB, limitBytes: 5 * GIB }),
  hold: () =>
    shown(
      holdLetter({
        kind: 'hold',
        source: 'app',
        suspect: '4f07a1c2',
        kept: HELD,
        reasons: ['61 % of the files changed; usual are 1 % to 3 %', 'What changed no longer compresses'],
      }),
    ),
  'hold-right': () =>
    shown(holdEndedLetter({ kind: 'hold_answered', source: 'app', verdict: 'looks right', by: 'Ann' })),
  'hold-kept': () =>
    shown(holdEndedLetter({ kind: 'hold_answered', source: 'app', verdict: 'keep holding', by: 'Ann' })),
  'state-fallback': () => fallbackView({ kind: 'state_fallback', reason: 'state.json is no JSON' }),
  'audit-broken': () => brokenAuditView({ kind: 'audit_broken', reason: 'line 12 does not follow line 11' }),
  digest: () =>
    digestView({
      day: '2026-11-20',
      sources: [
        { name: 'app', lastGood: ago(26 * HOUR_MS), bytes: GIB, silent: true, completed: 0, failed: 3 },
        {
          name: 'db',
          lastGood: ago(HOUR_MS),
          bytes: 5 * GIB,
          silent: false,
          completed: 24,
          failed: 0,
        },
        { name: 'new', lastGood: null, bytes: null, silent: true, completed: 0, failed: 0 },
      ],
      incidents: [incident([affected('app')], { acknowledged: 'Ann' })],
      holds: [{ source: 'db', since: ago(5 * HOUR_MS) }],
      storage: trend,
      freeBytes: 80 * GIB,
      maintenance: [
        { task: 'prune', at: ago(8 * HOUR_MS), summary: '' },
        { task: 'verify', at: ago(50 * HOUR_MS), summary: '' },
      ],
    }),
  'digest-quiet': () =>
    digestView({
      day: '2026-11-20',
      sources: [{ name: 'db', lastGood: ago(HOUR_MS), bytes: 5 * GIB, silent: false, completed: 24, failed: 0 }],
      incidents: [],
      holds: [],
      storage: undefined,
      freeBytes: null,
      maintenance: [],
    }),
  'chart-storage': () => storagePicture(trend),
  'chart-calendar': () => calendarPicture(runCalendar(runs, ['app', 'db'], { nowMs: GALLERY_NOW_MS, timeZone: 'UTC' })),
  'chart-sizes': () => sizesPicture(runSizes(runs, 'app')!),
};
