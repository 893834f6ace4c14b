import { expect, it } from 'vitest';
import { LiveMessage } from '../../../src/bot/chat/live-message.ts';
import { text } from '../../../src/view/view.ts';
import { startBot } from '../../helpers/discord/discord-bot.ts';
import { textOf } from '../../helpers/discord/fake-discord.ts';

const MINUTE_MS = 60_000;

it('goes on for hours: by the token, then in the bot’s own name, each hour in a new message, to its end', async () => {
  await using bot = await startBot();
  const { discord, events, clock, platform } = bot;
  discord.call('backup');
  await discord.until('the event', () => events.commands.length > 0);
  const { reply, event } = events.commands[0]!;
  const live = new LiveMessage({
    ...{ platform, clock, channel: event.place.channel, stopping: new AbortController().signal },
    show: (view) => reply.show(view),
    onMoved: () => {},
  });
  const shown = () => discord.messages(event.place.channel).map(textOf);
  await live.begin(text('starting'));
  for (let minutes = 5; minutes <= 130; minutes += 5) {
    clock.putForward(5 * MINUTE_MS);
    // Of many views at once only the newest is shown.
    for (let i = 0; i < 20; i++) live.update(() => text(`after ${minutes} minutes, ${i}`));
    await discord.until(`minute ${minutes}`, () => shown().at(-1) === `after ${minutes} minutes, 19`);
  }
  expect(await live.finish(text('the end'))).toBe(true);
  expect(shown()).toEqual(['It goes on below.', 'It goes on below.', 'the end']);
  expect(discord.rest.requests.filter(({ status }) => status === 429)).toEqual([]);
});
