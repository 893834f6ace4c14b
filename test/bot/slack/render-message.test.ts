import { describe, expect, it } from 'vitest';
import { renderMessage } from '../../../src/bot/slack/render-message.ts';
import { text } from '../../../src/view/view.ts';
import { type FakeBlock, judgeBlocks } from '../../helpers/slack/judge-blocks.ts';
import { SLACK_LIMITS } from '../../helpers/slack/slack-limits.ts';
import { aliveIn } from '../../helpers/slack/workspace.ts';
import { GALLERY, GALLERY_NOW_MS } from '../../helpers/view-gallery.ts';

const wording = { nowMs: GALLERY_NOW_MS, commandPrefix: '/holdfast ' };

describe('a View on Slack', () => {
  it.each(Object.keys(GALLERY))('%s looks as it did', async (name) => {
    const { text: fallback, blocks, files } = await renderMessage(GALLERY[name]!(), wording);
    const shown = {
      text: fallback,
      blocks,
      files: files.map(({ name: file, data }) => ({
        name: file,
        bytes: data.length,
        start: data.toString().slice(0, 200),
      })),
    };
    await expect(`${JSON.stringify(shown, undefined, 2)}\n`).toMatchFileSnapshot(`../../golden/slack/${name}.json`);
  });

  it.each(Object.keys(GALLERY))('%s is what Slack takes, and mentions nobody', async (name) => {
    const { text: fallback, blocks } = await renderMessage(GALLERY[name]!(), wording);
    expect(judgeBlocks(blocks)).toEqual([]);
    expect(fallback.length).toBeGreaterThan(0);
    expect(fallback.length).toBeLessThanOrEqual(SLACK_LIMITS.text);
    expect(aliveIn({ text: fallback, blocks: blocks as FakeBlock[] })).toEqual([]);
  });

  it.each([
    ['plain words', 'mrkdwn'],
    ['at 09:15:02, my_app is 12 % full', 'mrkdwn'],
    ['*bold*', 'plain_text'],
    ['_it_', 'plain_text'],
    ['~gone~', 'plain_text'],
    ['`code`', 'plain_text'],
    ['> quote', 'plain_text'],
    [':smile:', 'plain_text'],
    ['https://evil.example', 'plain_text'],
  ])('shows %j as it is, as %s', async (words, type) => {
    const { blocks } = await renderMessage(text(words), wording);
    expect(blocks).toEqual([{ type: 'section', text: expect.objectContaining({ type }) }]);
  });

  it('never cuts silently: what is not shown is in a file', async () => {
    for (const [name, view] of Object.entries(GALLERY)) {
      const { blocks, files } = await renderMessage(view(), wording);
      const isShortened = JSON.stringify(blocks).includes('more in the file');
      if (isShortened) expect(files.length, name).toBeGreaterThan(0);
    }
    const { files } = await renderMessage(GALLERY['overlong-text']!(), wording);
    expect(String(files[0]?.data)).toContain('word1999*');
  });
});
