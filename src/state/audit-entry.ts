import type { StoredPerson } from './people.ts';

/** One thing that somebody did or tried. */
export interface AuditEntry {
  time: string;
  who: StoredPerson;
  /** Channel. */
  where?: string | undefined;
  /** `/restore`, `button confirm`, `start` ... */
  what: string;
  outcome: 'allowed' | 'refused' | 'completed' | 'failed' | 'cancelled' | 'noted';
  /** Why, or with what result. */
  detail?: string | undefined;
  /** For how many attempts the entry stands, where they were counted; they began at `since`. */
  times?: number;
  since?: string;
}
