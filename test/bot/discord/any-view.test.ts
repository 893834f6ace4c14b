import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeText, escapeMarkdown } from '../../../src/bot/discord/markdown.ts';
import { renderMessage } from '../../../src/bot/discord/render-message.ts';
import { printableText } from '../../../src/shared/printable.ts';
import { anyView, anyWords } from '../../helpers/any-view.ts';
import { judgeMessage, judgeShape } from '../../helpers/discord/judge-body.ts';
import { readMarkup } from '../../helpers/discord/live-markup.ts';
import { testSeed } from '../../helpers/seeded-random.ts';
import { GALLERY_NOW_MS } from '../../helpers/view-gallery.ts';

const seed = testSeed();
const WORDING = { nowMs: GALLERY_NOW_MS, commandPrefix: '/' };

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
      fc.property(anyWords, (text) => {
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
      fc.property(anyWords, (text) => {
        expect(codeText(text)).not.toMatch(/``|\n/);
      }),
      { seed },
    );
  });
});
