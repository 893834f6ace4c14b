import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { good, stack, text } from '../../../src/view/view.ts';
import { createBot, type DiscordBot, startBot } from '../../helpers/discord/discord-bot.ts';
import { slowDown } from '../../helpers/discord/discord-refusal.ts';
import { textOf } from '../../helpers/discord/fake-discord.ts';
import type { FakeRequest } from '../../helpers/discord/fake-rest.ts';
import { GALLERY } from '../../helpers/view-gallery.ts';

const isPost = ({ method, path }: FakeRequest): boolean => method === 'POST' && path.endsWith('/messages');
const isCallback = ({ path }: FakeRequest): boolean => path.endsWith('/callback');
/** Sleeps take a fiftieth of their time. */
const FAST = { hurry: 50 };

describe('a message to a channel', () => {
  it.each([
    ['a server error', { status: 503 }],
    ['a lost connection', 'cut'],
    ['no answer at all', 'hang'],
    ['a rate limit', slowDown(0.1)],
    ['a global rate limit', slowDown(0.1, true)],
  ] as const)('is posted once after %s, tried again', async (_name, what) => {
    await using bot = await startBot({ hurry: 100 });
    bot.discord.fail(isPost, what, 2);
    const ref = await bot.platform.post('77', good('Backed up'), { key: 'run-1' });
    expect(bot.discord.messages('77').map(({ id }) => id)).toEqual([ref.message]);
  });

  it('is posted once where the answer to the first attempt was lost', async () => {
    await using bot = await startBot(FAST);
    bot.discord.fail(isPost, 'lose');
    const ref = await bot.platform.post('77', good('Backed up'));
    expect(bot.discord.messages('77').map(({ id }) => id)).toEqual([ref.message]);
  });

  it('is posted once for each key', async () => {
    await using bot = await startBot();
    const key = 'a key that is longer than what Discord takes as a nonce';
    const first = await bot.platform.post('77', text('one'), { key });
    expect(await bot.platform.post('77', text('one'), { key })).toEqual(first);
    await bot.platform.post('77', text('two'), { key: `${key} 2` });
    await bot.platform.post('77', text('three'));
    await bot.platform.post('77', text('three'));
    expect(bot.discord.messages('77').map(textOf)).toEqual(['one', 'two', 'three', 'three']);
  });

  it('waits as long as Discord says', async () => {
    await using bot = await startBot();
    bot.discord.fail(isPost, slowDown(0.3));
    const startedMs = performance.now();
    await bot.platform.post('77', text('patient'));
    expect(performance.now() - startedMs).toBeGreaterThan(290);
    expect(bot.discord.rest.requests.filter(isPost)).toHaveLength(2);
  });

  it('keeps to the limit of its bucket without being told off', async () => {
    await using bot = await startBot();
    bot.discord.rest.bucket = { limit: 3, windowMs: 200 };
    for (let i = 0; i < 8; i++) await bot.platform.post('77', text(`message ${i}`));
    expect(bot.discord.messages('77')).toHaveLength(8);
    expect(bot.discord.rest.requests.filter(({ status }) => status === 429)).toEqual([]);
  });

  it('is given up when Discord is away for long', async () => {
    await using bot = await startBot(FAST);
    const { discord, clock, platform } = bot;
    discord.fail(isPost, { status: 500 }, 1000);
    const post = platform.post('77', text('never'));
    post.catch(() => {});
    await discord.until('some attempts', () => discord.rest.requests.filter(isPost).length > 3);
    clock.putForward(10 * 60_000);
    await expect(post).rejects.toMatchObject({ code: 'platform_unavailable', retryable: true });
  });

  it.each([
    ['the channel is gone', '4711', (_bot: DiscordBot) => {}, 'not_found'],
    [
      'the bot may not see it',
      '77',
      (bot: DiscordBot) => bot.discord.state.channels.get('77')?.denied.add('view'),
      'permission',
    ],
    [
      'the bot may not write',
      '77',
      (bot: DiscordBot) => bot.discord.state.channels.get('77')?.denied.add('send'),
      'permission',
    ],
  ] as const)('is refused where %s, and not tried again', async (_name, channel, prepare, code) => {
    await using bot = await startBot();
    prepare(bot);
    await expect(bot.platform.post(channel, text('hello'))).rejects.toMatchObject({ name: 'HoldfastError', code });
    expect(bot.discord.rest.requests.filter(isPost)).toHaveLength(1);
  });

  it('that is gone cannot be edited', async () => {
    await using bot = await startBot();
    const ref = await bot.platform.post('77', text('hello'));
    bot.discord.messages('77')[0]!.deleted = true;
    await expect(bot.platform.edit(ref, text('there'))).rejects.toMatchObject({ code: 'not_found' });
  });

  it('can be edited by another process', async () => {
    await using bot = await startBot();
    const ref = await bot.platform.post('77', text('hello'));
    await using other = await createBot({ apiUrl: bot.discord.apiUrl });
    await other.platform.edit(JSON.parse(JSON.stringify(ref)), text('there'));
    expect(bot.discord.messages('77').map(textOf)).toEqual(['there']);
  });

  it('shows the last of many edits', async () => {
    await using bot = await startBot(FAST);
    const ref = await bot.platform.post('77', text('0'));
    bot.discord.fail(({ method }) => method === 'PATCH', { status: 502 }, 2);
    await Promise.all(Array.from({ length: 10 }, (_, i) => bot.platform.edit(ref, text(`${i + 1}`))));
    expect(bot.discord.messages('77').map(textOf)).toEqual(['10']);
  });
});

