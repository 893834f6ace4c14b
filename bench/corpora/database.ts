import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { type Cell, customerRow, documentRow, eventRow, orderRow, type RowCounts, rowCounts } from './database-rows.ts';
import { Random } from './random.ts';

/** The rows that differ between the base and the edited database. */
export interface Edits {
  readonly orders: ReadonlySet<number>;
  readonly documents: ReadonlySet<number>;
  readonly deletedOrders: ReadonlySet<number>;
  readonly newOrders: number;
  readonly newEvents: number;
}

const schema = `
  CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT, name TEXT, city TEXT, country TEXT, created_at INTEGER);
  CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER, number TEXT, status TEXT, placed_at INTEGER,
    total_cents INTEGER, note TEXT, items TEXT);
  CREATE TABLE events (id INTEGER PRIMARY KEY, order_id INTEGER, kind TEXT, at INTEGER, session TEXT, payload TEXT);
  CREATE TABLE documents (id INTEGER PRIMARY KEY, name TEXT, media_type TEXT, content BLOB);`;
const indexes = `
  CREATE UNIQUE INDEX customers_email ON customers (email);
  CREATE INDEX orders_customer ON orders (customer_id);
  CREATE INDEX orders_placed ON orders (placed_at);
  CREATE INDEX events_order ON events (order_id);
  CREATE INDEX events_at ON events (at);`;
// Safety of the file while it is made does not matter: a half-made corpus is made again.
const fast =
  'PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; PRAGMA temp_store = MEMORY;';
const bufferBytes = 4 << 20;

/** Makes the SQLite file: tables with rows in the order of their keys, then the indexes. */
export function writeDatabase(path: string, scale: number): void {
  const counts = rowCounts(scale);
  rmSync(path, { force: true });
  const database = new DatabaseSync(path);
  try {
    database.exec(`${fast}${schema}BEGIN;`);
    fill(database, 'INSERT INTO customers VALUES (?,?,?,?,?,?)', 1, counts.customers, customerRow);
    fill(database, insertOrder, 1, counts.orders, (id) => orderRow(id, 0, counts.customers));
    fill(database, insertEvent, 1, counts.events, (id) => eventRow(id, counts.orders));
    fill(database, 'INSERT INTO documents VALUES (?,?,?,?)', 1, counts.documents, (id) => documentRow(id, 0));
    database.exec(`${indexes}COMMIT;`);
  } finally {
    database.close();
  }
}

const insertOrder = 'INSERT INTO orders VALUES (?,?,?,?,?,?,?,?)';
const insertEvent = 'INSERT INTO events VALUES (?,?,?,?,?,?)';

/** Edits the file through SQL in one transaction: scattered updates and deletions, insertions at the end. */
export function editDatabase(path: string, scale: number): void {
  const counts = rowCounts(scale);
  const edits = plannedEdits(counts);
  const database = new DatabaseSync(path);
  try {
    database.exec('PRAGMA synchronous = OFF; BEGIN;');
    const update = database.prepare('UPDATE orders SET status = ?, total_cents = ?, note = ?, items = ? WHERE id = ?');
    for (const id of edits.orders) {
      const [, , , status, , total, note, items] = orderRow(id, 1, counts.customers);
      update.run(status as Cell, total as Cell, note as Cell, items as Cell, id);
    }
    const replace = database.prepare('UPDATE documents SET content = ? WHERE id = ?');
    for (const id of edits.documents) replace.run(documentRow(id, 1)[3] as Cell, id);
    const remove = database.prepare('DELETE FROM orders WHERE id = ?');
    for (const id of edits.deletedOrders) remove.run(id);
    const { newOrders, newEvents } = edits;
    fill(database, insertOrder, counts.orders + 1, newOrders, (id) => orderRow(id, 0, counts.customers));
    fill(database, insertEvent, counts.events + 1, newEvents, (id) => eventRow(id, counts.orders));
    database.exec('COMMIT;');
  } finally {
    database.close();
  }
}

/** Writes the dump of the orders as SQL text, of the base or of the edited database. */
export function writeDump(path: string, scale: number, edited: boolean): void {
  const counts = rowCounts(scale);
  const edits = edited ? plannedEdits(counts) : undefined;
  const last = counts.orders + (edits?.newOrders ?? 0);
  const file = openSync(path, 'w');
  try {
    let text = `PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;${schema}\n`;
    for (let id = 1; id <= last; id++) {
      if (edits?.deletedOrders.has(id)) continue;
      const row = orderRow(id, edits?.orders.has(id) ? 1 : 0, counts.customers);
      text += `INSERT INTO orders VALUES(${row.map(literal).join(',')});\n`;
      if (text.length >= bufferBytes) {
        writeSync(file, text, null, 'latin1');
        text = '';
      }
    }
    writeSync(file, `${text}${indexes}\nCOMMIT;\n`, null, 'latin1');
  } finally {
    closeSync(file);
  }
}

/**
 * Which rows are edited. Real edits keep to neighbourhoods (recent rows, one customer, one import), so most
 * fall into small windows spread over the table and some fall anywhere.
 */
export function plannedEdits(counts: RowCounts): Edits {
  const random = new Random('edits', counts.orders);
  const orders = new Set<number>();
  const windows = Math.max(1, Math.round(counts.orders / 24_000));
  for (let window = 0; window < windows; window++) {
    const start = random.between(1, Math.max(1, counts.orders - 300));
    for (let edit = 0; edit < 40; edit++) orders.add(Math.min(counts.orders, start + random.below(300)));
  }
  const scattered = Math.max(2, Math.round(counts.orders / 40_000));
  for (let edit = 0; edit < scattered; edit++) orders.add(random.between(1, counts.orders));
  const deletedOrders = new Set<number>();
  for (const id of orders) if (random.oneIn(12)) deletedOrders.add(id);
  const documents = new Set<number>();
  for (let edit = 0; edit < Math.max(1, counts.documents / 2000); edit++)
    documents.add(random.between(1, counts.documents));
  return {
    orders,
    documents,
    deletedOrders,
    newOrders: Math.round(counts.orders / 1000),
    newEvents: Math.round(counts.events / 500),
  };
}

function fill(database: DatabaseSync, sql: string, first: number, count: number, row: (id: number) => Cell[]): void {
  const insert = database.prepare(sql);
  for (let id = first; id < first + count; id++) insert.run(...row(id));
}

function literal(cell: Cell): string {
  return typeof cell === 'number' ? String(cell) : `'${cell}'`;
}
