import { describe, expect, it } from 'vitest';
import { renderMessage } from '../../../src/bot/slack/render-message.ts';
import { GALLERY, GALLERY_NOW_MS } from '../../helpers/view-gallery.ts';

const wording = { nowMs: GALLERY_NOW_MS, commandPrefix: '/holdfast ' };

describe('a View on Slack', () => {
  it.each(Object.keys(GALLERY))('%s looks as it did', async (name) => {
    const { text, blocks, files } = await renderMessage(GALLERY[name]!(), wording);
    const shown = {
      text,
      blocks,
      files: files.map((file) => ({
        name: file.name,
        bytes: file.data.length,
        start: file.data.toString().slice(0, 200),
      })),
    };
    await expect(`${JSON.stringify(shown, undefined, 2)}\n`).toMatchFileSnapshot(`../../golden/slack/${name}.json`);
  });
});
