import { z } from 'zod';
import { cron, dayWindow, duration, secret, size, text, timeZone } from './values.ts';

/** What runs by itself, as people write it. Every key has a default: without any of them the bot takes care of each source as its fields describe. */

export const SCHEDULE_CLASSES = ['hourly', 'daily', 'weekly', 'monthly'] as const;
export type ScheduleClass = (typeof SCHEDULE_CLASSES)[number];

const missed = z
  .enum(['run_once', 'skip', 'alert'])
  .describe('What becomes of runs that were due while nothing could run: one run for all of them, none, or a message');

const schedule = z.union(
  [
    z.literal(false),
    cron,
    z.strictObject({
      cron,
      timeZone: timeZone.optional().describe('Zone of its fields; that of the configuration unless given'),
      jitter: duration
        .optional()
        .describe('Begins up to so much later, by chance, so that many machines do not begin at once'),
      window: dayWindow.optional().describe('Begins only in this part of the day, such as 22:00-06:00'),
      missed: missed.optional(),
      enabled: z.boolean().default(true).describe('False pauses it'),
    }),
  ],
  { error: 'must be a cron expression, a group with the key cron, or false' },
);

export const schedules = z.strictObject({
  hourly: schedule.optional(),
  daily: schedule.optional(),
  weekly: schedule.optional(),
  monthly: schedule.optional(),
});

/** A number of periods that have a backup, or how far back. */
const keep = z.union(
  [
    z
      .int()
      .min(0)
      .transform((count) => ({ count })),
    duration.transform((forMs) => ({ forMs })),
  ],
  { error: 'must be a number, or how long, such as 24h or 6 months' },
);

const keepsAny = (rule: number | { count: number } | { forMs: number } | undefined): boolean => {
  if (rule === undefined || typeof rule === 'number') return (rule ?? 0) > 0;
  return ('count' in rule ? rule.count : rule.forMs) > 0;
};

export const retention = z
  .strictObject({
    last: z.int().min(0).optional().describe('The newest N'),
    hourly: keep.optional().describe('One an hour: for N hours that have one, or for as long'),
    daily: keep.optional().describe('One a day'),
    weekly: keep.optional().describe('One a week'),
    monthly: keep.optional().describe('One a month'),
    yearly: keep.optional().describe('One a year'),
    tags: z.array(text).default([]).describe('All with one of these tags'),
    triggers: z
      .partialRecord(z.enum(['manual', 'api', 'system', 'pre-migration', 'import', 'copy']), duration)
      .optional()
      .describe('All that were made for this reason, for so long; pre-migration: 1 year unless given'),
    classes: z
      .partialRecord(z.enum(SCHEDULE_CLASSES), duration)
      .optional()
      .describe('All that the schedule of this class asked for, for so long, such as daily: 7d'),
  })
  .refine(
    ({ triggers: _, tags, classes, ...rules }) =>
      tags.length > 0 || [...Object.values(rules), ...Object.values(classes ?? {})].some(keepsAny),
    {
      error: 'keeps nothing; give at least one rule, such as daily: 7',
    },
  );

const hook = z.strictObject({
  command: z.array(text).min(1, 'names no program').describe('Program and arguments; no shell reads them'),
  shell: z.boolean().default(false).describe('True: one command line that a shell reads'),
  timeout: duration.optional().describe('Ended after so long; 5 minutes unless given'),
  env: z
    .record(z.string().regex(/^[A-Za-z_]\w*$/, 'is no name of a variable'), z.union([z.string(), secret]))
    .default({})
    .describe('More variables: text, or secrets by reference'),
});

export const freshness = z.strictObject({
  fresh: duration.optional().describe('Fresh while the newest good backup is younger; 6h unless given'),
  stale: duration.optional().describe('Stale, and alerted, when it is older; 24h unless given'),
});

/** Keys of one source besides what it consists of. */
export const sourceCare = {
  schedules: schedules.optional().describe('When it is backed up, where other than the schedules of all'),
  retention: retention.optional().describe('What is kept of it, in place of the retention of all'),
  freshness: freshness.optional(),
  rate: size.optional().describe('Reads at most so many bytes a second'),
  timeout: duration.optional().describe('A backup that takes longer is ended; 12h unless given'),
  hooks: z
    .strictObject({
      before: hook.optional().describe('Runs first; when it fails, there is no backup'),
      after: hook.optional().describe('Runs last, after failures too; HOLDFAST_STATUS tells how it went'),
    })
    .optional(),
  anomalies: z.boolean().default(true).describe('Hold the last good backup when a run is far from the usual'),
  ping: secret.optional().describe('Address that is fetched after each success, and with /fail after each failure'),
};

export const maintenance = z.strictObject({
  forget: z
    .union([z.literal(false), cron])
    .optional()
    .describe('When what retention lets go is forgotten; 0 3 * * * unless given'),
  prune: z
    .union([z.literal(false), cron])
    .optional()
    .describe('When space is freed; 30 3 * * * unless given'),
  verify: z
    .union([z.literal(false), cron])
    .optional()
    .describe('When a sample of all content is verified; 0 5 * * 0 unless given'),
  grace: duration.optional().describe('How long freed space is kept for slow writers; 72h unless given'),
});

/** Top-level keys. */
export const unattended = {
  timeZone: timeZone.default('UTC').describe('Zone of schedules, of the days of retention and of the digest'),
  schedules: schedules.prefault({}).describe('When every source is backed up, class by class'),
  missed: missed.default('run_once'),
  retention: retention
    .optional()
    .describe('What is kept of every source; hourly 24, daily 7, weekly 4, monthly 12 unless given'),
  freshness: freshness.prefault({}),
  maintenance: maintenance.prefault({}),
  jobs: z
    .strictObject({
      atOnce: z.int().min(1).default(2).describe('How many run at the same time; the rest wait'),
      retries: z.int().min(0).default(3).describe('How often a backup is tried again after what may pass by itself'),
    })
    .prefault({}),
  storage: z
    .strictObject({
      cap: z
        .union([z.literal(false), size], { error: 'must be a size such as 5 GB, or false for no limit' })
        .refine((cap) => cap === false || cap > 0, { error: 'leaves no room for any backup; false is for no limit' })
        .optional()
        .describe('What the repository may take; 5 GB unless given, false for no limit'),
      warnAt: z
        .array(z.number().gt(0).lt(100))
        .default([80, 90, 95])
        .describe('Percent of the cap, and of the disk, at which owners are warned'),
      trusted: z
        .boolean()
        .optional()
        .describe(
          'Whether a runbook with hosts, paths and contacts may lie beside the repository; true for folders unless given',
        ),
    })
    .prefault({}),
  digest: z
    .union([z.literal(false), cron])
    .optional()
    .describe('When the daily digest is posted; 0 8 * * * unless given'),
  contacts: z.array(text).default([]).describe('Whom to tell in an emergency; printed in the runbook'),
  http: z
    .strictObject({
      host: text.default('127.0.0.1'),
      port: z.int().min(0).max(65_535).describe('Where /healthz, /readyz and /metrics answer'),
    })
    .optional(),
};
