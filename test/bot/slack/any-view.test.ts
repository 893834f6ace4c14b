import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderMessage } from '../../../src/bot/slack/render-message.ts';
import { printableText } from '../../../src/shared/printable.ts';
import { text } from '../../../src/view/view.ts';
import { anyView, anyWords } from '../../helpers/any-view.ts';
import { testSeed } from '../../helpers/seeded-random.ts';
import { type FakeBlock, judgeBlocks, textOf } from '../../helpers/slack/judge-blocks.ts';
import { aliveIn } from '../../helpers/slack/workspace.ts';
import { GALLERY_NOW_MS } from '../../helpers/view-gallery.ts';

const seed = testSeed();
const wording = { nowMs: GALLERY_NOW_MS, commandPrefix: '/holdfast ' };

const readable = (sent: string): string =>
  sent.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

describe(`any View on Slack (HOLDFAST_SEED=${seed})`, () => {
  it('is a message that Slack takes and that mentions nobody', async () => {
    await fc.assert(
      fc.asyncProperty(anyView, async (view) => {
        const message = await renderMessage(view, wording);
        const blocks = message.blocks as FakeBlock[];
        expect(judgeBlocks(blocks)).toEqual([]);
        expect(aliveIn({ text: message.text, blocks })).toEqual([]);
        expect(message.text.trim()).not.toBe('');
        // No escape was cut in two.
        for (const sent of [message.text, ...blocks.map(textOf)]) expect(sent).not.toMatch(/&(?!(?:amp|lt|gt);)/);
        if (JSON.stringify(blocks).includes('more in the file')) expect(message.files.length).toBeGreaterThan(0);
      }),
      { seed, numRuns: 150 },
    );
  });

  it('shows text as it is', async () => {
    await fc.assert(
      fc.asyncProperty(anyWords, async (words) => {
        fc.pre(words.trim() !== '' && words.length < 1000);
        const { blocks } = await renderMessage(text(words), wording);
        const shown = blocks.map((block) => textOf(block as FakeBlock)).join('');
        expect(readable(shown)).toBe(printableText(words));
        const isMarked = JSON.stringify(blocks).includes('"mrkdwn"');
        // Where Slack looks for markup there is nothing that could be any.
        if (isMarked) expect(words).not.toMatch(/[*~`]|(?:^|\W)_|^>|:[a-z]+:|\w:\/\//);
      }),
      { seed },
    );
  });
});
