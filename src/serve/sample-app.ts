import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const CUSTOMERS = 400;
const ORDERS = 9000;
const LOG_DAYS = 5;
const LOG_LINES = 1500;
const DAY_MS = 86_400_000;
/** The sample's own calendar begins here, so that it is the same wherever it is made. */
const BEGIN_MS = Date.UTC(2026, 0, 5);

/**
 * Creates the small app that a newcomer can back up: a SQLite database in WAL mode, settings, logs and uploads, about 3 MB,
 * with the same content every time. An existing one is left alone; a half-made one is made again.
 */
export async function createSampleApp(folder: string): Promise<void> {
  if (existsSync(folder)) return;
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  for (const name of ['logs', 'uploads']) await mkdir(join(partial, name), { recursive: true });
  await createDatabase(join(partial, 'app.sqlite'));
  await writeFile(join(partial, 'settings.json'), `${JSON.stringify(SETTINGS, undefined, 2)}\n`);
  for (let day = 0; day < LOG_DAYS; day++) {
    const date = new Date(BEGIN_MS + day * DAY_MS).toISOString().slice(0, 10);
    await writeFile(join(partial, 'logs', `${date}.log`), logText(day));
  }
  await writeFile(join(partial, 'uploads', 'photo.raw'), noise(7, 600_000));
  await writeFile(join(partial, 'uploads', 'scan.raw'), noise(11, 300_000));
  await writeFile(
    join(partial, 'uploads', 'notes.txt'),
    'Change or delete any of these files, then try /backup and /restore.\n',
  );
  await rename(partial, folder);
}

const SETTINGS = {
  name: 'Sample shop',
  currency: 'EUR',
  mail: { from: 'shop@example.org', retries: 3 },
  features: ['search', 'reviews'],
};

async function createDatabase(file: string): Promise<void> {
  const { DatabaseSync } = await import('node:sqlite');
  const database = new DatabaseSync(file);
  database.exec(`
    PRAGMA journal_mode = WAL;
    CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, mail TEXT NOT NULL);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customers, cents INTEGER NOT NULL, note TEXT NOT NULL);
    BEGIN;`);
  const next = numbers(3);
  const customer = database.prepare('INSERT INTO customers (name, mail) VALUES (?, ?)');
  for (let i = 1; i <= CUSTOMERS; i++) customer.run(`Customer ${i}`, `customer${i}@example.org`);
  const order = database.prepare('INSERT INTO orders (customer, cents, note) VALUES (?, ?, ?)');
  for (let i = 0; i < ORDERS; i++) {
    order.run(1 + (next() % CUSTOMERS), next() % 50_000, `Order ${i}: ${sentence(next, 12)}`);
  }
  database.exec('COMMIT');
  database.close();
}

function logText(day: number): string {
  const next = numbers(101 + day);
  const lines = Array.from({ length: LOG_LINES }, (_, i) => {
    const at = new Date(BEGIN_MS + day * DAY_MS + Math.floor((i * DAY_MS) / LOG_LINES)).toISOString();
    return `${at} info request=${next()} ${sentence(next, 6)}\n`;
  });
  return lines.join('');
}

const WORDS = 'order paid sent mail customer basket search page cache hit miss retry queue done stock item price'.split(
  ' ',
);

function sentence(next: () => number, words: number): string {
  return Array.from({ length: words }, () => WORDS[next() % WORDS.length]).join(' ');
}

function noise(seed: number, bytes: number): Buffer {
  const next = numbers(seed);
  const content = Buffer.alloc(bytes);
  for (let i = 0; i + 4 <= bytes; i += 4) content.writeUInt32LE(next(), i);
  return content;
}

/** Unsigned 32-bit numbers from a seed: xorshift32 (Marsaglia 2003). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}
