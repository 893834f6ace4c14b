export const PLATFORMS = ['discord', 'slack'] as const;
export type PlatformName = (typeof PLATFORMS)[number];

/** What a person does. `completion` types half a value and waits for what is suggested. */
export const DEEDS = ['list', 'status', 'completion', 'help', 'backup'] as const;
export type Deed = (typeof DEEDS)[number];

/** When it is done: right after the start, with nothing else to do, during a backup, right after it, or all at once. */
export const PHASES = ['first', 'idle', 'backup', 'after', 'burst'] as const;
export type Phase = (typeof PHASES)[number];

/** One event, as the server of the platform sees it. Times are from its sending. */
export interface Sample {
  readonly round: number;
  readonly phase: Phase;
  readonly platform: PlatformName;
  readonly deed: Deed;
  /** When it was sent, in milliseconds since 1970, to set against what else the machine did. */
  readonly sentAt: number;
  /** Until the acknowledgement arrived; for a completion, until the suggestions did. Undefined where none came. */
  acknowledgedMs: number | undefined;
  /** Until the message said something final. Undefined where it never did. */
  finalMs: number | undefined;
  /** A completion that suggested nothing. */
  empty: boolean;
}
