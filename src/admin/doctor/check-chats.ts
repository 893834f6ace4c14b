import type { PlatformCheck, PlatformFinding } from '../../bot/platform-check.ts';
import type { Config } from '../../config/config.ts';
import { resolveSecret } from '../../config/secrets.ts';
import type { SecretReference } from '../../config/values.ts';
import { doubt, type Finding, ok } from './finding.ts';

export type ChatHost = Pick<PlatformCheck, 'clock' | 'random' | 'version'> & {
  environment: Readonly<Record<string, string | undefined>>;
};

/** Whether each platform takes the bot's tokens and lets it post where it is to, tried with `post`. A token that cannot be read was told before. */
export async function checkChats(
  { platforms, routes, owners }: Config,
  host: ChatHost & Pick<PlatformCheck, 'post'>,
): Promise<Finding[]> {
  const { discord, slack } = platforms;
  const channelsOf = (platform: string): string[] => [
    ...new Set(routes.filter((route) => route.platform === platform).map(({ channel }) => channel)),
  ];
  const read = (reference: SecretReference): Promise<string | undefined> =>
    resolveSecret(reference, '', host.environment).catch(() => undefined);
  const findings: Finding[] = [];
  const add = (check: string, found: readonly PlatformFinding[]): void => {
    findings.push(...found.map((finding) => ({ check, ...finding })));
    if (channelsOf(check).length > 0) return;
    const fix = `Name a channel under notify.${check}, or nobody is told there when a backup fails.`;
    findings.push(doubt(check, 'No channel is told what happens by itself', fix));
  };
  if (discord !== undefined) {
    const token = await read(discord.token);
    const { checkDiscord } = await import('../../bot/discord/check-discord.ts');
    const { guild, apiUrl } = discord;
    if (token !== undefined) {
      add('discord', await checkDiscord({ ...host, token, guild, apiUrl, channels: channelsOf('discord') }));
    }
  }
  if (slack !== undefined) {
    const botToken = await read(slack.botToken);
    const { connection, apiUrl } = slack;
    const appToken = connection.mode === 'socket' ? await read(connection.appToken) : undefined;
    const { checkSlack } = await import('../../bot/slack/check-slack.ts');
    if (botToken !== undefined) {
      add('slack', await checkSlack({ ...host, botToken, appToken, apiUrl, channels: channelsOf('slack') }));
    }
  }
  const hasChat = discord !== undefined || slack !== undefined;
  if (!hasChat) {
    findings.push(
      ok(
        'platforms',
        'No chat is configured: what is scheduled runs under `serve`, and failures are told in its log or on its terminal alone',
      ),
    );
  }
  if (hasChat && owners.length === 0)
    findings.push(ok('owners', 'None is named: whoever sends the code that the bot prints becomes one'));
  return findings;
}
