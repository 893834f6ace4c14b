import { describe, expect, it } from 'vitest';
import type { DiscordMessage } from '../../../src/bot/discord/render-message.ts';
import { renderMessage } from '../../../src/bot/discord/render-message.ts';
import { GALLERY, GALLERY_NOW_MS } from '../../helpers/view-gallery.ts';

const WORDING = { nowMs: GALLERY_NOW_MS, commandPrefix: '/' };

/** Attached files are text here; of a long one the golden file keeps both ends. */
function shown({ body, files }: DiscordMessage): string {
  const texts = files.map(({ name, data }) => {
    const text = data.toString('utf8');
    return {
      name,
      bytes: data.length,
      text: text.length < 2000 ? text : `${text.slice(0, 600)} […] ${text.slice(-200)}`,
    };
  });
  return `${JSON.stringify({ ...body, ...(texts.length > 0 && { files: texts }) }, null, 2)}\n`;
}

describe('a View on Discord', () => {
  it.each(Object.keys(GALLERY))('looks as in the golden file: %s', async (name) => {
    const message = await renderMessage(GALLERY[name]!(), WORDING);
    await expect(shown(message)).toMatchFileSnapshot(`../../golden/discord/${name}.json`);
  });
});
