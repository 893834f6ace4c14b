import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeText, escapeMarkdown } from '../../../src/bot/discord/markdown.ts';
import { renderMessage } from '../../../src/bot/discord/render-message.ts';
import { printableText } from '../../../src/shared/printable.ts';
import { bytes, command, id, time } from '../../../src/view/value.ts';
import type { Row, Tone, View } from '../../../src/view/view.ts';
import { judgeMessage, judgeShape } from '../../helpers/discord/judge-body.ts';
import { readMarkup } from '../../helpers/discord/live-markup.ts';
import { testSeed } from '../../helpers/seeded-random.ts';
import { GALLERY_NOW_MS, HOSTILE_NAMES } from '../../helpers/view-gallery.ts';

const seed = testSeed();
const WORDING = { nowMs: GALLERY_NOW_MS, commandPrefix: '/' };

const words = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({
    unit: fc.constantFrom('`', '*', '_', '<', '@', ':', '/', '\\', '[', ']', '(', ')', '#', '-', ' ', '\n', 'a'),
    maxLength: 80,
  }),
  fc.constantFrom(...HOSTILE_NAMES),
  fc.integer({ min: 1, max: 3000 }).map((n) => '~`<'.repeat(n)),
);
const value = fc.oneof(
  words,
  fc.nat().map(bytes),
  words.map(command),
  words.map(id),
  words.map(time),
  fc.constant(time('2026-11-20T09:15:02Z')),
);
const sentence = fc.oneof(value, fc.array(value, { maxLength: 4 }));
const tone = fc.constantFrom<Tone>('plain', 'good', 'warning', 'bad', 'quiet');
const row: fc.Arbitrary<Row> = fc.tuple(value, value, value);

const leaf: fc.Arbitrary<View> = fc.oneof(
  sentence.map((text): View => ({ kind: 'heading', text })),
  fc.record({ text: sentence, tone }).map((view): View => ({ kind: 'text', ...view })),
  fc.record({ text: sentence, tone, next: sentence }).map((view): View => ({ kind: 'status', ...view })),
  fc.array(fc.tuple(words, sentence), { maxLength: 60 }).map((fields): View => ({ kind: 'fields', fields })),
  fc
    .record({ rows: fc.array(row, { maxLength: 120 }), titles: fc.tuple(words, words, words), minor: fc.boolean() })
    .map(
      ({ rows, titles, minor }): View => ({
        kind: 'table',
        columns: titles.map((title, i) => ({ title, minor: minor && i > 0, align: i === 1 ? 'right' : 'left' })),
        rows,
        empty: 'nothing',
      }),
    ),
  fc
    .record({ items: fc.array(sentence, { maxLength: 200 }), total: fc.nat(), tone })
    .map((view): View => ({ kind: 'list', ...view })),
  fc
    .array(fc.record({ label: words, value, size: fc.double({ noNaN: true }) }), { maxLength: 80 })
    .map((points): View => ({ kind: 'series', title: 'chart', points })),
  fc
    .array(fc.record({ id: words, label: words, tone }), { maxLength: 40 })
    .map((buttons): View => ({ kind: 'buttons', buttons })),
  fc
    .record({
      id: words,
      prompt: words,
      options: fc.array(fc.record({ value: words, label: words, detail: words }), { maxLength: 40 }),
    })
    .map((view): View => ({ kind: 'select', ...view })),
  fc.record({ label: words, command: words }).map((view): View => ({ kind: 'action', ...view })),
);
const anyView: fc.Arbitrary<View> = fc.array(leaf, { maxLength: 8 }).map((views) => ({ kind: 'stack', views }));

describe(`any View on Discord (HOLDFAST_SEED=${seed})`, () => {
  it('is a message that Discord accepts and that notifies nobody', async () => {
    await fc.assert(
      fc.asyncProperty(anyView, async (view) => {
        const { body, files } = await renderMessage(view, WORDING);
        expect(judgeShape('POST /channels/{channel_id}/messages', body)).toEqual([]);
        expect(judgeMessage({ ...body })).toEqual([]);
        expect(body.allowed_mentions).toEqual({ parse: [] });
        const texts = [body.content, ...body.embeds.map(({ description }) => description)];
        expect(texts.flatMap((text) => readMarkup(text).alive)).toEqual([]);
        expect(body.content.trim().length + body.embeds.length + body.components.length + files.length).toBeGreaterThan(
          0,
        );
        for (const embed of body.embeds) expect(embed.description.trim()).not.toBe('');
      }),
      { seed, numRuns: 150 },
    );
  });
});

describe(`any text on Discord (HOLDFAST_SEED=${seed})`, () => {
  it('is shown as it is', () => {
    fc.assert(
      fc.property(words, (text) => {
        const escaped = escapeMarkdown(text);
        // Discord takes away a backslash before anything but letters, digits and blanks, and shows the rest.
        expect(escaped.replace(/\\([^0-9A-Za-z\s])/g, '$1')).toBe(printableText(text));
        expect(escaped.replace(/\\[^0-9A-Za-z\s]/g, 'x')).not.toMatch(
          /[*_~|`[<\\]|https?:\/\/|@everyone|@here|^\s*(#|>|-|\+)/,
        );
      }),
      { seed },
    );
  });

  it('cannot leave a code block', () => {
    fc.assert(
      fc.property(words, (text) => {
        expect(codeText(text)).not.toMatch(/``|\n/);
      }),
      { seed },
    );
  });
});
