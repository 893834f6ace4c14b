import type { Platform } from '../bot/platform.ts';
import type { PlatformOptions } from '../bot/platform-options.ts';
import type { Config } from '../config/config.ts';
import type { SecretReference } from '../config/values.ts';

type Resolve = (reference: SecretReference, what: string) => Promise<string>;

/** The chat platforms that are configured. Their libraries are loaded only when they are used. */
export async function makePlatforms(
  { platforms }: Config,
  options: PlatformOptions,
  resolve: Resolve,
): Promise<Platform[]> {
  const { discord, slack } = platforms;
  const made: Platform[] = [];
  if (discord !== undefined) {
    const { createDiscordPlatform } = await import('../bot/discord/discord-platform.ts');
    const token = await resolve(discord.token, 'platforms.discord.token');
    made.push(createDiscordPlatform({ ...options, token, guild: discord.guild, apiUrl: discord.apiUrl }));
  }
  if (slack !== undefined) {
    const { createSlackPlatform } = await import('../bot/slack/slack-platform.ts');
    const { connection } = slack;
    const common = {
      ...options,
      apiUrl: slack.apiUrl,
      botToken: await resolve(slack.botToken, 'platforms.slack.botToken'),
    };
    if (connection.mode === 'socket') {
      const appToken = await resolve(connection.appToken, 'platforms.slack.appToken');
      made.push(createSlackPlatform({ ...common, mode: 'socket', appToken }));
    } else {
      const signingSecret = await resolve(connection.signingSecret, 'platforms.slack.signingSecret');
      made.push(createSlackPlatform({ ...common, mode: 'http', signingSecret, port: connection.port }));
    }
  }
  return made;
}
