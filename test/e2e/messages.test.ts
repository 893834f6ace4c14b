import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadChatCommands } from '../../src/bot/chat/chat-commands.ts';
import { createDiscordPlatform } from '../../src/bot/discord/discord-platform.ts';
import type { Platform } from '../../src/bot/platform.ts';
import { createSlackPlatform } from '../../src/bot/slack/slack-platform.ts';
import { PicturePainter } from '../../src/pictures/picture-painter.ts';
import type { Bot } from '../../src/serve/bot.ts';
import { type Clock, systemClock } from '../../src/shared/clock.ts';
import { systemRandom } from '../../src/shared/random.ts';
import type { Stage } from '../helpers/conversation/chat-driver.ts';
import { logErrors, openStageBot } from '../helpers/conversation/stage-bot.ts';
import { componentsOf, FakeDiscord, OWNER, textOf } from '../helpers/discord/fake-discord.ts';
import { readMarkup } from '../helpers/discord/live-markup.ts';
import { createQuickRepository } from '../helpers/quick-repository.ts';
import { APP_TOKEN, BOT_TOKEN, FakeSlack } from '../helpers/slack/fake-slack.ts';
import { SlackUser } from '../helpers/slack/slack-user.ts';
import { readMessage } from '../helpers/slack/workspace.ts';

/** A channel that the bot writes to, and an owner who presses what is there. */
interface Channel {
  platform: Platform;
  id: string;
  owner: string;
  /** Every message, as it is read now, files included. */
  texts(): string[];
  /** Presses a button of the message that holds a text. */
  press(within: string, label: string): Promise<void>;
  stop(): Promise<void>;
}

const common = { clock: systemClock, random: systemRandom, log: logErrors, version: '0.0.0' };

async function onDiscord(painter: PicturePainter): Promise<Channel> {
  const discord = await FakeDiscord.start();
  const { token, apiUrl, state } = discord;
  const commands = await loadChatCommands();
  const all = () => discord.messages('78');
  const text = (message: ReturnType<typeof all>[number]): string =>
    [readMarkup(textOf(message)).plain, ...message.attachments.map(({ name }) => name)].join('\n');
  return {
    platform: createDiscordPlatform({ ...common, commands, token, apiUrl, guild: state.guild, paint: painter.paint }),
    id: '78',
    owner: OWNER.id,
    texts: () => all().map(text),
    async press(within, label) {
      const message = all().find((one) => text(one).includes(within))!;
      const button = componentsOf(message).find((one) => one.label === label);
      discord.pressId(message, String(button?.custom_id), { user: OWNER });
    },
    stop: () => discord.stop(),
  };
}

async function onSlack(painter: PicturePainter): Promise<Channel> {
  const slack = await new FakeSlack().start();
  slack.workspace.add('C0002');
  const commands = await loadChatCommands();
  const user = new SlackUser(slack, 'U0001', 'T0001');
  const { apiUrl } = slack;
  const tokens = { mode: 'socket', botToken: BOT_TOKEN, appToken: APP_TOKEN } as const;
  return {
    platform: createSlackPlatform({ ...common, ...tokens, commands, apiUrl, paint: painter.paint }),
    id: 'C0002',
    owner: 'T0001/U0001',
    texts: () => slack.workspace.seenBy('C0002', 'U0001').map(readMessage),
    async press(within, label) {
      const message = slack.workspace.seenBy('C0002', 'U0001').find((one) => readMessage(one).includes(within))!;
      await slack.deliver('interactive', user.pressOn(message, label));
    },
    stop: () => slack.goDown(),
  };
}

describe.each([
  ['Discord', onDiscord],
  ['Slack', onSlack],
] as const)('what the bot tells by itself on %s', (_, open) => {
  let channel: Channel;
  let bot: Bot;
  let painter: PicturePainter;
  let folder: string;
  let aheadMs = 0;

  beforeEach(async () => {
    aheadMs = 0;
    folder = mkdtempSync(join(tmpdir(), 'holdfast-messages-'));
    const names = { data: 'data', restoreRoot: 'restored', repository: 'repository' };
    const paths = Object.fromEntries(Object.entries(names).map(([key, name]) => [key, join(folder, name)]));
    const stage = { ...paths, folder, passphrase: 'open sesame' } as Stage;
    mkdirSync(stage.data);
    writeFileSync(join(stage.data, 'a.txt'), 'a');
    await createQuickRepository(stage.repository, stage.passphrase);
    painter = new PicturePainter({ clock: systemClock });
    channel = await open(painter);
    const clock: Clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
    bot = await openStageBot(stage, channel.platform, [channel.owner], { clock, channel: channel.id });
  });

  afterEach(async () => {
    await bot?.stop([channel.platform]);
    await channel?.stop();
    await painter.close();
  });

  /** Machines that are busy take their time. */
  const read = (text: string): Promise<void> =>
    expect.poll(() => channel.texts().join('\n\n'), { timeout: 90_000 }).toContain(text);
  const fail = (): void =>
    bot.events.happened({
      kind: 'not_started',
      source: 'app',
      classes: ['daily'],
      due: '2030-01-01T02:00:00Z',
      error: { code: 'failed', message: 'The disk of the source is gone', advice: 'Plug it in.', phase: 'starting' },
    });

  it('is a failure with buttons, which all work, that it is over, and what fills up with a picture', async () => {
    fail();
    aheadMs = 60_000;
    fail();
    await read('The backup of app failed');
    await channel.press('The backup of app failed', 'Log');
    await read('failed: The disk of the source is gone');
    await channel.press('The backup of app failed', 'Acknowledge');
    await read('quiet until it changes or recovers');
    await channel.press('The backup of app failed', 'Snooze 1 d');
    await read('is snoozed until');
    await channel.press('The backup of app failed', 'Retry');
    await read('Over after');
    await read('app: backed up once');
    aheadMs += 25 * 3_600_000;
    bot.events.happened({ kind: 'maintenance_done', task: 'prune', summary: '' });
    await read('app is backed up again after');
    // The room that it took is measured after a backup has ended.
    const state = (): string => readFileSync(join(folder, 'state', 'state.json'), 'utf8');
    await expect.poll(state, { timeout: 90_000 }).toContain('repositoryBytes');
    const filling = { kind: 'filling', what: 'cap', place: '/r', level: 80, usedBytes: 81, limitBytes: 100 } as const;
    bot.events.happened({ ...filling, daysLeft: 3 });
    await read('The repository is 81 % full');
    await read('storage.png');
  });
});
