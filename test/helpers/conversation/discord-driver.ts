import { loadChatCommands } from '../../../src/bot/chat/chat-commands.ts';
import { createDiscordPlatform } from '../../../src/bot/discord/discord-platform.ts';
import type { Platform } from '../../../src/bot/platform.ts';
import { optionName } from '../../../src/commands/parse-input.ts';
import type { Bot } from '../../../src/serve/bot.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { systemRandom } from '../../../src/shared/random.ts';
import { componentsOf, FakeDiscord, OWNER, STRANGER, textOf } from '../discord/fake-discord.ts';
import type { FakeMessage, FakeUser } from '../discord/fake-state.ts';
import { readMarkup } from '../discord/live-markup.ts';
import type { ChatDriver, SeenMessage, Stage, Who } from './chat-driver.ts';
import { EventWatch, logErrors, openStageBot } from './stage-bot.ts';

const CHANNEL = '77';
/** The stranger has an owner's name. */
const PEOPLE: Readonly<Record<Who, FakeUser>> = {
  owner: OWNER,
  'second owner': { id: '2345678901', name: 'second' },
  stranger: { ...STRANGER, name: OWNER.name },
};

interface Remembered extends SeenMessage {
  /** By label, as they were when the message was seen: a click may come late. */
  ids: Readonly<Record<string, string>>;
}

/** The bot on a fake Discord through Discord's client library, with real engine processes. */
export async function discordDriver(stage: Stage): Promise<ChatDriver & { discord: FakeDiscord }> {
  const discord = await FakeDiscord.start();
  const commands = await loadChatCommands();
  const events = new EventWatch();
  const owners = [PEOPLE.owner.id, PEOPLE['second owner'].id];
  const open = async (): Promise<{ bot: Bot; platform: Platform }> => {
    const common = { commands, clock: systemClock, random: systemRandom, log: logErrors };
    const { token, apiUrl, state } = discord;
    const platform = events.watch(
      createDiscordPlatform({ ...common, token, apiUrl, guild: state.guild, version: '0.0.0' }),
    );
    return { bot: await openStageBot(stage, platform, owners), platform };
  };
  let running = await open();
  await discord.until('the commands', () => discord.state.commands.size > 0);

  const said = (who: Who): FakeMessage[] => discord.messages(CHANNEL, PEOPLE[who]).filter(({ thinking }) => !thinking);
  const call = (who: Who, name: string, given: Readonly<Record<string, string | number | boolean>>): void => {
    const options = Object.fromEntries(Object.entries(given).map(([key, value]) => [optionName(key), value]));
    discord.call(name, options, { user: PEOPLE[who], channel: CHANNEL });
  };
  const find = ({ id }: SeenMessage): FakeMessage => {
    const found = discord.state.findMessage(CHANNEL, id);
    if (found === undefined) throw new Error(`There is no message ${id}`);
    return found;
  };
  const complain = (): void => {
    const refused = discord.rest.requests.find(({ status }) => status === 400);
    if (refused !== undefined) throw new Error(`Discord refused ${refused.path}: ${JSON.stringify(refused.body)}`);
  };

  return {
    discord,
    async command(who, name, given = {}) {
      const [number, from] = [events.next, said(who).length];
      call(who, name, given);
      await discord.until('an answer', () => events.isOver(number));
      complain();
      return seen(said(who).slice(from).at(-1));
    },
    async begin(who, name, given = {}) {
      const from = said(who).length;
      call(who, name, given);
      return seen(
        await discord.until('a message with a button', () =>
          said(who)
            .slice(from)
            .find(({ components }) => components.length > 0),
        ),
      );
    },
    async press(who, held, label) {
      const [number, from] = [events.next, said(who).length];
      const { ids } = held as Remembered;
      discord.pressId(find(held), ids[label] ?? `no ${label}`, { user: PEOPLE[who] });
      await discord.until('an answer', () => events.isOver(number));
      complain();
      return seen(said(who)[from] === undefined ? find(held) : said(who).at(-1));
    },
    async choose(who, held, label) {
      const [number, from] = [events.next, said(who).length];
      discord.choose(find(held), label, { user: PEOPLE[who] });
      await discord.until('an answer', () => events.isOver(number));
      complain();
      return seen(said(who)[from] === undefined ? find(held) : said(who).at(-1));
    },
    async complete(who, name, option, partial) {
      const asked = discord.complete(name, option, { [option]: partial }, { user: PEOPLE[who], channel: CHANNEL });
      const choices = await discord.until('suggestions', () => asked.choices);
      return choices.map(({ value }) => String(value));
    },
    look: (held) => seen(find(held)),
    async restart() {
      await running.bot.stop([running.platform]);
      running = await open();
    },
    async stop() {
      await running.bot.stop([running.platform]);
      await discord.stop();
    },
  };
}

function seen(message: FakeMessage | undefined): Remembered {
  if (message === undefined) throw new Error('nothing was shown');
  const buttons = componentsOf(message).filter(({ type }) => type === 2);
  const ids = Object.fromEntries(buttons.map(({ label, custom_id }) => [String(label), String(custom_id)]));
  return {
    id: message.id,
    text: [readMarkup(textOf(message)).plain, ...message.attachments.map(({ name }) => name)].join('\n'),
    buttons: Object.keys(ids),
    options: componentsOf(message).flatMap(({ options = [] }) =>
      (options as { label: string }[]).map(({ label }) => label),
    ),
    private: message.onlyFor !== undefined,
    ids,
  };
}
