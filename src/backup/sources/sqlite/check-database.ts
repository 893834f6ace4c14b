import type { DatabaseSync } from 'node:sqlite';
import { outcomeOfError } from './outcome-of-error.ts';

/** Rows that break a rule of their table (NOT NULL, STRICT types) tell of the application, not of damage. */
const RULE_BROKEN = /\bvalue (in|missing from) /;

/** What is wrong with the structure of a database, or undefined. Reads all of it. */
export function findDamage(database: DatabaseSync): string | undefined {
  try {
    database.exec('PRAGMA ignore_check_constraints = ON');
    const lines = database
      .prepare('PRAGMA quick_check')
      .all()
      .map((row) => String(row.quick_check));
    return lines.find((line) => line !== 'ok' && !RULE_BROKEN.test(line));
  } catch (error) {
    const outcome = outcomeOfError(error);
    if (outcome.kind === 'damaged') return outcome.message;
    // A collation or module that only the application has: the check cannot run, which says nothing against the copy.
    if (outcome.kind === 'failed') return undefined;
    throw error;
  }
}
