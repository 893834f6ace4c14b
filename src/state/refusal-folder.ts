import type { AuditEntry } from './audit-entry.ts';

/** So many refusals of one person are written one by one; what comes after is counted. */
const SINGLE = 25;
/** And so many of all people together, in an hour: whoever has many names gains nothing. */
const SINGLE_OF_ALL = 500;
const HOUR_MS = 3_600_000;
const FIRST_WAIT_MS = 5000;
const MOST_WORDS = 30;
const MOST_PEOPLE = 1000;

/** Refusals that stand for one line. */
interface Count {
  entry: AuditEntry;
  times: number;
  since: string;
  what: Set<string>;
  dueMs: number;
}

interface Known {
  written: number;
  waitMs: number;
  lastMs: number;
  count: Count | undefined;
}

/**
 * Keeps repeated refusals from filling the disk: the first of a person go through, the others are counted and told together, at ever longer intervals. A person
 * who is quiet for an hour starts anew.
 */
export class RefusalFolder {
  readonly #known = new Map<string, Known>();
  #hourMs = Number.NEGATIVE_INFINITY;
  #inHour = 0;

  /** What to write now for a refusal: itself, or nothing yet. */
  add(key: string, entry: AuditEntry, nowMs: number): AuditEntry[] {
    if (nowMs - this.#hourMs > HOUR_MS) {
      this.#hourMs = nowMs;
      this.#inHour = 0;
    }
    const crowded = this.#inHour >= SINGLE_OF_ALL;
    const known = this.#find(crowded ? 'others' : key, nowMs);
    if (!crowded && known.written < SINGLE) {
      known.written++;
      this.#inHour++;
      return [entry];
    }
    count(known, crowded ? { ...entry, who: { platform: entry.who.platform, id: 'several', name: '' } } : entry, nowMs);
    return [];
  }

  /** Counted refusals that are due; all of them at the end. */
  due(nowMs: number): AuditEntry[] {
    const entries: AuditEntry[] = [];
    for (const known of this.#known.values()) {
      if (known.count === undefined || known.count.dueMs > nowMs) continue;
      entries.push(told(known.count));
      known.count = undefined;
      known.waitMs = Math.min(known.waitMs * 2, HOUR_MS);
    }
    return entries;
  }

  /** When the next counted refusals are due, or undefined. */
  get nextDueMs(): number | undefined {
    const due = [...this.#known.values()].flatMap(({ count: waiting }) =>
      waiting === undefined ? [] : [waiting.dueMs],
    );
    return due.length === 0 ? undefined : Math.min(...due);
  }

  #find(key: string, nowMs: number): Known {
    const known = this.#known.get(key);
    if (known !== undefined && (known.count !== undefined || nowMs - known.lastMs < HOUR_MS)) {
      known.lastMs = nowMs;
      return known;
    }
    const fresh: Known = { written: 0, waitMs: FIRST_WAIT_MS, lastMs: nowMs, count: undefined };
    this.#known.delete(key);
    this.#known.set(key, fresh);
    this.#forgetOldest();
    return fresh;
  }

  #forgetOldest(): void {
    for (const [key, { count: waiting }] of this.#known) {
      if (this.#known.size <= MOST_PEOPLE) return;
      if (waiting === undefined) this.#known.delete(key);
    }
  }
}

function count(known: Known, entry: AuditEntry, nowMs: number): void {
  known.count ??= { entry, times: 0, since: entry.time, what: new Set(), dueMs: nowMs + known.waitMs };
  known.count.times++;
  known.count.entry = entry;
  if (known.count.what.size < MOST_WORDS) known.count.what.add(entry.what);
}

function told({ entry, times, since, what }: Count): AuditEntry {
  return { ...entry, what: [...what].join(', '), times, since };
}
