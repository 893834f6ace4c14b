import type { StoredPerson } from './people.ts';

export const AUDIT_OUTCOMES = ['allowed', 'refused', 'completed', 'failed', 'cancelled', 'noted'] as const;

/** One thing that somebody did or tried, or that happened by itself. */
export interface AuditEntry {
  time: string;
  who: StoredPerson;
  /** Channel. */
  where?: string | undefined;
  /** `/restore`, `button`, `job 4f07a1c2: backup of app`, `start` ... */
  what: string;
  /** What was typed or pressed, without what is secret. */
  input?: string | undefined;
  /** What was decided before it, or how it ended. */
  outcome: (typeof AUDIT_OUTCOMES)[number];
  /** Why, or with what result. */
  detail?: string | undefined;
  /** For how many attempts the entry stands, where they were counted; they began at `since`. */
  times?: number;
  since?: string;
}

/** Who does what nobody asked for. */
export const HOLDFAST: StoredPerson = { platform: 'holdfast', id: 'holdfast', name: 'Holdfast' };
