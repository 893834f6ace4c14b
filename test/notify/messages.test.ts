import { describe, expect, it } from 'vitest';
import { renderMessage as renderDiscord } from '../../src/bot/discord/render-message.ts';
import { renderMessage as renderSlack } from '../../src/bot/slack/render-message.ts';
import { renderView } from '../../src/terminal/render.ts';
import { PLAIN } from '../../src/terminal/style.ts';
import { MESSAGES } from '../helpers/message-gallery.ts';
import { judgeBlocks } from '../helpers/slack/judge-blocks.ts';
import { GALLERY_NOW_MS } from '../helpers/view-gallery.ts';

const wording = { nowMs: GALLERY_NOW_MS, commandPrefix: '/' };
/** Pictures themselves are looked at where they are made. */
const paint = async (svg: string): Promise<Uint8Array> =>
  Buffer.from(`picture of ${/aria-label="([^"]*)/.exec(svg)?.[1]}`);
const golden = (name: string): string => `../golden/messages/${name}`;

describe.each(Object.keys(MESSAGES))('the message %s', (name) => {
  const view = (): (typeof MESSAGES)[string] => MESSAGES[name]!;

  it('looks as it did on a terminal', async () => {
    const options = { ...wording, style: PLAIN, columns: 80, rawFiles: false };
    const pieces = await Array.fromAsync(renderView(view()(), options));
    await expect(pieces.join('')).toMatchFileSnapshot(golden(`${name}.txt`));
  });

  it('looks as it did on Discord', async () => {
    const { body, files } = await renderDiscord(view()(), wording, paint);
    const shown = {
      ...body,
      files: files.map((file) => ({ name: file.name, data: file.data.toString().slice(0, 200) })),
    };
    await expect(`${JSON.stringify(shown, null, 2)}\n`).toMatchFileSnapshot(golden(`${name}.discord.json`));
  });

  it('looks as it did on Slack, which takes it', async () => {
    const { text, blocks, files } = await renderSlack(view()(), wording, paint);
    expect(judgeBlocks(blocks)).toEqual([]);
    const shown = { text, blocks, files: files.map((file) => ({ ...file, data: file.data.toString().slice(0, 200) })) };
    await expect(`${JSON.stringify(shown, null, 2)}\n`).toMatchFileSnapshot(golden(`${name}.slack.json`));
  });

  it('is plain data, so that it can wait for another process', () => {
    expect(JSON.parse(JSON.stringify(view()()))).toEqual(view()());
  });
});
