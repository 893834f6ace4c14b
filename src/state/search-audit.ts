import type { AuditEntry } from './audit-entry.ts';
import { auditFileLines, auditFileNumbers } from './audit-files.ts';
import { readAuditLine } from './audit-line.ts';
import { nodeFileCalls } from './file-calls.ts';

export interface AuditFilter {
  /** A part of a name, an ID or a platform, in whatever case. */
  who?: string | undefined;
  /** A part of what was done, such as `restore`. */
  command?: string | undefined;
  outcome?: AuditEntry['outcome'] | undefined;
  /** ISO 8601, both included. */
  from?: string | undefined;
  to?: string | undefined;
}

export interface FoundEntry extends AuditEntry {
  seq: number;
}

/** A page of the entries that pass the filter, newest first, and how many pass. Lines that cannot be read are left out: verifying tells of them. */
export async function searchAudit(
  folder: string,
  filter: AuditFilter,
  { page, length }: { page: number; length: number },
): Promise<{ entries: FoundEntry[]; total: number }> {
  const numbers = await auditFileNumbers(nodeFileCalls, folder);
  const wanted = page * length;
  let newest: FoundEntry[] = [];
  let total = 0;
  for await (const { text } of auditFileLines(nodeFileCalls, folder, numbers)) {
    const line = readAuditLine(text);
    if (line === undefined || !passes(line.entry, filter)) continue;
    total++;
    newest.push({ seq: line.seq, ...line.entry });
    // Twice as many, so that what is old is let go seldom.
    if (newest.length >= 2 * wanted) newest = newest.slice(-wanted);
  }
  return { entries: newest.toReversed().slice(wanted - length, wanted), total };
}

function passes({ who, what, outcome, time, input = '' }: AuditEntry, filter: AuditFilter): boolean {
  const has = (texts: readonly string[], part: string | undefined): boolean =>
    part === undefined || texts.some((text) => text.toLowerCase().includes(part.toLowerCase()));
  return (
    has([who.name, who.id, who.platform], filter.who) &&
    has([what, input], filter.command) &&
    (filter.outcome === undefined || outcome === filter.outcome) &&
    (filter.from === undefined || time >= filter.from) &&
    (filter.to === undefined || time <= filter.to)
  );
}
