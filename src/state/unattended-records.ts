import type { StoredMessage, StoredPerson } from './people.ts';

/** What is remembered of what runs by itself. Each part has one module that writes it; all of it can be lost. */

export interface UnattendedState {
  /** What was said in a chat about schedules, by `SOURCE/CLASS`. */
  scheduleChanges: Record<string, ScheduleChange>;
  /** Which due times were dealt with, by `SOURCE/CLASS` or `@TASK`; only of what is enabled. */
  scheduleBooks: Record<string, ScheduleBook>;
  /** How the runs of each source ended, oldest first; bounded. */
  runs: RunRecord[];
  /** Troubles that were told and are not over, and those that just ended. */
  incidents: Incident[];
  /** What the message of each source and day tells of its successes. */
  successMessages: SuccessMessage[];
  /** What was noticed and is told together with what comes within moments of it. */
  notices: Notice[];
  /** Messages of the bot: those that have to be delivered, and those that may be edited still. */
  outbox: OutboxMessage[];
  /** The newest good backup of each source, for when the history has forgotten it. */
  lastGood: Record<string, GoodBackup>;
  /** What forget, prune and the others did last, by task. */
  maintenanceDone: Record<string, { at: string; summary: string }>;
  /** The last day that has a digest, in the configuration's zone. */
  digestDay: string | null;
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
  notices: [],
  outbox: [],
  lastGood: {},
  maintenanceDone: {},
  digestDay: null,
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

/** What was dealt with of one schedule. */
export interface ScheduleBook {
  /** The rule by which `upTo` was reckoned. */
  cron: string;
  timeZone: string;
  /** All due times up to this one were run, skipped or told, or are owed. */
  upTo: string;
  /** Due times that wait for one run together, ascending; `told` once they were told as missed. */
  owed: { due: string; told: boolean }[];
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
  affected: Affected[];
  since: string;
  /** Null while it lasts. */
  ended: string | null;
  /** When something is to be told next; null where nothing is. */
  tellAt: string | null;
  /** When it was told last, and how often. */
  toldAt: string | null;
  told: number;
  /** Failures that came after it was told last. */
  again: number;
  /** Nobody wants to hear of it before. */
  snoozedUntil: string | null;
  /** Who knows of it: it is quiet until it changes. */
  acknowledged: string | null;
  last: { name: string; error: RunError; job: string | null };
}

/** A source that a trouble hits, or work that the bot does by itself, such as `prune`. */
export interface Affected {
  what: 'source' | 'task';
  name: string;
  since: string;
  failures: number;
  /** `elsewhere`: it fails for another reason now, which is an incident of its own. */
  state: 'failing' | 'elsewhere' | 'recovered';
  /** Of its last failure. */
  at: string;
  error: RunError;
  job: string | null;
  /** Set where it is also older than it may be. */
  stale: boolean;
}

export interface SuccessMessage {
  source: string;
  /** `2030-12-31`, in the configuration's zone. */
  day: string;
  runs: number;
  withWarnings: number;
  /** Bytes that the runs of the day stored. */
  bytesStored: number;
  last: Pick<RunRecord, 'id' | 'started' | 'snapshot' | 'bytes' | 'files' | 'warnings'> & { ended: string };
}

export interface GoodBackup {
  at: string;
  snapshot: string | null;
  bytes: number;
}

/** Things of one kind that were noticed within moments. */
export interface Notice {
  kind: 'missed' | 'interrupted';
  tellAt: string;
  items: Record<string, unknown>[];
}

/** A message to one channel: posted once, and edited whenever it has something else to say. */
export interface OutboxMessage {
  /** Names the message within its channel: `incident 1f2e/1`, `success app 2030-12-31`. */
  key: string;
  platform: string;
  channel: string;
  /** When it was first asked for: messages of a channel arrive in this order. */
  at: string;
  /** Where it is, once it was delivered. */
  message: StoredMessage | null;
  /** What it has to say, a View, and its buttons; null where it says so already. */
  wanted: { view: unknown; buttons: OutboxButton[]; revision: number } | null;
  revision: number;
  /** How often it had to be posted anew, because it was gone. */
  copy: number;
  /** What the first attempt to post it said: its answer may have been lost on the way. */
  tried: number | null;
  /** Buttons that were made for it, and for which wish. */
  made: { wish: string; buttons: (Pick<OutboxButton, 'label' | 'tone'> & { id: string })[] } | null;
}

/** What a button of a message does: a command with its input. */
export interface OutboxButton {
  label: string;
  tone?: 'plain' | 'good' | 'warning' | 'bad' | 'quiet';
  command: string;
  raw: Record<string, string>;
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
  /** Who pinned it: this hold, which then also unpins it, or somebody before; `wanted` while it could not be pinned. */
  pin: 'ours' | 'theirs' | 'wanted';
  /** An owner has said that the run is wrong indeed. */
  confirmed: boolean;
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
