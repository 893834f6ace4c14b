import type { HoldfastError } from '../../shared/errors.ts';
import { type PlatformCheck, type PlatformFinding, TEST_MESSAGE } from '../platform-check.ts';
import { boltLogger } from './bolt-logger.ts';
import { SlackApi } from './slack-api.ts';

/** Somebody waits for the answer. */
const ATTEMPTS = { attempts: 2 };
const NEW_TOKEN = 'Take the token from the app’s pages on api.slack.com and put it where the configuration points.';

/**
 * Whether Slack takes the tokens, and lets the bot into the channels and, with `post`, post there, which is deleted again. A channel's newest message is asked for, since that is what the
 * app's own permissions allow: only a member is given it.
 */
export async function checkSlack({
  apiUrl,
  channels,
  post,
  clock,
  random,
  botToken,
  appToken,
}: PlatformCheck & { botToken: string; appToken?: string | undefined }): Promise<PlatformFinding[]> {
  const stopped = new AbortController();
  const logger = boltLogger(() => {}, []);
  const open = (token: string): SlackApi =>
    new SlackApi({ token, apiUrl, clock, random, logger, signal: stopped.signal });
  const bot = open(botToken);
  const checks: (readonly [what: string, fix: string | undefined, check: () => Promise<string>])[] = [
    [
      'bot token',
      NEW_TOKEN,
      async () => {
        const { user, team } = await bot.call('auth.test', {}, ATTEMPTS);
        return `Slack takes the bot token, of ${user} in ${team}`;
      },
    ],
    ...(appToken === undefined
      ? []
      : [
          [
            'app-level token',
            NEW_TOKEN,
            async () => {
              await open(appToken).call('apps.connections.open', {}, ATTEMPTS);
              return 'Slack takes the app-level token';
            },
          ] as const,
        ]),
    ...channels.map(
      (channel) =>
        [
          `channel ${channel}`,
          undefined,
          async () => {
            await bot.call('conversations.history', { channel, limit: 1 }, ATTEMPTS);
            if (!post) return `the bot is in channel ${channel}`;
            const { ts } = await bot.call('chat.postMessage', { channel, text: TEST_MESSAGE, parse: 'none' }, ATTEMPTS);
            await bot.call('chat.delete', { channel, ts }, ATTEMPTS);
            return `a test message was posted to channel ${channel}, and deleted again`;
          },
        ] as const,
    ),
  ];
  try {
    const findings: PlatformFinding[] = [];
    for (const [what, fix, check] of checks) findings.push(await found(what, fix, check));
    return findings;
  } finally {
    stopped.abort();
  }
}

async function found(what: string, fix: string | undefined, check: () => Promise<string>): Promise<PlatformFinding> {
  try {
    return { status: 'ok', found: await check() };
  } catch (error) {
    const { message, advice, retryable } = error as HoldfastError;
    const otherwise = retryable ? 'Check the connection to the internet and https://slack-status.com.' : fix;
    return { status: 'problem', found: `${what}: ${message}`, fix: advice ?? otherwise };
  }
}
