import fc from 'fast-check';
import { bytes, command, id, time } from '../../src/view/value.ts';
import type { Row, Tone, View } from '../../src/view/view.ts';
import { HOSTILE_NAMES } from './view-gallery.ts';

/** Text of any kind: any characters, many that are markup somewhere, hostile names, and more than fits. */
export const anyWords = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: fc.constantFrom(...'`*_<>@:/\\[]()#-&~ \na'), maxLength: 80 }),
  fc.constantFrom(...HOSTILE_NAMES),
  fc.integer({ min: 1, max: 3000 }).map((n) => '~`<&'.repeat(n)),
);

const anyValue = fc.oneof(
  anyWords,
  fc.nat().map(bytes),
  anyWords.map(command),
  anyWords.map(id),
  anyWords.map(time),
  fc.constant(time('2026-11-20T09:15:02Z')),
);
const anySentence = fc.oneof(anyValue, fc.array(anyValue, { maxLength: 4 }));
const anyTone = fc.constantFrom<Tone>('plain', 'good', 'warning', 'bad', 'quiet');
const anyRow: fc.Arbitrary<Row> = fc.tuple(anyValue, anyValue, anyValue);
const anyNumber = fc.double({ noNaN: true });

const leaf: fc.Arbitrary<View> = fc.oneof(
  anySentence.map((text): View => ({ kind: 'heading', text })),
  fc.record({ text: anySentence, tone: anyTone }).map((view): View => ({ kind: 'text', ...view })),
  fc.record({ text: anySentence, tone: anyTone, next: anySentence }).map((view): View => ({ kind: 'status', ...view })),
  fc.array(fc.tuple(anyWords, anySentence), { maxLength: 60 }).map((fields): View => ({ kind: 'fields', fields })),
  fc
    .record({
      rows: fc.array(anyRow, { maxLength: 120 }),
      titles: fc.tuple(anyWords, anyWords, anyWords),
      minor: fc.boolean(),
    })
    .map(
      ({ rows, titles, minor }): View => ({
        kind: 'table',
        columns: titles.map((title, i) => ({ title, minor: minor && i > 0, align: i === 1 ? 'right' : 'left' })),
        rows,
        empty: 'nothing',
      }),
    ),
  fc
    .record({ items: fc.array(anySentence, { maxLength: 200 }), total: fc.nat(), tone: anyTone })
    .map((view): View => ({ kind: 'list', ...view })),
  fc
    .record({
      phase: anyWords,
      current: fc.option(anyWords, { nil: undefined }),
      share: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
    })
    .map(
      ({ phase, current, share }): View => ({
        kind: 'progress',
        progress: {
          phase,
          current,
          share,
          files: 3,
          bytes: 5,
          totalFiles: undefined,
          totalBytes: undefined,
          bytesPerSecond: undefined,
          remainingMs: undefined,
          elapsedMs: 1,
        },
      }),
    ),
  fc
    .array(fc.record({ label: anyWords, value: anyValue, size: anyNumber }), { maxLength: 80 })
    .map((points): View => ({ kind: 'series', title: 'chart', points })),
  fc
    .array(fc.record({ id: anyWords, label: anyWords, tone: anyTone }), { maxLength: 40 })
    .map((buttons): View => ({ kind: 'buttons', buttons })),
  fc
    .record({
      id: anyWords,
      prompt: anyWords,
      options: fc.array(fc.record({ value: anyWords, label: anyWords, detail: anyWords }), { maxLength: 120 }),
    })
    .map((view): View => ({ kind: 'select', ...view })),
  fc.record({ label: anyWords, command: anyWords }).map((view): View => ({ kind: 'action', ...view })),
  fc
    .record({
      question: anySentence,
      choices: fc.array(fc.record({ label: anyWords, answer: anyWords }), { maxLength: 5 }),
    })
    .map((view): View => ({ kind: 'confirm', ...view })),
);

/** A View of up to eight parts of any kind, but for files and streams, which can be read only once. */
export const anyView: fc.Arbitrary<View> = fc
  .array(leaf, { maxLength: 8 })
  .map((views): View => ({ kind: 'stack', views }));