describe('what Discord accepts', () => {
  it.each(Object.keys(GALLERY))('is every View: %s', async (name) => {
    await using bot = await createBot();
    await bot.platform.post('77', GALLERY[name]!());
    const [message] = bot.discord.messages('77');
    expect(message?.pings).toEqual([]);
    expect(bot.discord.rest.requests.at(-1)?.body).toMatchObject({ allowed_mentions: { parse: [] } });
  });

  it('is a View that begins where another ended', async () => {
    await using bot = await createBot();
    const all = stack(...Object.values(GALLERY).map((view) => view()));
    const ref = await bot.platform.post('77', all);
    await bot.platform.edit(ref, text('short'));
    expect(bot.discord.messages('77')).toMatchObject([{ content: '', components: [], attachments: [] }]);
  });
});

describe.concurrent('the connection to Discord', () => {
  it('asks for nothing but servers', async () => {
    await using bot = await startBot();
    expect(bot.discord.gateway.intents).toBe(1);
  });

  it('resumes after a drop, and an interaction that came meanwhile is answered', async () => {
    await using bot = await startBot();
    const { discord, events } = bot;
    events.command = (_event, reply) => reply.show(text('here'));
    discord.gateway.drop();
    const interaction = discord.call('list');
    await discord.answer(interaction);
    expect(discord.gateway).toMatchObject({ identifies: 1, resumes: 1 });
    await discord.until('states', () => events.states.at(-1)?.state === 'connected');
    expect(events.states.map(({ state }) => state)).toEqual(['starting', 'connected', 'disconnected', 'connected']);
  });

  it('connects anew where Discord asks it to', async () => {
    await using bot = await startBot();
    bot.discord.gateway.askToReconnect();
    await bot.discord.until('a resumption', () => bot.discord.gateway.resumes === 1);
  });

  it('identifies again where the session is over', async () => {
    await using bot = await startBot();
    const { discord, events } = bot;
    discord.gateway.invalidate(false);
    await discord.until('a new session', () => discord.gateway.identifies === 2 && discord.gateway.isConnected);
    await discord.until('states', () => events.states.at(-1)?.state === 'connected');
    events.command = (_event, reply) => reply.show(text('here'));
    await discord.answer(discord.call('list'));
  });

  it('notices that nobody answers its signs of life', async () => {
    await using bot = await createBot();
    const { discord, events, platform } = bot;
    discord.gateway.heartbeatMs = 200;
    discord.gateway.answersHeartbeats = false;
    await platform.start(events);
    await discord.until('a resumption', () => discord.gateway.resumes > 0);
  });

  it('is tried until Discord is there', async () => {
    await using bot = await createBot(FAST);
    const { discord, platform, events } = bot;
    discord.fail(({ path }) => path === '/gateway/bot', { status: 500 }, 4);
    await platform.start(events);
    expect(discord.gateway.isConnected).toBe(true);
    expect(events.states.map(({ state }) => state)).toContain('disconnected');
  });

  it('is tried until something listens at all, and may be stopped meanwhile', async () => {
    await using bot = await createBot({ ...FAST, apiUrl: 'http://127.0.0.1:9/api' });
    const { platform, events, discord } = bot;
    const start = platform.start(events);
    await discord.until('attempts', () => events.states.filter(({ state }) => state === 'disconnected').length > 2);
    await platform.stop();
    await start;
    expect(events.states.at(-2)?.detail).toMatch(/ECONNREFUSED/);
    expect(events.states.at(-1)?.state).toBe('stopped');
  });

  it.each(['cuts', 'hangs'] as const)(
    'is given a new client where the old one does not manage: Discord %s',
    async (trouble) => {
      await using bot = await startBot({ hurry: 50 });
      const { discord, events } = bot;
      discord.gateway.trouble = trouble;
      discord.gateway.drop();
      await discord.until('a lost client', () =>
        events.states.some(({ detail }) => detail === 'Discord does not answer'),
      );
      discord.gateway.trouble = undefined;
      await discord.until('a new session', () => discord.gateway.identifies > 1 && discord.gateway.isConnected);
      events.command = (_event, reply) => reply.show(text('here'));
      await discord.answer(discord.call('list'));
    },
  );

  it('ends with a clear error where the token is wrong', async () => {
    await using bot = await createBot({ token: 'a-wrong-token' });
    const error = await bot.platform.start(bot.events).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'HoldfastError', code: 'usage', exitStatus: 2 });
    expect(inspect(error, { depth: 9 })).not.toContain('a-wrong-token');
  });

  it.each([4004, 4014])('ends with a clear error where the gateway refuses the bot: %i', async (code) => {
    await using bot = await createBot();
    bot.discord.gateway.refusal = code;
    await expect(bot.platform.start(bot.events)).rejects.toMatchObject({ code: 'usage' });
  });

  it('says so when the token is no longer accepted later, and does not go on trying', async () => {
    await using bot = await startBot(FAST);
    const { discord, events, log, platform } = bot;
    discord.token = 'reset';
    discord.gateway.invalidate(false);
    await discord.until('the end', () => events.states.at(-1)?.state === 'stopped');
    expect(log.map(({ message }) => message).join()).toMatch(/refuses the bot's token/);
    await expect(platform.post('77', text('hello'))).rejects.toMatchObject({ code: 'permission' });
  });

  it('is let go of while Discord hangs in the middle of a handshake', async () => {
    await using bot = await createBot();
    const { discord, platform, events } = bot;
    discord.gateway.trouble = 'hangs';
    const start = platform.start(events);
    await discord.until('a handshake', () => discord.gateway.attempts > 0);
    await platform.stop();
    await start;
  });

  it('is let go of while a message hangs', async () => {
    await using bot = await startBot(FAST);
    const { discord, platform } = bot;
    discord.fail(isPost, 'hang', 100);
    const post = platform.post('77', text('never'));
    post.catch(() => {});
    await discord.until('an attempt', () => discord.rest.requests.some(isPost));
    await platform.stop();
    await expect(post).rejects.toMatchObject({ code: 'platform_unavailable' });
  });
});

