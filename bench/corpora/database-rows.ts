import { Random } from './random.ts';
import { incompressible, sentence, word } from './text.ts';

/** How many rows of each table a database of this scale has. */
export interface RowCounts {
  readonly customers: number;
  readonly orders: number;
  readonly events: number;
  readonly documents: number;
}

/** A value that SQLite takes. */
export type Cell = string | number | Buffer;

const states = ['new', 'paid', 'packed', 'shipped', 'shipped', 'shipped', 'returned'];
const kinds = ['viewed', 'viewed', 'viewed', 'added', 'removed', 'paid', 'mailed', 'reviewed'];
const countries = ['DE', 'FR', 'NL', 'PL', 'ES', 'IT', 'SE', 'AT', 'CH', 'US', 'BR', 'JP'];

const ordersAtFull = 2_030_000;
const eventsAtFull = 2_600_000;

/** The rows at scale 1: a database of about 1.49 GB and a dump of its orders of about 0.5 GB. */
export function rowCounts(scale: number): RowCounts {
  const scaled = (count: number) => Math.max(20, Math.round(count * scale));
  return {
    customers: scaled(150_000),
    orders: scaled(ordersAtFull),
    events: scaled(eventsAtFull),
    documents: scaled(36_500),
  };
}

/** id, email, name, city, country, created_at. */
export function customerRow(id: number): Cell[] {
  const random = new Random('customer', id);
  const name = `${word(random)} ${word(random)}`;
  const email = `${name.replace(' ', '.')}${id}@${word(random)}.example`;
  return [id, email, name, word(random), random.pick(countries), timeOf(id, random)];
}

/**
 * id, customer_id, number, status, placed_at, total_cents, note, items. Edition 0 is the row as inserted;
 * in edition 1 the status, the total, the note and the items are edited.
 */
export function orderRow(id: number, edition: number, customers: number): Cell[] {
  const fixed = new Random('order', id);
  const number = `${fixed.hex8()}-${fixed.hex8()}`;
  const customer = fixed.between(1, customers);
  const placedAt = timeOf(id, fixed);
  const random = new Random('order', id, edition);
  const items = Array.from({ length: random.between(1, 3) }, () => orderItem(random));
  const note = random.oneIn(3) ? '' : sentence(random, random.between(4, 24));
  const total = random.below(900) * 100 + 99;
  return [id, customer, number, random.pick(states), placedAt, total, note, `[${items.join(',')}]`];
}

/** id, order_id, kind, at, session, payload. */
export function eventRow(id: number, orders: number): Cell[] {
  const random = new Random('event', id);
  const variant = random.oneIn(2) ? 'control' : 'treatment';
  const page = `/${word(random)}/${word(random)}`;
  const payload = `{"page":"${page}","referrer":"https://www.search.example/","agent":"Mozilla/5.0 (X11; Linux x86_64) rv:${random.below(40)}.0","position":${random.below(400)},"variant":"${variant}"}`;
  const order = Math.max(1, Math.ceil((id / eventsAtFull) * ordersAtFull) - random.below(200));
  return [id, Math.min(order, orders), random.pick(kinds), timeOf(id, random), random.hex8() + random.hex8(), payload];
}

/** id, name, media_type, content (2 to 18 KiB that do not compress). */
export function documentRow(id: number, edition: number): Cell[] {
  const random = new Random('document', id, edition);
  const content = incompressible(random.between(2_048, 18_432), 'document', id, edition);
  return [id, `${word(random)}-${id}.jpg`, 'image/jpeg', content];
}

function orderItem(random: Random): string {
  const sku = `${word(random)}-${random.below(4000)}`;
  return `{"sku":"${sku}","quantity":${random.between(1, 5)},"cents":${random.below(30_000)}}`;
}

/** Seconds that rise with the row number, as in any table that grows. */
function timeOf(id: number, random: Random): number {
  return 1_600_000_000 + id * 40 + random.below(40);
}
