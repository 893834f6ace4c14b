import { DatabaseSync } from 'node:sqlite';

/**
 * A program that hammers a database: `node writer.ts PATH MODE`. Every transaction moves an amount between two accounts, and writes down in
 * `log` what the counter then is, so that any committed state satisfies `isCommittedState`. Prints one line when it has begun, ends on SIGTERM.
 */
const [path = '', mode = 'WAL', how = 'hammer'] = process.argv.slice(2);
const database = new DatabaseSync(path, { timeout: 10_000 });
database.exec(`PRAGMA journal_mode = ${mode}; PRAGMA synchronous = OFF`);
database.exec('CREATE TABLE IF NOT EXISTS account (name TEXT PRIMARY KEY, amount INTEGER, filler BLOB)');
database.exec('CREATE TABLE IF NOT EXISTS log (number INTEGER PRIMARY KEY, moved INTEGER, filler BLOB)');
database.exec("INSERT OR IGNORE INTO account VALUES ('a', 1000, NULL), ('b', 1000, NULL)");
const take = database.prepare("UPDATE account SET amount = amount - ?, filler = randomblob(300) WHERE name = 'a'");
const give = database.prepare("UPDATE account SET amount = amount + ?, filler = randomblob(300) WHERE name = 'b'");
const note = database.prepare('INSERT INTO log (moved, filler) VALUES (?, randomblob(400))');

function transact(number: number): void {
  const moved = (number % 7) - 3;
  database.exec('BEGIN IMMEDIATE');
  take.run(moved);
  note.run(moved);
  give.run(moved);
  database.exec('COMMIT');
}

function crashInTheMiddle(): never {
  // With a tiny cache the unfinished transaction reaches the database file, so that only its journal or log can undo it.
  database.exec('PRAGMA cache_size = 2; BEGIN IMMEDIATE');
  take.run(500);
  for (let i = 0; i < 300; i++) note.run(1);
  process.kill(process.pid, 'SIGKILL');
  throw new Error('still alive');
}

if (how === 'exclusive') {
  database.exec('PRAGMA locking_mode = EXCLUSIVE');
  transact(1);
}
for (let number = 0; how !== 'exclusive' && number < 50; number++) transact(number);
process.stdout.write('ready\n');
if (how === 'crash') crashInTheMiddle();
const hammer = (number: number): void => {
  for (let i = 0; i < 20; i++) transact(number + i);
  setImmediate(hammer, number + 20);
};
if (how === 'hammer') hammer(50);
else if (how !== 'close') setInterval(() => {}, 1000);
