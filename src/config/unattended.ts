import type { z } from 'zod';
import type { DayWindow } from '../shared/day-window.ts';
import type { WrittenConfig } from './schema.ts';
import {
  type freshness,
  type retention,
  SCHEDULE_CLASSES,
  type ScheduleClass,
  type schedules,
} from './unattended-schema.ts';
import type { SecretReference } from './values.ts';

/** What runs by itself, with every default filled in. Durations are milliseconds, sizes bytes. */
export interface Unattended {
  /** IANA zone of the buckets of retention and of the digest. */
  timeZone: string;
  /** By the source's name. */
  sources: Readonly<Record<string, SourceCare>>;
  jobs: { atOnce: number; retries: number };
  maintenance: Maintenance;
  storage: {
    /** Undefined: no limit. */
    capBytes: number | undefined;
    /** Ascending, in percent. */
    warnAt: readonly number[];
    trusted: boolean;
  };
  /** Cron expression, in `timeZone`; undefined for no digest. */
  digest: string | undefined;
  contacts: readonly string[];
  http: { host: string; port: number } | undefined;
}

export interface SourceCare {
  schedules: Readonly<Partial<Record<ScheduleClass, ScheduleSetting>>>;
  retention: RetentionRules;
  freshness: { freshMs: number; staleMs: number };
  bytesPerSecond: number | undefined;
  timeoutMs: number;
  hooks: { before?: Hook; after?: Hook };
  anomalies: boolean;
  ping: SecretReference | undefined;
}

export type MissedPolicy = 'run_once' | 'skip' | 'alert';

export interface ScheduleSetting {
  cron: string;
  timeZone: string;
  jitterMs: number;
  window: DayWindow | undefined;
  missed: MissedPolicy;
  enabled: boolean;
  /** Where the file says so, such as `sources.app.schedules.daily`; undefined for the default. */
  writtenAt: string | undefined;
}

/** So many periods that have a backup, or so far back from the newest one. */
export type Keep = { count: number } | { forMs: number };

export type Period = 'hourly' | 'daily' | 'weekly' | 'monthly' | 'yearly';

export interface RetentionRules {
  last: number;
  periods: Readonly<Partial<Record<Period, Keep>>>;
  tags: readonly string[];
  /** How long everything that was made for this reason is kept, in milliseconds. */
  triggers: Readonly<Record<string, number>>;
  /** How long everything that a schedule of this class asked for is kept, in milliseconds. */
  classes: Readonly<Partial<Record<ScheduleClass, number>>>;
}

export interface Hook {
  command: readonly string[];
  shell: boolean;
  timeoutMs: number;
  env: Readonly<Record<string, string | SecretReference>>;
}

