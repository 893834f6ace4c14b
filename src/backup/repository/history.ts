import type { SnapshotBody } from '../format/bodies.ts';
import type { Catalog } from './snapshots.ts';

/** Noticing snapshots that were hidden and repositories that were rolled back (docs/FORMAT.md sections 9 and 16). */

/** A writer's newest snapshot. */
export interface Head {
  seq: number;
  id: string;
}

/** By writer. */
export type Heads = Record<string, Head>;

/** Where a client remembers the newest snapshots that it has seen: outside the repository. */
export interface HeadMemory {
  load(): Promise<Heads>;
  save(heads: Heads): Promise<void>;
}

export interface HistoryFinding {
  /** `hidden`: something that was seen is gone without a note. `rolled-back`: a whole stretch is. `fork`: two histories of one writer. */
  kind: 'hidden' | 'rolled-back' | 'fork';
  writer: string;
  /** The snapshot that is missing, or one of the two. */
  snapshot: string;
  message: string;
}

interface Link {
  id: string;
  body: SnapshotBody;
  /** When it could be seen by everybody at the latest; nobody knows of one that was never confirmed. */
  seenFromMs: number;
}

/** What contradicts the histories inside the repository or the heads that were seen before. */
export function checkHistory(catalog: Catalog, remembered: Heads): HistoryFinding[] {
  const links = allLinks(catalog);
  return [...missingHeads(catalog, remembered), ...missingReferences(catalog, links, remembered), ...forks(links)];
}

/** Snapshots whose body is known, forgotten ones too while their notes are there. */
function allLinks({ snapshots, forgotten }: Catalog): Link[] {
  const gone = [...forgotten].flatMap(([id, { confirmed }]) =>
    confirmed === undefined ? [] : [linkOf(id, confirmed.body, confirmed)],
  );
  return [...snapshots.map(({ id, body, confirmed }) => linkOf(id, body, confirmed)), ...gone];
}

/** A process may stand still between the end of its reading and the put of its snapshot; the note comes after that. */
function linkOf(id: string, body: SnapshotBody, confirmed: { time: string } | undefined): Link {
  const notedMs = confirmed === undefined ? Number.POSITIVE_INFINITY : Date.parse(confirmed.time);
  return { id, body, seenFromMs: Math.max(Date.parse(body.ended), notedMs) };
}

function missingHeads(catalog: Catalog, remembered: Heads): HistoryFinding[] {
  const { known } = catalog;
  const heads = newestHeads(catalog);
  return Object.entries(remembered).flatMap(([writer, head]): HistoryFinding[] => {
    if (known.has(head.id)) return [];
    const newest = heads[writer]?.seq ?? 0;
    const isOlder = newest < head.seq;
    const name = `snapshot ${head.id.slice(0, 8)} (number ${head.seq} of writer ${writer.slice(0, 8)})`;
    const message = isOlder
      ? `The repository is older than when it was last seen: ${name} is gone, and the newest of its writer is number ${newest}.`
      : `${name} was seen before and is gone without having been forgotten.`;
    return [{ kind: isOlder ? 'rolled-back' : 'hidden', writer, snapshot: head.id, message: capitalised(message) }];
  });
}

function missingReferences({ known }: Catalog, links: readonly Link[], remembered: Heads): HistoryFinding[] {
  const reported = new Set([...known, ...Object.values(remembered).map(({ id }) => id)]);
  const findings: HistoryFinding[] = [];
  const expect = (writer: string, id: string, by: Link): void => {
    if (reported.has(id)) return;
    reported.add(id);
    const message = `Snapshot ${id.slice(0, 8)} of writer ${writer.slice(0, 8)} is gone without having been forgotten; ${by.id.slice(0, 8)} refers to it.`;
    findings.push({ kind: 'hidden', writer, snapshot: id, message });
  };
  for (const link of links) {
    if (link.body.prev !== null) expect(link.body.writer, link.body.prev, link);
    for (const [writer, { id }] of Object.entries(link.body.seen)) expect(writer, id, link);
  }
  return findings;
}

/** Two snapshots of one writer with one number. Backups that ran side by side may both have followed the same one. */
function forks(links: readonly Link[]): HistoryFinding[] {
  const findings: HistoryFinding[] = [];
  for (const same of Map.groupBy(links, ({ body }) => `${body.writer} ${body.seq}`).values()) {
    const [first, ...others] = same.toSorted((a, b) => Date.parse(a.body.scan) - Date.parse(b.body.scan));
    if (first === undefined) continue;
    for (const other of others) {
      if (Date.parse(other.body.scan) <= first.seenFromMs) continue;
      const message = `Snapshots ${first.id.slice(0, 8)} and ${other.id.slice(0, 8)} are both number ${first.body.seq} of writer ${first.body.writer.slice(0, 8)}: the repository was set back in between.`;
      findings.push({ kind: 'fork', writer: first.body.writer, snapshot: other.id, message });
    }
  }
  return findings;
}

/** The newest known snapshot of each writer. */
export function newestHeads(catalog: Catalog): Heads {
  const heads: Heads = {};
  const add = (writer: string, seq: number, id: string): void => {
    const best = heads[writer];
    if (best === undefined || seq > best.seq) heads[writer] = { seq, id };
  };
  for (const { id, body } of allLinks(catalog)) add(body.writer, body.seq, id);
  for (const [id, { head }] of catalog.forgotten) if (head !== undefined) add(head.writer, head.seq, id);
  return heads;
}

/** What a new snapshot of `writer` says about history. */
export function nextLink(
  catalog: Catalog,
  remembered: Heads,
  writer: string,
): Pick<SnapshotBody, 'seq' | 'prev' | 'seen'> {
  const heads = mergeHeads(newestHeads(catalog), remembered);
  const own = heads[writer];
  const seen = Object.fromEntries(Object.entries(heads).filter(([other]) => other !== writer));
  return { seq: (own?.seq ?? 0) + 1, prev: own?.id ?? null, seen };
}

/** The higher head of each writer. What was remembered stays although the repository no longer shows it. */
export function mergeHeads(found: Heads, remembered: Heads): Heads {
  const merged: Heads = { ...found };
  for (const [writer, head] of Object.entries(remembered)) {
    const known = merged[writer];
    if (known === undefined || head.seq > known.seq) merged[writer] = head;
  }
  return merged;
}

/**
 * Checks against what was remembered before the catalog was read, then remembers what is there now. Other processes of this installation may
 * have remembered more since then, which the catalog cannot show.
 */
export async function reviewHistory(
  catalog: Catalog,
  memory: HeadMemory,
  remembered: Heads,
): Promise<HistoryFinding[]> {
  const findings = checkHistory(catalog, remembered);
  await rememberHistory(catalog, memory);
  return findings;
}

export async function rememberHistory(catalog: Catalog, memory: HeadMemory): Promise<void> {
  await memory.save(mergeHeads(newestHeads(catalog), await memory.load()));
}

const capitalised = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
