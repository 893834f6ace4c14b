import type { StoredMessage, StoredPerson } from './people.ts';

/** What is remembered of what runs by itself. Each part has one module that writes it; all of it can be lost. */

export interface UnattendedState {
  /** What was said in a chat about schedules, by `SOURCE/CLASS`. */
  scheduleChanges: Record<string, ScheduleChange>;
  /** Which due times were dealt with, by schedule. */
  scheduleBooks: Record<string, ScheduleBook>;
  /** How the runs of each source ended, oldest first; bounded. */
  runs: RunRecord[];
  /** Troubles that were told and are not over, and those that just ended. */
  incidents: Incident[];
  /** The message of each source and day that tells successes. */
  successMessages: SuccessMessage[];
  /** Thresholds that are crossed, by what is watched. */
  latches: Record<string, Latch>;
  /** Sources whose last good snapshot is held. */
  holds: Hold[];
  /** How full things were, one a day and the newest, oldest first. */
  usage: UsageSample[];
}

export const emptyUnattended = (): UnattendedState => ({
  scheduleChanges: {},
  scheduleBooks: {},
  runs: [],
  incidents: [],
  successMessages: [],
  latches: {},
  holds: [],
  usage: [],
});

/** Overrides what the configuration says, until the configuration says something else. */
export interface ScheduleChange {
  /** Digest of what the configuration said when this was said: where it differs now, the file wins and the change is dropped. */
  over: string;
  /** Null: there is none any more. Durations are milliseconds. */
  setting: {
    cron: string;
    timeZone: string;
    jitterMs: number;
    window: { from: number; to: number } | null;
    missed: 'run_once' | 'skip' | 'alert';
    enabled: boolean;
  } | null;
  by: StoredPerson;
  at: string;
}

export interface ScheduleBook {
  /** All due times up to this one were run, skipped or told. */
  doneUpTo: string;
  /** When a run began last, and how late it was in milliseconds. */
  lastRun: { at: string; lateMs: number } | null;
}

export type RunStatus =
  | 'running'
  | 'completed'
  | 'completed_with_warnings'
  | 'failed'
  | 'cancelled'
  | 'interrupted'
  | 'skipped'
  /** Its snapshot was let go by retention, or deleted by somebody. */
  | 'expired'
  | 'deleted';

/** One backup of a configured source. */
export interface RunRecord {
  /** The job's ID. */
  id: string;
  source: string;
  /** What is stored: `files` ... */
  kind: string;
  trigger: string;
  /** Schedules that the run satisfies. */
  classes: string[];
  who: StoredPerson;
  status: RunStatus;
  started: string;
  ended: string | null;
  snapshot: string | null;
  /** Bytes of the whole snapshot, read, new, and stored for them. */
  bytes: number;
  read: number;
  added: number;
  stored: number;
  files: { new: number; changed: number; unmodified: number; unreadable: number };
  warnings: number;
  error: RunError | null;
}

export interface RunError {
  /** Of `ERROR_EXITS`. */
  code: string;
  message: string;
  advice: string | null;
  /** Where it happened: `before hook`, `opening the repository`, `reading` ... */
  phase: string;
}

/** One trouble: however many sources it hits, it is one. */
export interface Incident {
  id: string;
  /** What makes failures one: code and what is wrong, without what differs from source to source. */
  cause: string;
  severity: 'warning' | 'failure';
  sources: string[];
  since: string;
  /** Null while it lasts. */
  ended: string | null;
  /** When it was told last, and how often. */
  toldAt: string | null;
  told: number;
  /** Nobody wants to hear of it before. */
  snoozedUntil: string | null;
  acknowledged: StoredPerson | null;
  messages: StoredMessage[];
  last: { source: string; error: RunError; job: string } | null;
}

export interface SuccessMessage {
  source: string;
  /** `2030-12-31`, in the configuration's zone. */
  day: string;
  messages: StoredMessage[];
  runs: number;
  bytesStored: number;
}

export interface Latch {
  /** The highest threshold that was told; it is told again only after it was left by enough. */
  level: number;
  at: string;
}

export interface Hold {
  source: string;
  /** The last good one, pinned while the hold lasts. */
  snapshot: string;
  /** The run that looked wrong. */
  suspect: string;
  reasons: string[];
  since: string;
  messages: StoredMessage[];
}

export interface UsageSample {
  at: string;
  repositoryBytes: number;
  freeBytes: number | null;
  totalBytes: number | null;
  /** Bytes stored by runs, by source. */
  sources: Record<string, number>;
}
