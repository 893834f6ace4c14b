import {
  type APIChannel,
  type APIGuild,
  type APIGuildMember,
  type APIMessage,
  type APIOverwrite,
  type APIUser,
  PermissionFlagsBits,
  RequestMethod,
  type RouteLike,
  Routes,
} from 'discord.js';
import type { HoldfastError } from '../../shared/errors.ts';
import { type PlatformCheck, type PlatformFinding, TEST_MESSAGE } from '../platform-check.ts';
import { API_URL, DiscordApi, type Patience } from './discord-api.ts';
import { toHoldfastError } from './discord-errors.ts';

/** Somebody waits for the answer. */
const BRIEFLY: Patience = { forMs: 8000, firstPauseMs: 500, attemptMs: 4000 };

const NEEDED = {
  'View Channel': PermissionFlagsBits.ViewChannel,
  'Send Messages': PermissionFlagsBits.SendMessages,
  'Embed Links': PermissionFlagsBits.EmbedLinks,
  'Attach Files': PermissionFlagsBits.AttachFiles,
} as const;

/** Whether Discord takes the token, and lets the bot post in the channels. With `post` it does, and deletes that again. */
export async function checkDiscord({
  apiUrl = API_URL,
  channels,
  post,
  clock,
  random,
  version,
  token,
  guild,
}: PlatformCheck & { token: string; guild?: string | undefined }): Promise<PlatformFinding[]> {
  const stopped = new AbortController();
  const userAgent = `Holdfast/${version}`;
  const api = new DiscordApi({ token, apiUrl, clock, random, userAgent, signal: stopped.signal });
  const ask: Ask = async (method, route, body) => {
    try {
      return await api.request('bot', method, route, body === undefined ? {} : { body }, BRIEFLY);
    } catch (error) {
      throw toHoldfastError(error);
    }
  };
  const get: Get = (route) => ask(RequestMethod.Get, route);
  try {
    const self = (await get(Routes.user())) as APIUser;
    const findings: PlatformFinding[] = [{ status: 'ok', found: `Discord takes the token, of ${self.username}` }];
    if (guild !== undefined) findings.push(await told(`server ${guild}`, () => checkGuild(guild, get)));
    for (const channel of channels) {
      const found = await told(`channel ${channel}`, () => checkChannel(channel, self.id, get));
      findings.push(found);
      if (post && found.status === 'ok')
        findings.push(await told(`channel ${channel}`, () => tryPosting(channel, ask)));
    }
    return findings;
  } catch (error) {
    return [failed('Discord', error as HoldfastError)];
  } finally {
    stopped.abort();
  }
}

type Ask = (method: RequestMethod, route: RouteLike, body?: Record<string, unknown>) => Promise<unknown>;
type Get = (route: RouteLike) => Promise<unknown>;

async function told(what: string, check: () => Promise<PlatformFinding>): Promise<PlatformFinding> {
  try {
    return await check();
  } catch (error) {
    return failed(what, error as HoldfastError);
  }
}

const failed = (what: string, { message, advice }: HoldfastError): PlatformFinding => ({
  status: 'problem',
  found: `${what}: ${message}`,
  fix: advice,
});

async function checkGuild(guild: string, get: Get): Promise<PlatformFinding> {
  const { name } = (await get(Routes.guild(guild))) as APIGuild;
  return { status: 'ok', found: `the bot is in the server ${name}` };
}

async function checkChannel(channel: string, self: string, get: Get): Promise<PlatformFinding> {
  const found = (await get(Routes.channel(channel))) as APIChannel;
  const guild = 'guild_id' in found ? found.guild_id : undefined;
  if (guild === undefined) return { status: 'ok', found: `channel ${channel} is a direct conversation` };
  const overwrites = 'permission_overwrites' in found ? (found.permission_overwrites ?? []) : [];
  const [{ roles }, member] = (await Promise.all([get(Routes.guild(guild)), get(Routes.guildMember(guild, self))])) as [
    APIGuild,
    APIGuildMember,
  ];
  const granted = permissionsIn({ guild, self, roles, member, overwrites });
  const missing = Object.entries(NEEDED).flatMap(([name, bit]) => ((granted & bit) === bit ? [] : [name]));
  if (missing.length === 0) return { status: 'ok', found: `the bot may post in channel ${channel}` };
  return {
    status: 'problem',
    found: `in channel ${channel} the bot lacks ${missing.join(', ')}`,
    fix: `Give the bot ${missing.join(', ')} there.`,
  };
}

async function tryPosting(channel: string, ask: Ask): Promise<PlatformFinding> {
  const words = { content: TEST_MESSAGE, allowed_mentions: { parse: [] } };
  const { id } = (await ask(RequestMethod.Post, Routes.channelMessages(channel), words)) as APIMessage;
  await ask(RequestMethod.Delete, Routes.channelMessage(channel, id));
  return { status: 'ok', found: `a test message was posted to channel ${channel}, and deleted again` };
}

interface Membership {
  guild: string;
  self: string;
  roles: APIGuild['roles'];
  member: Pick<APIGuildMember, 'roles'>;
  overwrites: readonly Pick<APIOverwrite, 'id' | 'allow' | 'deny'>[];
}

/**
 * What a member may do in a channel: the server's roles, then what the channel says of everybody, of the roles, of the member
 * (https://docs.discord.com/developers/topics/permissions#permission-overwrites).
 */
function permissionsIn({ guild, self, roles, member, overwrites }: Membership): bigint {
  const own = new Set<string>([guild, ...member.roles]);
  const base = roles.reduce((sum, { id, permissions }) => (own.has(id) ? sum | BigInt(permissions) : sum), 0n);
  if ((base & PermissionFlagsBits.Administrator) !== 0n) return ~0n;
  const layers = [
    overwrites.filter(({ id }) => id === guild),
    overwrites.filter(({ id }) => id !== guild && own.has(id)),
    overwrites.filter(({ id }) => id === self),
  ];
  return layers.reduce((granted, layer) => {
    const deny = layer.reduce((sum, one) => sum | BigInt(one.deny), 0n);
    const allow = layer.reduce((sum, one) => sum | BigInt(one.allow), 0n);
    return (granted & ~deny) | allow;
  }, base);
}
