import { readFileSync, writeSync } from 'node:fs';
import type { ByteString } from '../../../shared/bytes.ts';
import { systemCode } from '../../../shared/errors.ts';
import type { ProcessIdentity } from '../../../shared/process-identity.ts';
import type { Posix } from '../../posix/posix.ts';

/**
 * The journal of a restore: a file of JSON lines in the journal folder. The first line says whose it is and what it is about; each further
 * line is a state, durable before anything is done that depends on it. Without a state line nothing of the target
 * has been touched. One restore may have several folders, one for each target: the first of `group` leads, and its states count for all.
 */
export interface JournalHeader {
  holdfastRestore: 1;
  /** Paths of all journal folders of this restore. */
  group: ByteString[];
  /** Absolute. */
  target: ByteString;
  /** The target as a folder holds the journal folder; else the folder that holds the target does. */
  inside: boolean;
  /** Of a target that holds the journal folder: its time before that, in nanoseconds since 1970. */
  timeBefore: string | null;
  /** Where what was there before is to be kept: a name beside the journal folder. */
  keep: ByteString | null;
  snapshot: string;
  process: ProcessIdentity;
}

/**
 * `swapping`: everything is staged, complete and durable; from here on a recovery goes forward. `reverting`: a step was refused;
 * a recovery goes back. `swapped`: the target is new; only the old content is left to be put away.
 */
export type JournalState = 'swapping' | 'reverting' | 'swapped';

export interface JournalContent {
  header: JournalHeader;
  state: JournalState | undefined;
}

/** Its name in the journal folder. */
export const JOURNAL_FILE = 'journal' as ByteString;
const UNFINISHED_FILE = 'journal.new' as ByteString;

export class Journal {
  readonly #posix: Posix;
  readonly #folder: number;
  readonly #fd: number;

  private constructor(posix: Posix, folder: number, fd: number) {
    this.#posix = posix;
    this.#folder = folder;
    this.#fd = fd;
  }

  /** In an empty journal folder. There is no moment at which half a header can be seen. */
  static create(posix: Posix, folder: number, header: JournalHeader): Journal {
    const fd = posix.createFile(folder, UNFINISHED_FILE, 0o600);
    const journal = new Journal(posix, folder, fd);
    journal.#append(header);
    posix.rename(folder, UNFINISHED_FILE, folder, JOURNAL_FILE);
    posix.sync(folder);
    return journal;
  }

  /** For a recovery. */
  static open(posix: Posix, folder: number): Journal {
    return new Journal(posix, folder, posix.openForWriting(folder, JOURNAL_FILE));
  }

  /** Durable when it returns. */
  write(state: JournalState): void {
    this.#append({ state });
    this.#posix.sync(this.#folder);
  }

  close(): void {
    this.#posix.close(this.#fd);
  }

  #append(line: unknown): void {
    // A torn line of a process that was killed must not swallow this one.
    const size = this.#posix.status(this.#fd).size;
    writeSync(this.#fd, `${size > 0 ? '\n' : ''}${JSON.stringify(line)}\n`, size, 'utf8');
    this.#posix.sync(this.#fd);
  }
}

/** Undefined where the folder has no journal: its restore had not begun, or is over. */
export function readJournal(posix: Posix, folder: number): JournalContent | undefined {
  const text = readText(posix, folder, JOURNAL_FILE);
  if (text === undefined) return undefined;
  const [first, ...others] = text.split('\n').flatMap(parseLine);
  const header = first as JournalHeader | undefined;
  if (header?.holdfastRestore !== 1) return undefined;
  const states = (others as { state?: JournalState }[]).flatMap(({ state }) => state ?? []);
  return { header, state: states.at(-1) };
}

export function readText(posix: Posix, folder: number, name: ByteString): string | undefined {
  let fd: number;
  try {
    fd = posix.openForReading(folder, name);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return readFileSync(fd, 'utf8');
  } finally {
    posix.close(fd);
  }
}

function parseLine(line: string): unknown[] {
  try {
    return line === '' ? [] : [JSON.parse(line)];
  } catch {
    // Torn: it was never acknowledged.
    return [];
  }
}
