import { auditFileLines, auditFileName, auditFileNumbers, type FileLine } from './audit-files.ts';
import { type AuditLine, type ChainEnd, NO_LINE, readAuditLine } from './audit-line.ts';
import type { AuditHead } from './audit-log.ts';
import { type FileCalls, nodeFileCalls } from './file-calls.ts';

/** What a snapshot has seen of a log. */
export interface AuditAnchor extends AuditHead {
  snapshot: string;
  time: string;
}

/** Where a log is not as it was written. */
export interface AuditBreak {
  file: string;
  /** From 1; null where it is the file as a whole, or its end. */
  line: number | null;
  what: string;
}

export interface AuditReport {
  /** ID of the log, null where there is none. */
  log: string | null;
  entries: number;
  files: number;
  /** Of the last entry, null where there is none. */
  head: (ChainEnd & { time: string }) | null;
  breaks: AuditBreak[];
  /** How many there are, where `breaks` holds only the first. */
  breaksTotal: number;
  /** How many snapshots name an entry of this log that is as they saw it; null where no repository was asked. */
  anchors: number | null;
  /** IDs of the logs that snapshots name and that do not stand here: lost with their state folder, or taken away. */
  missing: string[];
  notices: string[];
}

const MOST_BREAKS = 50;

/**
 * Follows the chain of the log in a folder from its first line to its last, and compares it with what snapshots have seen of it. A log that is being written may be verified.
 * With `anchors`, of one host, a log that was cut off at its end or rewritten as a whole shows, too.
 */
export async function verifyAudit(
  folder: string,
  { anchors, files = nodeFileCalls }: { anchors?: readonly AuditAnchor[] | undefined; files?: FileCalls } = {},
): Promise<AuditReport> {
  const numbers = await auditFileNumbers(files, folder);
  const check = new ChainCheck(anchors ?? []);
  check.files(numbers);
  for await (const line of auditFileLines(files, folder, numbers)) check.line(line);
  check.end();
  return {
    ...check.result(),
    files: numbers.length,
    anchors: anchors === undefined ? null : check.confirmed,
  };
}

class ChainCheck {
  confirmed = 0;
  #anchors: readonly AuditAnchor[];
  readonly #bySeq: Map<number, AuditAnchor[]>;
  readonly #breaks: AuditBreak[] = [];
  readonly #notices: string[] = [];
  #breaksTotal = 0;
  #entries = 0;
  #log: string | null = null;
  #last: { line: AuditLine; at: FileLine } | undefined;

  constructor(anchors: readonly AuditAnchor[]) {
    this.#anchors = anchors;
    this.#bySeq = Map.groupBy(anchors, ({ seq }) => seq);
  }

  files(numbers: readonly number[]): void {
    const last = numbers.at(-1) ?? 0;
    for (let number = 1; number < last; number++) {
      if (!numbers.includes(number)) this.#break(auditFileName(number), null, 'the file is missing');
    }
  }

  line(at: FileLine): void {
    const line = readAuditLine(at.text);
    if (line !== undefined) this.#entry(line, at);
    else if (at.isComplete)
      this.#break(at.file, at.line, 'this is no entry of the log: the line was changed or put in');
    else
      this.#notices.push(
        `${at.file}:${at.line}: the last line is unfinished: it is being written, or was when the program ended`,
      );
  }

  end(): void {
    const newest = this.#anchors.toSorted((a, b) => b.time.localeCompare(a.time))[0];
    const own = this.#anchors.filter(({ log }) => log === this.#log);
    const beyond = own.filter(({ seq }) => seq > (this.#last?.line.seq ?? 0)).toSorted((a, b) => b.seq - a.seq)[0];
    const file = this.#last?.at.file ?? auditFileName(1);
    if (beyond !== undefined) {
      const ends = `the log ends with entry ${this.#last?.line.seq ?? 0}`;
      this.#break(file, null, `${ends}, but ${seenBy(beyond)} entry ${beyond.seq}: its end was cut off`);
    }
    if (newest === undefined || newest.log === this.#log) return;
    const what = this.#log === null ? 'there is no log' : 'another log stands here';
    this.#break(
      file,
      null,
      `${what}, but ${seenBy(newest)} entry ${newest.seq} of log ${newest.log}: it was lost or replaced`,
    );
  }

  result(): Omit<AuditReport, 'files' | 'anchors'> {
    const { line } = this.#last ?? {};
    const missing = [...new Set(this.#anchors.map(({ log }) => log).filter((log) => log !== this.#log))];
    return {
      log: this.#log,
      entries: this.#entries,
      head: line === undefined ? null : { seq: line.seq, digest: line.digest, time: line.entry.time },
      breaks: this.#breaks,
      breaksTotal: this.#breaksTotal,
      missing,
      notices: [
        ...this.#notices,
        ...missing.map((log) => `Snapshots of this host also name the log ${log}, which is not here`),
      ],
    };
  }

  #entry(line: AuditLine, at: FileLine): void {
    this.#entries++;
    this.#log ??= line.log ?? null;
    const problem = this.#problemOf(line);
    if (problem !== undefined) this.#break(at.file, at.line, problem);
    this.#compareWithAnchors(line, at);
    this.#last = { line, at };
  }

  #problemOf(line: AuditLine): string | undefined {
    if (line.actual !== line.digest) return `entry ${line.seq} was changed: it is not what its digest stands for`;
    if (line.log !== undefined && line.log !== this.#log) return `entry ${line.seq} begins another log, ${line.log}`;
    const before = this.#last?.line;
    const expected = (before?.seq ?? 0) + 1;
    const digests = before === undefined ? [NO_LINE] : [before.digest, before.actual];
    if (line.seq > expected) {
      const missing = line.seq === expected + 1 ? `entry ${expected} is` : `entries ${expected} to ${line.seq - 1} are`;
      return `${missing} missing before entry ${line.seq}`;
    }
    if (line.seq < expected) return `entry ${line.seq} stands behind entry ${expected - 1}: it was moved or put in`;
    if (digests.includes(line.prev)) return undefined;
    return before === undefined
      ? 'the first entry refers to an earlier one: the beginning is missing'
      : `entry ${line.seq} does not follow the entry before it: one of the two was changed`;
  }

  #compareWithAnchors({ seq, digest }: AuditLine, at: FileLine): void {
    const anchors = (this.#bySeq.get(seq) ?? []).filter(({ log }) => log === this.#log);
    const differing = anchors.find((anchor) => anchor.digest !== digest);
    this.confirmed += anchors.filter((anchor) => anchor.digest === digest).length;
    if (differing === undefined) return;
    this.#break(at.file, at.line, `${seenBy(differing)} another entry ${seq}: the log was rewritten up to here`);
  }

  #break(file: string, line: number | null, what: string): void {
    this.#breaksTotal++;
    if (this.#breaks.length < MOST_BREAKS) this.#breaks.push({ file, line, what });
  }
}

const seenBy = ({ snapshot, time }: AuditAnchor): string => `snapshot ${snapshot.slice(0, 8)} of ${time} has seen`;

/** `audit.jsonl:12: what`. */
export const breakText = ({ file, line, what }: AuditBreak): string =>
  line === null ? `${file}: ${what}` : `${file}:${line}: ${what}`;
