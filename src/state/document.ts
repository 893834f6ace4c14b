import type { StoredMessage, StoredPerson, StoredPlace } from './people.ts';
import { emptyUnattended, type UnattendedState } from './unattended-records.ts';

/**
 * What the bot remembers between two runs, as one plain document. Truth about backups is in the repository: all of this can be lost, and every backup
 * still lists and restores. Times are ISO 8601 in UTC.
 */
export interface StateDocument {
  schema: typeof STATE_SCHEMA;
  /** Who became an owner by a claim code, besides those whom the configuration names. */
  owners: ClaimedOwner[];
  claim: Claim | null;
  buttons: StoredButton[];
  /** Open jobs and the newest of the others, oldest first. */
  jobs: JobRecord[];
  unattended: UnattendedState;
}

export const STATE_SCHEMA = 2;

export const emptyState = (): StateDocument => ({
  schema: STATE_SCHEMA,
  owners: [],
  claim: null,
  buttons: [],
  jobs: [],
  unattended: emptyUnattended(),
});

export interface ClaimedOwner extends StoredPerson {
  since: string;
}

/** The code itself is nowhere: only its SHA-256 in hexadecimal. */
export interface Claim {
  digest: string;
  expires: string;
}

export type StoredInput = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** What a plan says of how much it would change, to tell whether it still is the same. */
export interface PlanWeight {
  deletedFiles: number;
  changedFiles: number;
  /** Bytes that would be written. */
  bytes: number;
}

/** What a press does. */
export type ButtonPurpose =
  /** Runs a command, as an action or another page. */
  | { kind: 'run'; command: string; raw: StoredInput }
  | { kind: 'cancel'; job: string }
  /** Goes on with a command when one of `values` was chosen for a field of it. */
  | { kind: 'choose'; command: string; raw: StoredInput; field: string; values: readonly string[] }
  /** The requester's yes. */
  | { kind: 'confirm'; approval: Approval }
  /** Another owner's yes. */
  | { kind: 'approve'; approval: Approval; requester: StoredPerson }
  /** Takes the question back. */
  | { kind: 'dismiss' };

/** What somebody is asked to agree to. */
export interface Approval {
  command: string;
  /** Resolved, so that it means the same later: a snapshot's ID instead of `latest`. */
  raw: StoredInput;
  /** SHA-256 over snapshot, target, options and policy; not over what the target happens to hold. */
  hash: string;
  weight: PlanWeight;
  /** The source that is written. */
  source: string | undefined;
  /** True where another owner has to agree too. */
  two: boolean;
}

export interface StoredButton {
  /** Opaque and unguessable; what the platform gives back. */
  id: string;
  purpose: ButtonPurpose;
  /** Who may press it. */
  by: { only: StoredPerson } | { ownersBut: StoredPerson } | 'owners';
  channel: string;
  platform: string;
  /** One press uses up all buttons of a group. */
  group: string;
  expires: string;
  /** What has become of it. A used button stays known for a while, so that a double click is told as such. */
  used: string | null;
  /** It is not used up by a press. */
  again?: boolean;
}

export type JobState =
  | 'pending'
  | 'running'
  | 'completed'
  | 'completed_with_warnings'
  | 'failed'
  | 'cancelled'
  | 'interrupted';

export interface JobRecord {
  id: string;
  /** The command that runs in it. */
  kind: string;
  /** The source that it writes. */
  source: string | undefined;
  who: StoredPerson;
  where: StoredPlace;
  /** The message that shows it. */
  message: StoredMessage | undefined;
  state: JobState;
  phase: string;
  /** 0 to 1, where it is known. */
  share: number | undefined;
  started: string;
  ended: string | undefined;
  /** The outcome in a line. */
  result: string | undefined;
  /** Whether the outcome has reached the place that the job came from. */
  told: boolean;
}