export interface Maintenance {
  /** Cron expressions in the configuration's zone; undefined where nobody wants it. */
  forget: string | undefined;
  prune: string | undefined;
  verify: string | undefined;
  graceMs: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const GIB = 1024 ** 3;

const DEFAULT_CRONS: Readonly<Record<ScheduleClass, string>> = {
  hourly: '0 * * * *',
  daily: '0 2 * * *',
  weekly: '0 3 * * 0',
  monthly: '0 4 1 * *',
};
const DEFAULT_KEEP: RetentionRules['periods'] = {
  hourly: { count: 24 },
  daily: { count: 7 },
  weekly: { count: 4 },
  monthly: { count: 12 },
};
const DEFAULT_TRIGGERS = { 'pre-migration': 365 * DAY_MS };

type WrittenSchedules = z.output<typeof schedules>;
type WrittenRetention = z.output<typeof retention>;
type WrittenFreshness = z.output<typeof freshness>;
type WrittenSource = WrittenConfig['sources'][string];

/** `isFolder` tells whether the repository lies in a folder: only there may be trusted by default. `reference` makes secrets' paths absolute. */
export function resolveUnattended(
  written: WrittenConfig,
  { isFolder, reference }: { isFolder: boolean; reference: (given: SecretReference) => SecretReference },
): Unattended {
  const { timeZone, jobs, maintenance, storage, digest, contacts, http } = written;
  return {
    timeZone,
    sources: Object.fromEntries(
      Object.entries(written.sources).map(([name, source]) => [name, careOf(name, source, written, reference)]),
    ),
    jobs,
    maintenance: {
      forget: cronOf(maintenance.forget, '0 3 * * *'),
      prune: cronOf(maintenance.prune, '30 3 * * *'),
      verify: cronOf(maintenance.verify, '0 5 * * 0'),
      graceMs: maintenance.grace ?? 72 * HOUR_MS,
    },
    storage: {
      capBytes: storage.cap === false ? undefined : (storage.cap ?? 5 * GIB),
      warnAt: storage.warnAt.toSorted((a, b) => a - b),
      trusted: storage.trusted ?? isFolder,
    },
    digest: cronOf(digest, '0 8 * * *'),
    contacts,
    http,
  };
}

const singleBlanks = (cron: string): string => cron.trim().replace(/\s+/g, ' ');

const cronOf = (given: string | false | undefined, otherwise: string): string | undefined =>
  given === false ? undefined : singleBlanks(given ?? otherwise);

function careOf(
  name: string,
  source: WrittenSource,
  all: WrittenConfig,
  reference: (given: SecretReference) => SecretReference,
): SourceCare {
  const { before, after } = source.hooks ?? {};
  return {
    schedules: schedulesOf(name, source.schedules ?? {}, all),
    retention: rulesOf(source.retention ?? all.retention),
    freshness: ageLimits({ ...all.freshness, ...source.freshness }),
    bytesPerSecond: source.rate,
    timeoutMs: source.timeout ?? 12 * HOUR_MS,
    hooks: {
      ...(before && { before: hookOf(before, reference) }),
      ...(after && { after: hookOf(after, reference) }),
    },
    anomalies: source.anomalies,
    ping: source.ping && reference(source.ping),
  };
}

/** Each class: as the source says, else as all say, else the default. */
function schedulesOf(
  source: string,
  own: WrittenSchedules,
  { schedules, timeZone, missed }: WrittenConfig,
): SourceCare['schedules'] {
  const settings = SCHEDULE_CLASSES.flatMap((name): [ScheduleClass, ScheduleSetting][] => {
    const given = own[name] ?? schedules[name] ?? DEFAULT_CRONS[name];
    if (given === false) return [];
    const said = typeof given === 'string' ? { cron: given, enabled: true } : given;
    const place = own[name] === undefined ? `schedules.${name}` : `sources.${source}.schedules.${name}`;
    const isWritten = own[name] !== undefined || schedules[name] !== undefined;
    return [
      [
        name,
        {
          cron: singleBlanks(said.cron),
          timeZone: said.timeZone ?? timeZone,
          jitterMs: said.jitter ?? 0,
          window: said.window,
          missed: said.missed ?? missed,
          enabled: said.enabled,
          writtenAt: isWritten ? place : undefined,
        },
      ],
    ];
  });
  return Object.fromEntries(settings);
}

function rulesOf(given: WrittenRetention | undefined): RetentionRules {
  if (given === undefined) return { last: 0, periods: DEFAULT_KEEP, tags: [], triggers: DEFAULT_TRIGGERS, classes: {} };
  const { last = 0, tags, triggers, classes = {}, ...periods } = given;
  return {
    last,
    periods: Object.fromEntries(
      Object.entries(periods).flatMap(([name, keep]) => (keep === undefined ? [] : [[name, keep]])),
    ),
    tags,
    triggers: { ...DEFAULT_TRIGGERS, ...triggers },
    classes,
  };
}

const ageLimits = ({ fresh, stale }: WrittenFreshness): SourceCare['freshness'] => ({
  freshMs: fresh ?? 6 * HOUR_MS,
  staleMs: stale ?? DAY_MS,
});

function hookOf(
  { command, shell, timeout, env }: NonNullable<NonNullable<WrittenSource['hooks']>['before']>,
  reference: (given: SecretReference) => SecretReference,
): Hook {
  const variables = Object.entries(env).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : reference(value),
  ]);
  return { command, shell, timeoutMs: timeout ?? 5 * 60_000, env: Object.fromEntries(variables) };
}
