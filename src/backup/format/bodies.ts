import { HoldfastError } from '../../shared/errors.ts';

/** The JSON bodies of sealed objects, with their shapes checked (docs/FORMAT.md sections 9 to 11). */

/** A string that may hold raw bytes: text where it is valid UTF-8, else base64. */
export type RawString = string | { bytes: string };

export interface SnapshotBody {
  type: 'snapshot';
  version: 1;
  critical: string[];
  time: string;
  ended: string;
  scan: string;
  host: string;
  source: string;
  paths: RawString[];
  kind: string;
  trigger: string;
  tags: string[];
  parent: string | null;
  manifest: { id: string; length: number }[];
  totals: { files: number; directories: number; others: number; bytes: number; chunks: number };
  run: { new: number; changed: number; unmodified: number; read: number; added: number; stored: number };
  warnings: string[];
  warningCount: number;
  facts: Record<string, unknown>;
  session: string;
  writer: string;
  seq: number;
  prev: string | null;
  seen: Record<string, { seq: number; id: string }>;
  program: string;
}

interface NoteCommon {
  type: 'note';
  version: 1;
  critical: string[];
  snapshot: string;
  time: string;
  pair: string;
  copy: 0 | 1;
  writer: string;
}

export type NoteContent =
  | { note: 'confirmed'; body: SnapshotBody; packs: string[]; indexes: string[] }
  | { note: 'broken'; reason: string }
  | { note: 'verified'; depth: 'quick' | 'checksums' | 'deep' | 'restored'; damaged: number }
  | { note: 'pinned'; reason: string }
  | { note: 'unpinned'; reason: string }
  | { note: 'tagged'; tags: string[] }
  /** `also`: others that were forgotten, for which this note testifies. */
  | { note: 'forgotten'; reason: string; also?: Testimony[] };

/** That a snapshot was there and was forgotten; `writer` and `seq` are those of its body, where that was known. */
export interface Testimony {
  id: string;
  writer?: string;
  seq?: number;
}

export type NoteBody = NoteCommon & NoteContent;

export interface SessionBody {
  type: 'session';
  version: 1;
  critical: string[];
  session: string;
  number: number;
  operation: string;
  host: string;
  machine: string;
  boot: string;
  pidNamespace: string;
  pid: number;
  pidStart: number;
  started: string;
  time: string;
  target?: RawString;
  journal?: RawString;
  slot?: string;
  snapshots?: string[];
}

export interface MarkBody {
  type: 'mark';
  version: 1;
  critical: string[];
  time: string;
  session: string;
  packs: string[];
  indexes: string[];
}

export interface MarkDoneBody {
  type: 'mark-done';
  version: 1;
  critical: string[];
  mark: string;
  time: string;
}

export interface ConfigBody {
  type: 'config';
  version: 1;
  critical: string[];
  number: number;
  pair: string;
  copy: 0 | 1;
  features: { read: string[]; write: string[] };
  chunker: { min: number; avg: number; max: number };
  files: Record<string, string>;
}

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string';
const count: Check = (value) => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
const hex =
  (digits: number): Check =>
  (value) =>
    typeof value === 'string' && value.length === digits && /^[0-9a-f]*$/.test(value);
