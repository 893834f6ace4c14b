/**
 * When a cron expression is due, found by reading the zone's clocks minute by minute: slow, and written from the rules alone. It shares no code with what
 * it is compared to.
 */

const MINUTE_MS = 60_000;
const TAPE_MINUTES = 4 * 24 * 60;

/** What the clocks of a zone showed, and when. `2030-03-31 02:30`. */
interface Tape {
  readings: readonly { ms: number; shown: string }[];
  /** For each time that an untouched clock would show: the first moment at which the clocks do, or at which they have passed it. */
  firsts: readonly { ms: number; shown: string }[];
}

const tapes = new Map<string, Tape>();

/** Four days before and after `aroundMs`. */
function tapeOf(zone: string, aroundMs: number): Tape {
  const key = `${zone} ${aroundMs}`;
  const tape = tapes.get(key) ?? record(zone, aroundMs);
  tapes.set(key, tape);
  return tape;
}

function record(zone: string, aroundMs: number): Tape {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
  const readings = Array.from({ length: 2 * TAPE_MINUTES }, (_, minute) => {
    const ms = aroundMs + (minute - TAPE_MINUTES) * MINUTE_MS;
    return { ms, shown: format.format(ms) };
  });
  let latest = readings[0]?.shown ?? '';
  const firsts = readings.flatMap(({ ms, shown }) => {
    const passed = minutesBetween(latest, shown);
    if (shown > latest) latest = shown;
    return passed.map((minute) => ({ ms, shown: minute }));
  });
  return { readings, firsts };
}

/** What a clock shows after `from` and up to `to` when nobody touches it. */
function minutesBetween(from: string, to: string): string[] {
  const minutes: string[] = [];
  for (let ms = asUtc(from) + MINUTE_MS; ms <= asUtc(to); ms += MINUTE_MS) {
    minutes.push(new Date(ms).toISOString().slice(0, 16).replace('T', ' '));
  }
  return minutes;
}

const asUtc = (shown: string): number => Date.parse(`${shown.replace(' ', 'T')}Z`);

/** `aroundMs` is within three days of both ends. */
export function cronModel(text: string, zone: string, fromMs: number, toMs: number, aroundMs: number): number[] {
  const { readings, firsts } = tapeOf(zone, aroundMs);
  const [minutes = '', hours = '', days = '', months = '', weekdays = ''] = text.split(' ');
  const allowed = {
    minutes: allows(minutes, 0, 59),
    hours: allows(hours, 0, 23),
    days: allows(days, 1, 31),
    months: allows(months, 1, 12),
    weekdays: allows(weekdays, 0, weekdays.includes('*') ? 6 : 7),
  };
  const everyHour = range(0, 23).every((hour) => allowed.hours.has(hour));
  const anyDay = range(1, 31).every((day) => allowed.days.has(day));
  const weekdayAllowed = (day: number): boolean => allowed.weekdays.has(day) || (day === 0 && allowed.weekdays.has(7));
  const anyWeekday = range(0, 6).every(weekdayAllowed);
  const isDue = (shown: string): boolean => {
    if (!allowed.minutes.has(Number(shown.slice(14))) || !allowed.hours.has(Number(shown.slice(11, 13)))) return false;
    const date = new Date(asUtc(shown));
    const isLast = new Date(date.getTime() + 1440 * MINUTE_MS).getUTCDate() === 1;
    const byDay = allowed.days.has(date.getUTCDate()) || (days.split(',').includes('L') && isLast);
    const byWeekday = weekdayAllowed(date.getUTCDay());
    const day = anyDay ? byWeekday : anyWeekday ? byDay : byDay || byWeekday;
    return day && allowed.months.has(date.getUTCMonth() + 1);
  };
  const found = (everyHour ? readings : firsts)
    .filter(({ ms, shown }) => ms > fromMs && ms <= toMs && isDue(shown))
    .map(({ ms }) => ms);
  return [...new Set(found)];
}

const range = (low: number, high: number): number[] => Array.from({ length: high - low + 1 }, (_, i) => low + i);

function allows(field: string, low: number, high: number): Set<number> {
  const numbers = range(low, high).filter((number) =>
    field.split(',').some((part) => {
      const [span = '', step = '1'] = part.split('/');
      const [from = '', to = from] = span === '*' ? [String(low), String(high)] : span.split('-');
      if (!/^\d+$/.test(from)) return false;
      return number >= Number(from) && number <= Number(to) && (number - Number(from)) % Number(step) === 0;
    }),
  );
  return new Set(numbers);
}
