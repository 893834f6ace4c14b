// It brings another version of the HTTP client that the library of Discord sends with.
import '../../../src/bot/slack/slack-platform.ts';
import { expect, it } from 'vitest';
import { startBot } from '../../helpers/discord/discord-bot.ts';

it('attaches files also in a process that serves Slack too', async () => {
  await using bot = await startBot();
  const { discord, events } = bot;
  events.command = (_event, reply) =>
    reply.show({
      kind: 'file',
      name: 'sums.txt',
      content: (async function* () {
        yield Buffer.from('content');
      })(),
    });
  const answer = await discord.answer(discord.call('list'), /^$/);
  expect(answer.attachments.map(({ name, data }) => [name, data.toString()])).toEqual([['sums.txt', 'content']]);
});