const id = hex(64);
const short = hex(32);
/** ISO 8601 with milliseconds in UTC, nothing else: such strings order as their times do. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const time: Check = (value) => typeof value === 'string' && TIME.test(value) && !Number.isNaN(Date.parse(value));
const object: Check = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const list =
  (item: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(item);
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const nullable =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const shape =
  (members: Record<string, Check>): Check =>
  (value) =>
    object(value) && Object.entries(members).every(([name, check]) => check((value as Record<string, unknown>)[name]));
const valuesOf =
  (check: Check): Check =>
  (value) =>
    object(value) && Object.values(value as object).every(check);
const raw: Check = (value) => text(value) || shape({ bytes: text })(value);
const exactly =
  (...allowed: unknown[]): Check =>
  (value) =>
    allowed.includes(value);

const SNAPSHOT = {
  time,
  ended: time,
  scan: time,
  host: text,
  source: text,
  paths: list(raw),
  kind: text,
  trigger: text,
  tags: list(text),
  parent: nullable(id),
  manifest: list(shape({ id, length: count })),
  totals: shape({ files: count, directories: count, others: count, bytes: count, chunks: count }),
  run: shape({ new: count, changed: count, unmodified: count, read: count, added: count, stored: count }),
  warnings: list(text),
  warningCount: count,
  facts: object,
  session: short,
  writer: short,
  seq: count,
  prev: nullable(id),
  seen: valuesOf(shape({ seq: count, id })),
  program: text,
} satisfies Record<string, Check>;

const NOTE_COMMON = { snapshot: id, time, pair: short, copy: exactly(0, 1), writer: text, note: text };
const NOTES: Record<NoteContent['note'], Record<string, Check>> = {
  confirmed: { body: object, packs: list(id), indexes: list(id) },
  broken: { reason: text },
  verified: { depth: exactly('quick', 'checksums', 'deep', 'restored'), damaged: count },
  pinned: { reason: text },
  unpinned: { reason: text },
  tagged: { tags: list(text) },
  forgotten: { reason: text, also: optional(list(shape({ id, writer: optional(text), seq: optional(count) }))) },
};

const SESSION = {
  session: short,
  number: count,
  operation: text,
  host: text,
  machine: text,
  boot: text,
  pidNamespace: text,
  pid: count,
  pidStart: count,
  started: time,
  time,
  target: optional(raw),
  journal: optional(raw),
  slot: optional(short),
  snapshots: optional(list(id)),
};
const MARK = { time, session: text, packs: list(id), indexes: list(id) };
const MARK_DONE = { mark: id, time };
const CONFIG = {
  number: count,
  pair: short,
  copy: exactly(0, 1),
  features: shape({ read: list(text), write: list(text) }),
  chunker: shape({ min: count, avg: count, max: count }),
  files: valuesOf(text),
};

export const parseSnapshotBody = (value: Record<string, unknown>) => parse<SnapshotBody>('snapshot', SNAPSHOT, value);
export const parseSessionBody = (value: Record<string, unknown>) => parse<SessionBody>('session', SESSION, value);
export const parseMarkBody = (value: Record<string, unknown>) => parse<MarkBody>('mark', MARK, value);
export const parseMarkDoneBody = (value: Record<string, unknown>) => parse<MarkDoneBody>('mark-done', MARK_DONE, value);
export const parseConfigBody = (value: Record<string, unknown>) => parse<ConfigBody>('config', CONFIG, value);

/** A note of a sort that this program does not know gives undefined: it says nothing that concerns it. */
export function parseNoteBody(value: Record<string, unknown>): NoteBody | undefined {
  const note = String(value['note']);
  if (!isKnownNote(note)) {
    parse('note', NOTE_COMMON, value);
    return undefined;
  }
  const body = parse<NoteBody>('note', { ...NOTE_COMMON, ...NOTES[note] }, value);
  // It stands in for the snapshot's object, so what that calls critical must be understood here too.
  if (body.note === 'confirmed') parseSnapshotBody(value['body'] as Record<string, unknown>);
  return body;
}

function isKnownNote(note: string): note is NoteContent['note'] {
  return Object.hasOwn(NOTES, note);
}

/** Checks type, version, members and `critical`. Throws `damaged` or `unsupported_version`. Unknown members are kept. */
function parse<T>(type: string, members: Record<string, Check>, value: Record<string, unknown>): T {
  if (value['type'] !== type)
    throw new HoldfastError('damaged', `its body says it is a ${String(value['type'])}, not a ${type}`);
  if (!list(text)(value['critical'])) throw new HoldfastError('damaged', 'its body has no valid critical');
  const known = { type: text, version: count, critical: list(text), ...members };
  const unknown = (value['critical'] as string[]).filter((name) => !Object.hasOwn(known, name));
  if (value['version'] !== 1 || unknown.length > 0) {
    const what = unknown.length > 0 ? `member ${unknown.join(', ')}` : `version ${String(value['version'])}`;
    throw new HoldfastError('unsupported_version', `a ${type} needs ${what}, which this program does not know`, {
      advice: 'Use a newer Holdfast.',
    });
  }
  for (const [name, check] of Object.entries(members)) {
    if (!check(value[name])) throw new HoldfastError('damaged', `its body has no valid ${name}`);
  }
  return value as T;
}
