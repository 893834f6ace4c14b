import { loadChatCommands } from '../../../src/bot/chat/chat-commands.ts';
import type { Platform } from '../../../src/bot/platform.ts';
import { createSlackPlatform } from '../../../src/bot/slack/slack-platform.ts';
import { optionName } from '../../../src/commands/parse-input.ts';
import type { Bot } from '../../../src/serve/bot.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { systemRandom } from '../../../src/shared/random.ts';
import { APP_TOKEN, BOT_TOKEN, FakeSlack } from '../slack/fake-slack.ts';
import { SlackUser } from '../slack/slack-user.ts';
import { type FakeMessage, readMessage } from '../slack/workspace.ts';
import type { ChatDriver, SeenMessage, Stage, Who } from './chat-driver.ts';
import { EventWatch, logErrors, openStageBot } from './stage-bot.ts';

const CHANNEL = 'C0001';
/** The stranger has an owner's user ID, in a team of their own. */
const PEOPLE: Readonly<Record<Who, { id: string; team: string }>> = {
  owner: { id: 'U0001', team: 'T0001' },
  'second owner': { id: 'U0002', team: 'T0001' },
  stranger: { id: 'U0001', team: 'T0666' },
};

interface Remembered extends SeenMessage {
  message: FakeMessage;
}

/** The bot on a fake Slack through Slack's own client library, with real engine processes. */
export async function slackDriver(stage: Stage): Promise<ChatDriver & { slack: FakeSlack }> {
  const slack = await new FakeSlack().start();
  slack.workspace.add(CHANNEL);
  const commands = await loadChatCommands();
  const people = Object.fromEntries(
    Object.entries(PEOPLE).map(([who, { id, team }]) => [who, new SlackUser(slack, id, team)]),
  ) as Record<Who, SlackUser>;
  const events = new EventWatch(() => slack.stir());
  const owners = (['owner', 'second owner'] as const).map((who) => `${PEOPLE[who].team}/${PEOPLE[who].id}`);
  const open = async (): Promise<{ bot: Bot; platform: Platform }> => {
    const platform = events.watch(
      createSlackPlatform({
        commands,
        clock: systemClock,
        random: systemRandom,
        mode: 'socket',
        botToken: BOT_TOKEN,
        appToken: APP_TOKEN,
        apiUrl: slack.apiUrl,
        version: '0.0.0',
        log: logErrors,
      }),
    );
    return { bot: await openStageBot(stage, platform, owners), platform };
  };
  let running = await open();

  /** `/backup --source app` as a person would type it. */
  const typed = (name: string, given: Readonly<Record<string, string | number | boolean>>): string => {
    const fields = commands.all.find((command) => command.name === name)?.input ?? {};
    const words = Object.entries(given).map(([key, value]) => {
      if (value === true) return `--${optionName(key)}`;
      return fields[key]?.position === undefined ? `--${optionName(key)} "${value}"` : `"${value}"`;
    });
    return ['/holdfast', name, ...words].join(' ');
  };
  /** Messages of a conversation, without the files below them. */
  const said = (who: Who): FakeMessage[] =>
    slack.workspace.seenBy(CHANNEL, people[who].id).filter(({ files }) => files.length === 0);
  const finished = (number: number): Promise<true> => slack.until(() => events.isOver(number), 'an answer');
  const complain = (): void => {
    if (slack.complaints.length > 0) throw new Error(`Slack refused: ${slack.complaints.join('; ')}`);
  };

  const press: ChatDriver['press'] = async (who, held, label) => {
    const [number, from] = [events.next, said(who).length];
    const { message } = held as Remembered;
    await slack.deliver('interactive', people[who].pressOn(message, label));
    await finished(number);
    complain();
    return seen(said(who)[from] === undefined ? find(message) : said(who).at(-1));
  };

  return {
    slack,
    async command(who, name, given = {}) {
      const [number, from] = [events.next, said(who).length];
      await people[who].type(CHANNEL, typed(name, given));
      await finished(number);
      complain();
      return seen(said(who).slice(from).at(-1));
    },
    async begin(who, name, given = {}) {
      const from = said(who).length;
      await people[who].type(CHANNEL, typed(name, given));
      return seen(await slack.until(() => said(who)[from], 'a message'));
    },
    press,
    // Slack calls both an action.
    choose: press,
    // Options are completed in a form alone, which opens where something needed is missing.
    async complete(who, name, option, partial) {
      await people[who].type(CHANNEL, typed(name, {}));
      await slack.until(() => people[who].form(), 'a form');
      return people[who].search(option, partial);
    },
    look: (held) => seen(find((held as Remembered).message)),
    async restart() {
      await running.bot.stop([running.platform]);
      running = await open();
    },
    async stop() {
      await running.bot.stop([running.platform]);
      await slack.goDown();
    },
  };

  function find({ ts }: FakeMessage): FakeMessage | undefined {
    return slack.workspace.messages.find((one) => one.ts === ts);
  }
}

function seen(message: FakeMessage | undefined): Remembered {
  if (message === undefined) throw new Error('nothing was shown');
  const buttons = message.blocks
    .flatMap((block) => (block.type === 'actions' ? block.elements : []))
    .flatMap((element) => (element.type === 'button' ? [element.text.text] : []));
  // As it was when it was seen: a click may come late.
  return {
    id: message.ts,
    text: readMessage(message),
    buttons,
    options: message.blocks
      .flatMap((block) => (block.type === 'actions' ? block.elements : []))
      .flatMap((element) => (element.type === 'static_select' ? element.options.map(({ text }) => text.text) : [])),
    private: message.onlyFor !== undefined,
    message: { ...message, blocks: structuredClone(message.blocks) },
  };
}
