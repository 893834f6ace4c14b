import { createHash } from 'node:crypto';
import type { AuditEntry } from './audit-entry.ts';

/** `prev` of the first line of a log. */
export const NO_LINE = '0'.repeat(64);

/** Longer text of a stranger is no news. */
const MOST_TEXT = 300;
const DIGEST = /,"digest":"([0-9a-f]{64})"\}$/;

/** Where a chain is: the number and the digest of its newest line. */
export interface ChainEnd {
  seq: number;
  digest: string;
}

/** What a line says, whether or not it is true. */
export interface AuditLine extends ChainEnd {
  entry: AuditEntry;
  /** ID of the log, in the first line of each file. */
  log: string | undefined;
  prev: string;
  /** Of what the line says: where it is not `digest`, the line was changed. */
  actual: string;
}

/**
 * A line of the log: a JSON object of `seq`, the entry, `prev` (the digest of the line before) and, at its end, `digest`: the SHA-256 of the same object without that
 * member, as it is written.
 */
export function auditLine(
  { seq, digest: prev }: ChainEnd,
  entry: AuditEntry,
  { scrub, log }: { scrub: (text: string) => string; log?: string | undefined },
): { text: string; end: ChainEnd } {
  const clean = (_key: string, value: unknown): unknown =>
    typeof value === 'string' ? scrub(value).slice(0, MOST_TEXT) : value;
  const cleaned = JSON.parse(JSON.stringify(entry, clean)) as AuditEntry;
  const body = JSON.stringify({ seq: seq + 1, ...(log !== undefined && { log }), ...cleaned, prev });
  const digest = sha256(body);
  return { text: `${body.slice(0, -1)},"digest":"${digest}"}\n`, end: { seq: seq + 1, digest } };
}

/** Undefined where it is no line of a log. */
export function readAuditLine(text: string): AuditLine | undefined {
  const digest = DIGEST.exec(text)?.[1];
  if (digest === undefined) return undefined;
  const body = `${text.slice(0, -(digest.length + ',"digest":""}'.length))}}`;
  let said: unknown;
  try {
    said = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof said !== 'object' || said === null) return undefined;
  const { seq, log, prev, ...entry } = said as AuditEntry & { seq?: unknown; log?: unknown; prev?: unknown };
  if (!Number.isSafeInteger(seq) || typeof prev !== 'string' || !isEntry(entry)) return undefined;
  const id = typeof log === 'string' ? log : undefined;
  return { seq: seq as number, digest, entry, log: id, prev, actual: sha256(body) };
}

function isEntry({ time, who, what, outcome }: Partial<AuditEntry>): boolean {
  return [time, what, outcome, who?.platform, who?.id, who?.name].every((value) => typeof value === 'string');
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