describe('an event from Discord', () => {
  it('that is delivered twice is handed on twice with the same ID', async () => {
    await using bot = await startBot();
    const { discord, events } = bot;
    const interaction = discord.call('backup');
    await discord.until('the first', () => events.commands.length === 1);
    discord.deliverAgain(interaction);
    await discord.until('the second', () => events.commands.length === 2);
    expect(events.commands.map(({ event }) => event.eventId)).toEqual([interaction.id, interaction.id]);
  });

  it('may come before an earlier one', async () => {
    await using bot = await startBot();
    const { discord, events } = bot;
    events.command = (event, reply) => reply.show(text(event.command));
    discord.gateway.hold();
    const first = discord.call('list');
    const second = discord.call('status');
    discord.gateway.release(true);
    expect(textOf(await discord.answer(first))).toBe('list');
    expect(textOf(await discord.answer(second))).toBe('status');
  });

  it.each([
    ['a server error', { status: 500 }],
    ['a lost connection', 'cut'],
    ['a lost answer', 'lose'],
  ] as const)('is acknowledged and handed on once in spite of %s', async (_name, what) => {
    await using bot = await startBot();
    const { discord, events } = bot;
    discord.fail(isCallback, what);
    discord.call('backup');
    await discord.until('the event', () => events.commands.length > 0);
    expect(discord.state.interactions.at(-1)?.acknowledgedAfterMs).toBeLessThan(2500);
  });

  it('is answered in the channel where nobody knows whether it was acknowledged', async () => {
    await using bot = await startBot(FAST);
    const { discord, events } = bot;
    events.command = (_event, reply) => reply.show(text('here'));
    discord.fail(isCallback, 'hang', 9);
    discord.call('backup');
    await discord.until('the answer', () => discord.messages('77').some((message) => textOf(message) === 'here'));
  });

  it('that is too old to be answered runs nothing', async () => {
    await using bot = await startBot();
    const { discord, events, clock, log } = bot;
    discord.gateway.hold();
    discord.call('backup');
    clock.putForward(4000);
    discord.gateway.release();
    await discord.until('a log line', () => log.length > 0);
    expect(events.commands).toEqual([]);
    expect(inspect(log)).not.toMatch(/token-of/);
  });

  it('whose handling fails harms nothing else', async () => {
    await using bot = await startBot();
    const { discord, events, log } = bot;
    events.command = () => Promise.reject(new Error('broken'));
    discord.call('backup');
    await discord.until('a log line', () => log.length > 0);
    events.command = (_event, reply) => reply.show(text('here'));
    await discord.answer(discord.call('list'));
  });

  it('is acknowledged in time, also when 200 of them come at once', async () => {
    // Sleeps that take long: a slow machine should not look like a Discord that does not answer.
    await using bot = await startBot({ hurry: 0.05 });
    const { discord, events } = bot;
    discord.rest.bucket = { limit: 1000, windowMs: 1000 };
    events.command = (_event, reply) => reply.show(text('here'));
    const calls = Array.from({ length: 200 }, () => discord.call('status'));
    for (const call of calls) await discord.answer(call);
    expect(calls.every(({ acknowledgement }) => acknowledgement === 'deferred')).toBe(true);
    expect(events.commands).toHaveLength(200);
  });

  it('never shows a token in an error', async () => {
    await using bot = await startBot();
    const { discord, events } = bot;
    discord.call('backup');
    await discord.until('the event', () => events.commands.length > 0);
    discord.fail(({ path }) => path.startsWith('/webhooks/'), { status: 400 });
    const error = await events.commands[0]!.reply.show(text('x')).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'HoldfastError', code: 'internal' });
    expect(inspect(error, { depth: 9 })).not.toMatch(/token-of|discord-test-token/);
  });
});
