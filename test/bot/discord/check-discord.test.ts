import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PermissionFlagsBits } from 'discord.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkDiscord } from '../../../src/bot/discord/check-discord.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { systemRandom } from '../../../src/shared/random.ts';

const { ViewChannel, SendMessages, EmbedLinks, AttachFiles, Administrator } = PermissionFlagsBits;
const ALL = ViewChannel | SendMessages | EmbedLinks | AttachFiles;

let server: Server;
/** What is answered, by path. */
let answers: Record<string, unknown>;
/** What was asked besides reading. */
let changes: string[];

const everybody = (permissions: bigint) => ({ id: '9', permissions: String(permissions) });
const overwrite = (id: string, change: { allow?: bigint; deny?: bigint }) => ({
  id,
  allow: String(change.allow ?? 0n),
  deny: String(change.deny ?? 0n),
});

function channelWith(roles: unknown[], overwrites: unknown[] = []): void {
  answers['/guilds/9'] = { id: '9', name: 'Home', roles };
  answers['/channels/77'] = { id: '77', guild_id: '9', permission_overwrites: overwrites };
}

const check = (token = 'right', post = false) => {
  const { port } = server.address() as AddressInfo;
  const apiUrl = `http://127.0.0.1:${port}/api`;
  return checkDiscord({
    token,
    apiUrl,
    guild: '9',
    channels: ['77'],
    post,
    clock: systemClock,
    random: systemRandom,
    version: '1',
  });
};

beforeEach(async () => {
  changes = [];
  answers = { '/users/@me': { id: '5', username: 'holdfast' }, '/guilds/9/members/5': { roles: ['3'] } };
  server = createServer((request, response) => {
    if (request.method !== 'GET') changes.push(`${request.method} ${request.url?.replace('/api/v10', '')}`);
    const isKnown = request.headers.authorization === 'Bot right';
    const answer = answers[request.url?.replace('/api/v10', '') ?? ''];
    response.writeHead(isKnown ? (answer === undefined ? 404 : 200) : 401, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(isKnown ? (answer ?? { code: 10003, message: 'Unknown Channel' }) : { code: 0, message: '401' }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(() => new Promise((resolve) => server.close(resolve)));

describe('the check of Discord', () => {
  it('finds that the bot may post', async () => {
    channelWith([everybody(ViewChannel), { id: '3', permissions: String(ALL) }]);
    expect((await check()).map(({ status }) => status)).toEqual(['ok', 'ok', 'ok']);
    expect(changes).toEqual([]);
  });

  it('posts a message and deletes it again where that is wanted, and nowhere that it may not', async () => {
    channelWith([everybody(ALL)]);
    answers['/channels/77/messages'] = { id: '88' };
    answers['/channels/77/messages/88'] = {};
    expect((await check('right', true)).at(-1)).toEqual({
      status: 'ok',
      found: 'a test message was posted to channel 77, and deleted again',
    });
    expect(changes).toEqual(['POST /channels/77/messages', 'DELETE /channels/77/messages/88']);
    channelWith([everybody(0n)]);
    expect(await check('right', true)).toHaveLength(3);
    expect(changes).toHaveLength(2);
  });

  it('tells that a message was refused although the bot may post', async () => {
    channelWith([everybody(ALL)]);
    expect((await check('right', true)).at(-1)).toMatchObject({ status: 'problem' });
  });

  it('finds a token that Discord refuses', async () => {
    expect(await check('wrong')).toMatchObject([
      { status: 'problem', fix: expect.stringContaining('Reset the token') },
    ]);
  });

  it('finds a channel that is not there', async () => {
    answers['/guilds/9'] = { id: '9', name: 'Home', roles: [] };
    expect((await check()).at(-1)).toMatchObject({ status: 'problem', fix: expect.stringContaining('channel ID') });
  });

  it.each([
    { what: 'everybody', overwrites: [overwrite('9', { deny: SendMessages })], lacks: 'Send Messages' },
    { what: 'a role of its own', overwrites: [overwrite('3', { deny: AttachFiles })], lacks: 'Attach Files' },
    {
      what: 'the bot',
      overwrites: [overwrite('5', { deny: ViewChannel | EmbedLinks })],
      lacks: 'View Channel, Embed Links',
    },
  ])('names what a channel takes from $what', async ({ overwrites, lacks }) => {
    channelWith([everybody(ALL)], overwrites);
    expect((await check()).at(-1)).toMatchObject({ status: 'problem', fix: `Give the bot ${lacks} there.` });
  });

  it('lets a channel give the bot back what it takes from everybody, and nothing to roles of others', async () => {
    const taken = overwrite('9', { deny: SendMessages });
    channelWith([everybody(ALL)], [overwrite('5', { allow: SendMessages }), taken]);
    expect((await check()).at(-1)).toMatchObject({ status: 'ok' });
    channelWith([everybody(ALL)], [overwrite('4', { allow: SendMessages }), taken]);
    expect((await check()).at(-1)).toMatchObject({ status: 'problem' });
  });

  it('lets administrators do everything', async () => {
    channelWith([everybody(0n), { id: '3', permissions: String(Administrator) }], [overwrite('9', { deny: ALL })]);
    expect((await check()).at(-1)).toMatchObject({ status: 'ok' });
  });
});
