const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Days whose offset is remembered; a year and what people look ahead. */
const REMEMBERED_DAYS = 1000;

/**
 * A date and time as a clock on a wall of the zone shows it, as milliseconds since 1970-01-01T00:00 on that clock: what `Date.UTC` makes of its
 * parts.
 */
export type WallTime = number;

/** The clocks of one IANA time zone, exact to the minute. It is assumed that they are not changed twice within a day. */
export interface Zone {
  readonly name: string;
  toWall(ms: number): WallTime;
  /**
   * When the clocks show this. Two times where they are put back over it, earliest first; none where they are put forward over it, and then
   * `gapEnd` is the moment at which that happens.
   */
  whenShown(wall: WallTime): { times: readonly number[]; gapEnd: number | undefined };
}

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const opened = new Map<string, Zone>();

/** @throws RangeError where there is no such zone */
export function openZone(name: string): Zone {
  const known = opened.get(name);
  if (known !== undefined) return known;
  const zone = new IntlZone(name);
  opened.set(name, zone);
  return zone;
}

/** What the clocks of one UTC day differ from UTC by: `before`, and from `change` on `after`. */
interface DayOffsets {
  before: number;
  after: number;
  change: number;
}

class IntlZone implements Zone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat;
  readonly #days = new Map<number, DayOffsets>();

  constructor(name: string) {
    this.name = name;
    this.#format = new Intl.DateTimeFormat('en-u-ca-iso8601-nu-latn', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    });
  }

  toWall(ms: number): WallTime {
    return ms + this.#offset(ms);
  }

  whenShown(wall: WallTime): ReturnType<Zone['whenShown']> {
    // Whatever the zone, the moment is less than a day from the one at which a clock of UTC shows this.
    const [before, after] = [this.#offset(wall - DAY_MS), this.#offset(wall + DAY_MS)];
    if (before === after) return { times: [wall - before], gapEnd: undefined };
    const [first, last] = [wall - Math.max(before, after), wall - Math.min(before, after)];
    const times = [first, last].filter((guess) => this.toWall(guess) === wall);
    return { times, gapEnd: times.length > 0 ? undefined : this.#changeAfter(first, last) };
  }

  /** In milliseconds, east of Greenwich positive. */
  #offset(ms: number): number {
    const day = Math.floor(ms / DAY_MS);
    const offsets = this.#days.get(day) ?? this.#lookUp(day);
    return ms < offsets.change ? offsets.before : offsets.after;
  }

  #lookUp(day: number): DayOffsets {
    const start = day * DAY_MS;
    const before = this.#ask(start);
    const after = this.#ask(start + DAY_MS);
    const change = before === after ? start : this.#changeAfter(start, start + DAY_MS);
    if (this.#days.size >= REMEMBERED_DAYS) this.#days.clear();
    const offsets = { before, after, change };
    this.#days.set(day, offsets);
    return offsets;
  }

  /** The first minute in (from, to] at which the clocks differ from UTC as they do at `to`. */
  #changeAfter(from: number, to: number): number {
    const after = this.#ask(to);
    let [low, high] = [Math.floor(from / MINUTE_MS), Math.ceil(to / MINUTE_MS)];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.#ask(middle * MINUTE_MS) === after) high = middle;
      else low = middle;
    }
    return high * MINUTE_MS;
  }

  #ask(ms: number): number {
    const parts: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
    for (const { type, value } of this.#format.formatToParts(ms)) parts[type] = Number(value);
    const { year = 0, month = 1, day, hour, minute } = parts;
    return Date.UTC(year, month - 1, day, hour, minute) - Math.floor(ms / MINUTE_MS) * MINUTE_MS;
  }
}
