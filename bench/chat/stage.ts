import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FakeDiscord } from '../../test/helpers/discord/fake-discord.ts';
import type { FakeSlack } from '../../test/helpers/slack/fake-slack.ts';
import { type BotProcess, startBot } from './bot-process.ts';
import { DISCORD_OWNERS, startDiscord } from './discord-people.ts';
import { PASSPHRASE } from './many-snapshots.ts';
import { SLACK_OWNERS, startSlack } from './slack-people.ts';

/** A bot that runs on both platforms. */
export interface Stage {
  discord: FakeDiscord;
  slack: FakeSlack;
  stop(): Promise<void>;
}

export interface StageOptions {
  /** An empty folder for everything that the bot writes. */
  folder: string;
  /** What is copied: a repository with many snapshots. */
  repository: string;
  /** Folders that are backed up, by the source's name. */
  sources: Readonly<Record<string, string>>;
  isAhead: boolean;
}

/** Starts the servers and the bot. Resolves as soon as the bot is connected to both. */
export async function openStage({ folder, repository, sources, isAhead }: StageOptions): Promise<Stage> {
  mkdirSync(folder, { recursive: true });
  cpSync(repository, join(folder, 'repository'), { recursive: true });
  writeFileSync(join(folder, 'passphrase'), `${PASSPHRASE}\n`);
  const discord = await startDiscord();
  const slack = await startSlack();
  let bot: BotProcess | undefined;
  const stop = async (): Promise<void> => {
    await bot?.stop();
    await discord.stop();
    await slack.goDown();
  };
  try {
    const config = join(folder, 'holdfast.yaml');
    writeFileSync(config, configText(discord, slack, sources));
    const environment = {
      DISCORD_TOKEN: discord.token,
      SLACK_BOT_TOKEN: slack.botToken,
      SLACK_APP_TOKEN: slack.appToken,
      HOLDFAST_STATE_DIR: join(folder, 'memory'),
    };
    bot = startBot(config, environment, isAhead);
    await Promise.all([bot.says('discord is connected'), bot.says('slack is connected')]);
    await discord.until('commands', () => discord.state.commands.get(discord.state.guild)?.length);
    return { discord, slack, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function configText(discord: FakeDiscord, slack: FakeSlack, sources: Readonly<Record<string, string>>): string {
  const owners = { discord: DISCORD_OWNERS.map(({ id }) => id), slack: SLACK_OWNERS };
  const sourceLines = Object.entries(sources).map(([name, path]) => `  ${name}: { files: { paths: ['${path}'] } }`);
  return `version: 1
repository: { store: ./repository, passphrase: { file: ./passphrase } }
sources:
${sourceLines.join('\n')}
owners: ${JSON.stringify(owners)}
platforms:
  discord: { token: { env: DISCORD_TOKEN }, guild: '${discord.state.guild}', apiUrl: '${discord.apiUrl}' }
  slack: { botToken: { env: SLACK_BOT_TOKEN }, appToken: { env: SLACK_APP_TOKEN }, apiUrl: '${slack.apiUrl}' }
state: ./state
schedules: { hourly: false, daily: false, weekly: false, monthly: false }
`;
}
