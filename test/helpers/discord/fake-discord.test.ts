import { describe, expect, it } from 'vitest';
import { FakeDiscord } from './fake-discord.ts';
import type { Json } from './judge-body.ts';

/** Sends one request as the bot would, without its library. */
async function send(
  discord: FakeDiscord,
  method: string,
  path: string,
  body: Json | Json[],
): Promise<{ status: number; answer: Json }> {
  const response = await fetch(`${discord.apiUrl}/v10${path}`, {
    method,
    headers: { authorization: `Bot ${discord.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, answer: text === '' ? {} : (JSON.parse(text) as Json) };
}

const row = (...components: Json[]): Json => ({ type: 1, components });
const button = (custom_id: string, extra: Json = {}): Json => ({ type: 2, style: 1, custom_id, label: 'x', ...extra });
const select = (options: Json[]): Json => ({ type: 3, custom_id: 's', options });
const embed = (size: number): Json => ({ description: 'x'.repeat(size) });

describe('the Discord of the tests', () => {
  it.each<[string, Json]>([
    ['a content that is too long', { content: 'x'.repeat(2001) }],
    ['an embed that is too long', { embeds: [embed(4097)] }],
    ['embeds that are too long together', { embeds: [embed(4000), embed(2001)] }],
    ['too many embeds', { embeds: Array.from({ length: 11 }, () => embed(1)) }],
    ['too many rows', { content: 'x', components: Array.from({ length: 6 }, (_, i) => row(button(`b${i}`))) }],
    [
      'too many buttons in a row',
      { content: 'x', components: [row(...Array.from({ length: 6 }, (_, i) => button(`b${i}`)))] },
    ],
    ['an empty row', { content: 'x', components: [row()] }],
    ['an ID that is there twice', { content: 'x', components: [row(button('b'), button('b'))] }],
    ['an ID that is too long', { content: 'x', components: [row(button('b'.repeat(101)))] }],
    ['a button without a label', { content: 'x', components: [row(button('b', { label: '' }))] }],
    ['a label that is too long', { content: 'x', components: [row(button('b', { label: 'x'.repeat(81) }))] }],
    ['a select without options', { content: 'x', components: [row(select([]))] }],
    [
      'a value that is there twice',
      {
        content: 'x',
        components: [
          row(
            select([
              { label: 'a', value: 'v' },
              { label: 'b', value: 'v' },
            ]),
          ),
        ],
      },
    ],
    [
      'too many options',
      {
        content: 'x',
        components: [row(select(Array.from({ length: 26 }, (_, i) => ({ label: 'a', value: `${i}` }))))],
      },
    ],
    ['an unknown property', { content: 'x', colour: 1 }],
    ['a property of the wrong type', { content: 'x', embeds: {} }],
    ['an unusable flag', { content: 'x', flags: 1 << 15 }],
    ['an attachment that was not sent', { content: 'x', attachments: [{ id: '0', filename: 'a' }] }],
  ])('refuses %s', async (_name, body) => {
    const discord = await FakeDiscord.start();
    const { status, answer } = await send(discord, 'POST', '/channels/77/messages', body);
    expect([status, answer.code]).toEqual([400, 50035]);
    await discord.stop();
  });

  it.each<[string, Json]>([
    ['nothing at all', {}],
    ['only blanks', { content: ' \n' }],
  ])('refuses a message of %s', async (_name, body) => {
    const discord = await FakeDiscord.start();
    expect(await send(discord, 'POST', '/channels/77/messages', body)).toMatchObject({
      status: 400,
      answer: { code: 50006 },
    });
    await discord.stop();
  });

  it.each<[string, Json]>([
    ['a name with a capital', { name: 'Backup', description: 'x' }],
    ['no description', { name: 'backup' }],
    ['a description that is too long', { name: 'backup', description: 'x'.repeat(101) }],
    [
      'a required option behind a free one',
      {
        name: 'backup',
        description: 'x',
        options: [
          { type: 3, name: 'a', description: 'x' },
          { type: 3, name: 'b', description: 'x', required: true },
        ],
      },
    ],
    ['contexts in a guild', { name: 'backup', description: 'x', contexts: [0] }],
  ])('refuses a command with %s', async (_name, command) => {
    const discord = await FakeDiscord.start();
    const path = `/applications/${discord.state.applicationId}/guilds/${discord.state.guild}/commands`;
    expect(await send(discord, 'PUT', path, [command])).toMatchObject({ status: 400, answer: { code: 50035 } });
    await discord.stop();
  });

  it('refuses who is not the bot', async () => {
    const discord = await FakeDiscord.start();
    const response = await fetch(`${discord.apiUrl}/v10/gateway/bot`, { headers: { authorization: 'Bot other' } });
    expect(response.status).toBe(401);
    await discord.stop();
  });

  it('counts whom a message without allowed mentions would notify', async () => {
    const discord = await FakeDiscord.start();
    await send(discord, 'POST', '/channels/77/messages', { content: '@everyone <@1> <@&2>' });
    await send(discord, 'POST', '/channels/77/messages', { content: '@everyone', allowed_mentions: { parse: [] } });
    expect(discord.messages('77').map(({ pings }) => pings)).toEqual([['@everyone', '<@1>', '<@&2>'], []]);
    await discord.stop();
  });

  it('tells to slow down when a bucket is empty', async () => {
    const discord = await FakeDiscord.start();
    discord.rest.bucket = { limit: 1, windowMs: 60_000 };
    await send(discord, 'POST', '/channels/77/messages', { content: 'one' });
    const { status, answer } = await send(discord, 'POST', '/channels/77/messages', { content: 'two' });
    expect([status, answer.global]).toEqual([429, false]);
    expect(answer.retry_after).toBeGreaterThan(0);
    await discord.stop();
  });
});
