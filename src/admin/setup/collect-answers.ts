import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { HoldfastError } from '../../shared/errors.ts';
import { formatBytes, parseSize } from '../../shared/sizes.ts';
import { type Asker, askFor } from './ask.ts';
import { checkAnswer } from './check-answers.ts';
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
  place: { config: string; home: string | undefined },
  asker: Asker | undefined,
): Promise<SetupAnswers> {
  const folder = dirname(place.config);
  let flags = given;
  const store = flags.store ?? (asker && (await askStore(asker, place)));
  const sources = await sourcesOf(flags.source, asker, place);
  const chats = asker === undefined || flags.discordTokenEnv || flags.slackBotTokenEnv ? '' : await askChat(asker);
  const discordEnv = flags.discordTokenEnv ?? (chats === 'discord' ? VARIABLES.discord : undefined);
  const botEnv = flags.slackBotTokenEnv ?? (chats === 'slack' ? VARIABLES.bot : undefined);
  if (asker !== undefined && chats !== '') {
    const variables = chats === 'discord' ? VARIABLES.discord : `${VARIABLES.bot} and ${VARIABLES.app}`;
    flags = await askPeople({ ...flags }, chats, variables, asker);
  }
  const owners = byPlatform('--owner', flags.owner);
  const notify = byPlatform('--notify', flags.notify);
  const listens = { discord: discordEnv !== undefined, slack: botEnv !== undefined };
  requireListening('--owner', owners, listens);
  requireListening('--notify', notify, listens);
  return {
    store: store ? absolute(store) : join(folder, 'repository'),
    sources,
    discord: discordEnv === undefined ? undefined : { tokenEnv: discordEnv, guild: flags.discordGuild },
    slack:
      botEnv === undefined ? undefined : { botTokenEnv: botEnv, appTokenEnv: flags.slackAppTokenEnv ?? VARIABLES.app },
    owners,
    notify: firstChannels(notify),
    cap: await capFor(sources, flags.cap, asker),
    passphraseFile: flags.passphraseFile === undefined ? join(folder, 'passphrase') : resolve(flags.passphraseFile),
  };
}

const absolute = (store: string): string => (isUrl(store) ? store : resolve(store));

/** A shell would have put the home folder in its place. */
const fromHome = (path: string, home: string | undefined): string =>
  home !== undefined && /^~(?=\/|$)/.test(path) ? join(home, path.slice(1)) : path;

function askStore(asker: Asker, { home }: { home: string | undefined }): Promise<string> {
  return askFor(asker, 'Folder for the backups [./repository]:', async (answer) => {
    const store = fromHome(answer, home);
    const found = store === '' || isUrl(store) ? undefined : await stat(store).catch(() => undefined);
    if (found?.isDirectory() === false) throw new HoldfastError('usage', `${store} is not a folder`);
    return store;
  });
}

const isUrl = (store: string): boolean => /^[a-z][a-z0-9+.-]+:/.test(store);

async function sourcesOf(
  given: readonly string[],
  asker: Asker | undefined,
  { home }: { home: string | undefined },
): Promise<SetupAnswers['sources']> {
  const sources: SetupAnswers['sources'][number][] = [];
  for (const pair of given) sources.push(await readSource(pair, sources, undefined));
  while (asker !== undefined && given.length === 0) {
    const question = `${sources.length === 0 ? 'What to back up' : 'One more, or nothing'}, as NAME=FOLDER:`;
    const source = await askFor(asker, question, (answer) =>
      answer === '' ? undefined : readSource(answer, sources, home),
    );
    if (source !== undefined) sources.push(source);
    else if (sources.length > 0) break;
  }
  if (sources.length > 0) return sources;
  throw new HoldfastError('usage', 'It is not said what to back up', { advice: 'Use --source NAME=FOLDER.' });
}

async function readSource(
  pair: string,
  others: SetupAnswers['sources'],
  home: string | undefined,
): Promise<SetupAnswers['sources'][number]> {
  const [, name = '', written = ''] = /^([^=]+)=(.+)$/.exec(pair) ?? [];
  if (name === '') throw new HoldfastError('usage', `A source is NAME=FOLDER, not ${JSON.stringify(pair)}`);
  const path = resolve(fromHome(written, home));
  checkAnswer({ sources: [{ name, path }] });
  const isThere = await stat(path).catch(() => undefined);
  if (isThere === undefined) throw new HoldfastError('usage', `The folder of ${name}, ${path}, cannot be found`);
  if (others.some((other) => other.name === name)) throw new HoldfastError('usage', `Two sources are named ${name}`);
  return { name, path };
}

async function askChat(asker: Asker): Promise<'' | 'discord' | 'slack'> {
  for (;;) {
    const answer = (await asker.ask('Chat to listen on: discord, slack or none [none]:')).toLowerCase();
    if (answer === '' || answer === 'none') return '';
    if (answer === 'discord' || answer === 'slack') return answer;
  }
}

async function askPeople(
  flags: SetupFlags,
  chat: 'discord' | 'slack',
  variables: string,
  asker: Asker,
): Promise<SetupFlags> {
  const owner = await askFor(
    asker,
    `Tokens will be read from ${variables}. Your ID on ${chat} (nothing: claim the bot with the code that it prints):`,
    (id) => {
      if (id !== '') checkAnswer({ owners: { discord: [], slack: [], [chat]: [id] } });
      return id;
    },
  );
  const channel = await askFor(
    asker,
    `ID of the channel on ${chat} that is told of failures (nothing: none):`,
    (id) => {
      if (id !== '') checkAnswer({ notify: { [chat]: id } });
      return id;
    },
  );
  return {
    ...flags,
    owner: owner === '' ? flags.owner : [...flags.owner, `${chat}:${owner}`],
    notify: channel === '' ? flags.notify : [...flags.notify, `${chat}:${channel}`],
  };
}

const firstChannels = (notify: Record<'discord' | 'slack', string[]>): SetupAnswers['notify'] =>
  Object.fromEntries(
    Object.entries(notify).flatMap(([platform, [channel]]) => (channel === undefined ? [] : [[platform, channel]])),
  );

/** Otherwise nobody would hear of a failure, and somebody relies on it. */
function requireListening(
  option: string,
  named: Record<'discord' | 'slack', string[]>,
  listens: Record<'discord' | 'slack', boolean>,
): void {
  for (const [platform, tokens] of [
    ['discord', '--discord-token-env'],
    ['slack', '--slack-bot-token-env'],
  ] as const) {
    const [id] = named[platform];
    if (id === undefined || listens[platform]) continue;
    throw new HoldfastError('usage', `${option} ${platform}:${id} is on a chat that the bot does not listen on`, {
      advice: `Say with ${tokens} which variable holds its token.`,
    });
  }
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
  const question = `${found}. What may the repository take, or none [${enough}]:`;
  return askFor(asker, question, (answer) => readCap(answer || enough));
}

function readCap(given: string): string | false {
  if (given.toLowerCase() === 'none') return false;
  parseSize(given);
  return given;
}
