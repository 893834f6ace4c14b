import type { RunError, RunRecord } from '../state/unattended-records.ts';

/** Everything that happens by itself and that somebody may want to hear of. Whoever notices it says so once; who is told what, and when, is decided behind `Notifier`. */
export type HappenedEvent =
  /** A backup ended, well or not. */
  | { kind: 'run'; run: RunRecord }
  /** A backup was due, or asked for, and could not begin: no `run` tells of it. */
  | { kind: 'not_started'; source: string; classes: readonly string[]; due: string; error: RunError }
  /** Backups were due while nothing could run. `policy` says what is done about it. */
  | {
      kind: 'missed';
      source: string;
      classes: readonly string[];
      due: readonly string[];
      policy: 'run_once' | 'skip' | 'alert';
    }
  /** A source is older than it may be; `since` is its newest good backup, null where there is none. */
  | { kind: 'stale'; source: string; since: string | null; limitMs: number }
  | { kind: 'fresh_again'; source: string }
  /** Something fills up and crossed a threshold (percent) upward, or fell below it again. */
  | {
      kind: 'filling';
      what: 'cap' | 'disk';
      /** The repository's location, or a folder on the disk. */
      place: string;
      level: number;
      usedBytes: number;
      limitBytes: number;
      daysLeft: number | null;
    }
  | { kind: 'emptied'; what: 'cap' | 'disk'; place: string; usedBytes: number; limitBytes: number }
  /** A run was far from the usual, and the last good snapshot is held until an owner has looked. */
  | { kind: 'hold'; source: string; suspect: string; kept: string; reasons: readonly string[] }
  | { kind: 'hold_answered'; source: string; verdict: 'looks right' | 'keep holding'; by: string }
  /** Forget, prune, verify or what else runs by itself failed, or found damage. */
  | {
      kind: 'maintenance_failed';
      task: 'forget' | 'prune' | 'verify' | 'runbook' | 'digest' | 'ping' | 'hook';
      /** Whose it is, of what each source has for itself. */
      source?: string;
      error: RunError;
    }
  | { kind: 'maintenance_done'; task: 'forget' | 'prune' | 'verify'; summary: string }
  /** The same of what is no news as long as it works. Told as often as it works. */
  | { kind: 'task_works'; task: 'runbook' | 'digest' | 'ping' | 'hook'; source?: string }
  /** The state was lost or had to be taken from an earlier version. */
  | { kind: 'state_fallback'; reason: string }
  /** The audit log does not fit what the repository says of it. */
  | { kind: 'audit_broken'; reason: string }
  /** A job that an earlier process left open, and that nobody in a chat is told about. */
  | { kind: 'interrupted'; job: string; what: string };

/** Hears what happens. Never rejects and never waits for a chat: what cannot be delivered is kept. */
export interface EventSink {
  happened(event: HappenedEvent): void;
}
