import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { HoldfastError } from '../../shared/errors.ts';
import { formatBytes, parseSize } from '../../shared/sizes.ts';
import type { Asker } from './ask.ts';
import type { SetupAnswers } from './setup-answers.ts';
import { sourceSize } from './source-size.ts';

/** What was given on the command line. */
export interface SetupFlags {
  store?: string | undefined;
  source: readonly string[];
  discordTokenEnv?: string | undefined;
  discordGuild?: string | undefined;
  slackBotTokenEnv?: string | undefined;
  slackAppTokenEnv?: string | undefined;
  owner: readonly string[];
  notify: readonly string[];
  cap?: string | undefined;
  passphraseFile?: string | undefined;
}

const DEFAULT_CAP = '5 GB';
const VARIABLES = { discord: 'DISCORD_TOKEN', bot: 'SLACK_BOT_TOKEN', app: 'SLACK_APP_TOKEN' };

/**
 * Everything that a setup has to know: from the flags, and what they leave open from the person at the terminal.
 *
 * @param asker undefined where nobody can be asked
 * @throws HoldfastError `usage` where something is missing or wrong, `refused` where the sources are larger than the cap
 */
export async function collectAnswers(
  given: SetupFlags,
  config: string,
  asker: Asker | undefined,
): Promise<SetupAnswers> {
  const folder = dirname(config);
  let flags = given;
  const store = flags.store ?? (await asker?.ask('Folder for the backups [./repository]:'));
  const sources = await sourcesOf(flags.source, asker);
  const chats = asker === undefined || flags.discordTokenEnv || flags.slackBotTokenEnv ? '' : await askChat(asker);
  const discordEnv = flags.discordTokenEnv ?? (chats === 'discord' ? VARIABLES.discord : undefined);
  const botEnv = flags.slackBotTokenEnv ?? (chats === 'slack' ? VARIABLES.bot : undefined);
  if (asker !== undefined && chats !== '') {
    const variables = chats === 'discord' ? VARIABLES.discord : `${VARIABLES.bot} and ${VARIABLES.app}`;
    flags = await askPeople({ ...flags }, chats, variables, asker);
  }
  const owners = byPlatform('--owner', flags.owner);
  const notify = byPlatform('--notify', flags.notify);
  return {
    store: store ? (isUrl(store) ? store : resolve(store)) : join(folder, 'repository'),
    sources,
    discord: discordEnv === undefined ? undefined : { tokenEnv: discordEnv, guild: flags.discordGuild },
    slack:
      botEnv === undefined ? undefined : { botTokenEnv: botEnv, appTokenEnv: flags.slackAppTokenEnv ?? VARIABLES.app },
    owners,
    notify: Object.fromEntries(
      Object.entries(notify).flatMap(([platform, [channel]]) => (channel === undefined ? [] : [[platform, channel]])),
    ),
    cap: await capFor(sources, flags.cap, asker),
    passphraseFile: flags.passphraseFile === undefined ? join(folder, 'passphrase') : resolve(flags.passphraseFile),
  };
}

const isUrl = (store: string): boolean => /^[a-z][a-z0-9+.-]+:/.test(store);

async function sourcesOf(given: readonly string[], asker: Asker | undefined): Promise<SetupAnswers['sources']> {
  const written = [...given];
  while (asker !== undefined && given.length === 0) {
    const answer = await asker.ask(
      `${written.length === 0 ? 'What to back up' : 'One more, or nothing'}, as NAME=FOLDER:`,
    );
    if (answer !== '') written.push(answer);
    else if (written.length > 0) break;
  }
  const sources = written.map((pair) => {
    const [, name = '', path = ''] = /^([^=]+)=(.+)$/.exec(pair) ?? [];
    if (name === '') throw new HoldfastError('usage', `A source is NAME=FOLDER, not ${JSON.stringify(pair)}`);
    return { name, path: resolve(path) };
  });
  if (sources.length === 0) {
    throw new HoldfastError('usage', 'It is not said what to back up', { advice: 'Use --source NAME=FOLDER.' });
  }
  for (const { name, path } of sources) {
    const isThere = await stat(path).catch(() => undefined);
    if (isThere === undefined) throw new HoldfastError('usage', `The folder of ${name}, ${path}, cannot be found`);
    if (sources.filter((other) => other.name === name).length > 1) {
      throw new HoldfastError('usage', `Two sources are named ${name}`);
    }
  }
  return sources;
}

async function askChat(asker: Asker): Promise<'' | 'discord' | 'slack'> {
  for (;;) {
    const answer = (await asker.ask('Chat to listen on: discord, slack or none [none]:')).toLowerCase();
    if (answer === '' || answer === 'none') return '';
    if (answer === 'discord' || answer === 'slack') return answer;
  }
}

async function askPeople(flags: SetupFlags, chat: string, variables: string, asker: Asker): Promise<SetupFlags> {
  const owner = await asker.ask(
    `Tokens will be read from ${variables}. Your ID on ${chat} (nothing: claim the bot with the code that it prints):`,
  );
  const channel = await asker.ask(`ID of the channel on ${chat} that is told of failures (nothing: none):`);
  return {
    ...flags,
    owner: owner === '' ? flags.owner : [...flags.owner, `${chat}:${owner}`],
    notify: channel === '' ? flags.notify : [...flags.notify, `${chat}:${channel}`],
  };
}

function byPlatform(option: string, given: readonly string[]): Record<'discord' | 'slack', string[]> {
  const found: Record<'discord' | 'slack', string[]> = { discord: [], slack: [] };
  for (const pair of given) {
    const [, platform, id] = /^(discord|slack):(.+)$/.exec(pair) ?? [];
    if (id === undefined) {
      throw new HoldfastError('usage', `${option} is PLATFORM:ID, not ${JSON.stringify(pair)}`, {
        advice: `Such as ${option} discord:1234567890.`,
      });
    }
    found[platform as 'discord' | 'slack'].push(id);
  }
  return found;
}

/** The cap that was given; where none was and the sources are larger than the default, somebody has to say. */
async function capFor(
  sources: SetupAnswers['sources'],
  given: string | undefined,
  asker: Asker | undefined,
): Promise<SetupAnswers['cap']> {
  if (given !== undefined) return readCap(given);
  const sizes = await Promise.all(sources.map(({ path }) => sourceSize(path)));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total <= parseSize(DEFAULT_CAP)) return DEFAULT_CAP;
  const found = `The sources hold ${formatBytes(total)}, more than the cap of ${DEFAULT_CAP}`;
  const enough = `${Math.ceil((2 * total) / 1024 ** 3)} GB`;
  if (asker === undefined) {
    const advice = `Say what the repository may take, such as --cap "${enough}", or --cap none.`;
    throw new HoldfastError('refused', found, { advice });
  }
  return readCap((await asker.ask(`${found}. What may the repository take, or none [${enough}]:`)) || enough);
}

function readCap(given: string): string | false {
  if (given.toLowerCase() === 'none') return false;
  parseSize(given);
  return given;
}
