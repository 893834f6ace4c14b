import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OBJECT_TYPES } from '../../../src/backup/crypto/sealer.ts';
import {
  type MarkBody,
  parseConfigBody,
  parseMarkBody,
  parseMarkDoneBody,
  parseNoteBody,
  parseSessionBody,
  parseSnapshotBody,
  type SnapshotBody,
} from '../../../src/backup/format/bodies.ts';
import { decodeBody, encodeBody } from '../../../src/backup/format/body.ts';
import { encodeHeader, parseHeader } from '../../../src/backup/format/header.ts';
import { SeededRandom, testSeed } from '../../helpers/seeded-random.ts';
import { damaged, refusalCode, testKeys } from './samples.ts';

const seed = testSeed();
const { sealer } = testKeys(seed);
const ID = 'a'.repeat(64);
const SHORT = 'b'.repeat(32);
const TIME = '2026-11-20T02:00:00.000Z';

const snapshot: SnapshotBody = {
  type: 'snapshot',
  version: 1,
  critical: [],
  time: TIME,
  ended: TIME,
  scan: TIME,
  host: 'h',
  source: 'app',
  paths: ['/srv/app', { bytes: '/w==' }],
  kind: 'files',
  trigger: 'manual',
  tags: ['t'],
  parent: null,
  manifest: [{ id: ID, length: 5 }],
  totals: { files: 1, directories: 1, others: 0, bytes: Number.MAX_SAFE_INTEGER, chunks: 1 },
  run: { new: 1, changed: 0, unmodified: 0, read: 1, added: 1, stored: 1 },
  warnings: [],
  warningCount: 0,
  facts: {},
  session: SHORT,
  writer: SHORT,
  seq: 1,
  prev: null,
  seen: { [SHORT]: { seq: 1, id: ID } },
  program: 'holdfast 0.1.0',
};
const mark: MarkBody = { type: 'mark', version: 1, critical: [], time: TIME, session: SHORT, packs: [ID], indexes: [] };
const note = { type: 'note', version: 1, critical: [], snapshot: ID, time: TIME, pair: SHORT, copy: 0, writer: SHORT };
const session = {
  ...{ type: 'session', version: 1, critical: [], session: SHORT, number: 0, operation: 'backup', host: 'h' },
  ...{ machine: 'm', boot: 'b', pidNamespace: '1', pid: 1, pidStart: 2, started: TIME, time: TIME },
  snapshots: [ID],
};
const config = {
  ...{ type: 'config', version: 1, critical: [], number: 1, pair: SHORT, copy: 0 },
  ...{ features: { read: [], write: [] }, chunker: { min: 1, avg: 2, max: 3 }, files: { 'FORMAT.md': ID } },
};
const asRecord = (value: object): Record<string, unknown> => value as Record<string, unknown>;

describe('sealed bodies', () => {
  it('give back any JSON object', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.constantFrom(...Object.values(OBJECT_TYPES).filter((type) => type >= 4)),
        (value, type) => {
          const plain = JSON.parse(JSON.stringify(value)) as object;
          expect(decodeBody(sealer, type, encodeBody(sealer, type, undefined, plain))).toEqual(plain);
        },
      ),
      { seed, numRuns: 100 },
    );
  });

  it('are refused wherever they are damaged, and as another type', () => {
    const random = new SeededRandom(seed);
    for (const value of [{ a: 1 }, { long: 'x'.repeat(5000) }]) {
      const bytes = encodeBody(sealer, OBJECT_TYPES.note, Buffer.alloc(16, 1), value);
      expect(refusalCode(() => decodeBody(sealer, OBJECT_TYPES.snapshot, bytes))).toBe('damaged');
      for (let at = 0; at < bytes.length; at++) {
        const copy = Buffer.from(bytes);
        copy[at] = copy.readUInt8(at) ^ (1 << (at % 8));
        expect(['damaged', 'unsupported_version'], `byte ${at}`).toContain(
          refusalCode(() => decodeBody(sealer, OBJECT_TYPES.note, copy)),
        );
      }
      for (let run = 0; run < 300; run++) {
        const code = refusalCode(() => decodeBody(sealer, OBJECT_TYPES.note, damaged(bytes, random)));
        expect(['damaged', 'unsupported_version'], `HOLDFAST_SEED=${seed}`).toContain(code);
      }
    }
  });

  it('are not written when no reader would take them', () => {
    const text = 'x'.repeat(64 * 2 ** 20);
    expect(refusalCode(() => encodeBody(sealer, OBJECT_TYPES.note, undefined, { text }))).toBe('failed');
  });
});

/** Members that may be left out. */
const OPTIONAL = ['snapshots'];

describe('the shapes of bodies', () => {
  const parsers: [string, (value: Record<string, unknown>) => unknown, object][] = [
    ['snapshot', parseSnapshotBody, snapshot],
    ['mark', parseMarkBody, mark],
    ['mark-done', parseMarkDoneBody, { type: 'mark-done', version: 1, critical: [], mark: ID, time: TIME }],
    ['session', parseSessionBody, session],
    ['config', parseConfigBody, config],
    ['note', parseNoteBody, { ...note, note: 'confirmed', body: snapshot, packs: [ID], indexes: [] }],
    ['note', parseNoteBody, { ...note, note: 'verified', depth: 'deep', damaged: 0 }],
  ];

  it.each(parsers)('are kept, with members of later versions (%s)', (_, parse, value) => {
    const extended = { ...value, later: { any: 'thing' } };
    expect(parse(asRecord(extended))).toEqual(extended);
  });

  it.each(parsers)(
    'are refused without any one member that has to be there, or with another sort of value (%s)',
    (_, parse, value) => {
      for (const name of Object.keys(value)) {
        if (name === 'note') continue;
        const { [name]: _left, ...rest } = asRecord(value);
        if (!OPTIONAL.includes(name)) {
          expect(['damaged', 'unsupported_version'], name).toContain(refusalCode(() => parse(rest)));
        }
        for (const wrong of [{ x: [] }, Number.NaN, true]) {
          if (name === 'facts' || name === 'files' || name === 'seen') continue;
          const code = refusalCode(() => parse({ ...rest, [name]: wrong }));
          expect(['damaged', 'unsupported_version'], name).toContain(code);
        }
      }
    },
  );

  it.each(parsers)('are refused as too new with a critical member that is unknown (%s)', (_, parse, value) => {
    for (const name of ['later', 'constructor', '__proto__', 'toString']) {
      expect(refusalCode(() => parse({ ...value, critical: [name] }))).toBe('unsupported_version');
    }
    expect(refusalCode(() => parse({ ...value, version: 2 }))).toBe('unsupported_version');
    expect(refusalCode(() => parse({ ...value, critical: 'later' }))).toBe('damaged');
    expect(refusalCode(() => parse({ ...value, critical: ['type', 'critical'] }))).toBeUndefined();
  });

  it('are refused as too new where the snapshot in a confirmed note is', () => {
    const confirmed = (body: object) => parseNoteBody({ ...note, note: 'confirmed', body, packs: [], indexes: [] });
    expect(confirmed(snapshot)).toBeDefined();
    expect(refusalCode(() => confirmed({ ...snapshot, critical: ['later'] }))).toBe('unsupported_version');
    expect(refusalCode(() => confirmed({ ...snapshot, version: 2 }))).toBe('unsupported_version');
    expect(refusalCode(() => confirmed({ ...snapshot, manifest: 1 }))).toBe('damaged');
  });

  it('leave out notes of a sort that is not known, whatever it is called', () => {
    for (const sort of ['later', 'constructor', '__proto__', 'hasOwnProperty']) {
      expect(parseNoteBody({ ...note, note: sort })).toBeUndefined();
    }
  });

  it('take times in one form only', () => {
    for (const time of ['2026', '2026-11-20', 'Nov 20 2026', '2026-11-20T02:00:00Z', '2026-13-20T02:00:00.000Z']) {
      expect(
        refusalCode(() => parseMarkBody({ ...mark, time })),
        time,
      ).toBe('damaged');
    }
  });
});

describe('the header', () => {
  const header = encodeHeader(Buffer.alloc(32, 0xab), TIME);

  it('is one line of JSON that reads back', () => {
    expect(header.bytes.toString()).toBe(
      `{"format":"holdfast","version":1,"id":"${'ab'.repeat(32)}","created":"${TIME}"}\n`,
    );
    expect(parseHeader(header.bytes)).toEqual(header);
  });

  it('is refused when it is another', () => {
    const refused = (text: string) => refusalCode(() => parseHeader(Buffer.from(text)));
    expect(refused(header.bytes.toString().replace('"version":1', '"version":2'))).toBe('unsupported_version');
    expect(refused(header.bytes.toString().replace('holdfast', 'other'))).toBe('damaged');
    expect(refused(header.bytes.toString().replace('ab', 'AB'))).toBe('damaged');
    for (const text of ['', 'null', '[]', '3', '{', `${header.bytes}${' '.repeat(5000)}`])
      expect(refused(text)).toBe('damaged');
  });

  it('gives an error of ours or a header for any damage', () => {
    const random = new SeededRandom(seed);
    for (let run = 0; run < 500; run++) {
      const code = refusalCode(() => parseHeader(damaged(header.bytes, random)));
      expect([undefined, 'damaged', 'unsupported_version']).toContain(code);
    }
  });
});
