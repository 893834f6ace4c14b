import { describe, expect, it } from 'vitest';
import { good, heading, stack, text, type View } from '../../../src/view/view.ts';
import { createBot, startBot } from '../../helpers/discord/discord-bot.ts';
import { DiscordRefusal } from '../../helpers/discord/discord-refusal.ts';
import { OWNER, STRANGER, textOf } from '../../helpers/discord/fake-discord.ts';

const BUTTONS: View = stack(text('Sure?'), { kind: 'buttons', buttons: [{ id: 'id-1', label: 'Restore' }] });
const MINUTE_MS = 60_000;

describe('a command on Discord', () => {
  it('is acknowledged before it is handed on, and shows its answer where all see it', async () => {
    await using bot = await startBot();
    const { discord, events } = bot;
    let acknowledgement: string | undefined;
    events.command = async () => {
      acknowledgement = interaction.acknowledgement;
    };
    const interaction = discord.call('backup', { source: 'app' });
    await discord.until('the event', () => events.commands.length > 0);
    expect(acknowledgement).toBe('deferred');
    const ref = await events.commands[0]!.reply.show(good('Backed up'));
    expect(ref).toEqual({ platform: 'discord', channel: '77', message: interaction.original?.id });
    const answer = await discord.answer(interaction);
    expect(textOf(answer)).toBe('✅ **Backed up**');
    expect(answer.onlyFor).toBeUndefined();
    expect(events.commands[0]?.event).toMatchObject({
      kind: 'command',
      command: 'backup',
      raw: { source: 'app' },
      eventId: interaction.id,
      person: { platform: 'discord', id: OWNER.id, name: OWNER.name },
      place: { platform: 'discord', channel: '77', direct: false },
    });
  });

  it('answers the person alone where only the person may see it', async () => {
    await using bot = await startBot();
    const { discord, events } = bot;
    events.seenBy = 'person';
    const interaction = discord.call('list');
    await discord.until('the event', () => events.commands.length > 0);
    expect(await events.commands[0]!.reply.show(text('Secret'))).toBeUndefined();
    const answer = await discord.answer(interaction);
    expect(answer.onlyFor).toBe(OWNER.id);
    expect(discord.messages('77', STRANGER)).toEqual([]);
  });

  it('is a direct one where it was called in a conversation with the bot', async () => {
    await using bot = await startBot({ guild: undefined });
    const { discord, events } = bot;
    discord.call('list', {}, { direct: true, user: STRANGER });
    await discord.until('the event', () => events.commands.length > 0);
    expect(events.commands[0]?.event).toMatchObject({
      person: { id: STRANGER.id },
      place: { direct: true, channel: discord.state.directChannel(STRANGER.id).id },
    });
  });

  it('takes lists as words, and options by the names of the fields', async () => {
    await using bot = await startBot();
    const { discord, events } = bot;
    discord.call('restore', { backup: 'latest', path: `a.txt "my notes.txt"`, 'keep-going': true });
    await discord.until('the event', () => events.commands.length > 0);
    expect(events.commands[0]?.event.raw).toEqual({
      backup: 'latest',
      path: ['a.txt', 'my notes.txt'],
      keepGoing: true,
    });
  });

  it('edits its answer, and leaves nothing of what it showed before', async () => {
    await using bot = await startBot();
    const { discord, events } = bot;
    events.command = async (_event, reply) => {
      await reply.show(stack(BUTTONS, { kind: 'file', name: 'a.txt', content: bytes('content') }));
      await reply.show(text('Done'));
    };
    const answer = await discord.answer(discord.call('list'), /Done/);
    expect(answer).toMatchObject({ components: [], attachments: [] });
    expect(textOf(answer)).toBe('Done');
  });

  it('attaches what a file View holds', async () => {
    await using bot = await startBot();
    const { discord, events } = bot;
    const content = 'x'.repeat(100_000);
    events.command = (_event, reply) =>
      reply.show(stack(heading('Sums'), { kind: 'file', name: 'sums.txt', content: bytes(content) }));
    const answer = await discord.answer(discord.call('list'));
    expect(answer.attachments.map(({ name, data }) => [name, data.toString()])).toEqual([['sums.txt', content]]);
  });

  it('goes on in the bot’s own name when the token has expired', async () => {
    await using bot = await startBot();
    const { discord, events, clock } = bot;
    const interaction = discord.call('backup');
    await discord.until('the event', () => events.commands.length > 0);
    const reply = events.commands[0]!.reply;
    const before = await reply.show(text('Running'));
    clock.putForward(16 * MINUTE_MS);
    expect(await reply.show(text('Still running'))).toEqual(before);
    expect(textOf(interaction.original!)).toBe('Still running');
    expect(discord.messages('77')).toHaveLength(1);
  });

  it('can be edited where the bot itself may not write, while the token lives', async () => {
    await using bot = await startBot();
    const { discord, events, platform, clock } = bot;
    discord.state.channels.get('77')?.denied.add('view');
    discord.call('backup');
    await discord.until('the event', () => events.commands.length > 0);
    const ref = await events.commands[0]!.reply.show(text('Running'));
    await platform.edit(ref!, text('Still running'));
    expect(discord.messages('77').map(textOf)).toEqual(['Still running']);
    clock.putForward(16 * MINUTE_MS);
    await expect(platform.edit(ref!, text('Done'))).rejects.toMatchObject({ code: 'permission' });
  });

  it('posts its first answer itself when that comes after the token has expired', async () => {
    await using bot = await startBot();
    const { discord, events, clock } = bot;
    discord.call('backup');
    await discord.until('the event', () => events.commands.length > 0);
    clock.putForward(16 * MINUTE_MS);
    const ref = await events.commands[0]!.reply.show(text('Late'));
    expect(discord.messages('77').map((message) => [message.id, textOf(message)])).toContainEqual([
      ref?.message,
      'Late',
    ]);
  });

  it('believes Discord that the token is no longer valid', async () => {
    await using bot = await startBot();
    const { discord, events } = bot;
    discord.call('backup');
    await discord.until('the event', () => events.commands.length > 0);
    const { reply } = events.commands[0]!;
    await reply.show(text('Running'));
    discord.fail(({ path }) => path.startsWith('/webhooks/'), new DiscordRefusal(401, 50027, 'Invalid Webhook Token'));
    await reply.show(text('Done'));
    expect(discord.messages('77').map(textOf)).toEqual(['Done']);
  });

  it('sends a direct message when a private answer has to go on after the token', async () => {
    await using bot = await startBot();
    const { discord, events, clock } = bot;
    events.seenBy = 'person';
    discord.call('list');
    await discord.until('the event', () => events.commands.length > 0);
    const { reply } = events.commands[0]!;
    await reply.show(text('Private'));
    clock.putForward(16 * MINUTE_MS);
    await reply.show(text('Still private'));
    await reply.show(text('Done in private'));
    await reply.whisper(text('By the way'));
    const direct = discord.state.directChannel(OWNER.id).id;
    expect(discord.messages(direct).map(textOf)).toEqual(['Done in private', 'By the way']);
    expect(discord.messages('77', STRANGER)).toEqual([]);
  });

  it('says so when a private answer has nowhere to go', async () => {
    await using bot = await startBot();
    const { discord, events, clock } = bot;
    events.seenBy = 'person';
    discord.state.directChannel(OWNER.id).refusesDirect = true;
    discord.call('list');
    await discord.until('the event', () => events.commands.length > 0);
    clock.putForward(16 * MINUTE_MS);
    await expect(events.commands[0]!.reply.show(text('Private'))).rejects.toMatchObject({ code: 'permission' });
  });

  it('starts a new message where Discord limits edits of the old one', async () => {
    await using bot = await startBot();
    const { discord, events, clock } = bot;
    discord.call('backup');
    await discord.until('the event', () => events.commands.length > 0);
    const { reply } = events.commands[0]!;
    await reply.show(text('Running'));
    clock.putForward(61 * MINUTE_MS);
    for (const n of [1, 2, 3, 4, 5]) await reply.show(text(`Edit ${n}`));
    expect(discord.messages('77').map(textOf)).toEqual(['Edit 3', 'Edit 5']);
  });

  it('whispers to the person alone, before and after it shows something', async () => {
    await using bot = await startBot();
    const { discord, events } = bot;
    events.command = async (_event, reply) => {
      await reply.whisper(text('psst'));
      await reply.show(text('loud'));
      await reply.whisper(text('psst again'));
      await reply.show(text('louder'));
    };
    const interaction = discord.call('backup');
    await discord.answer(interaction, /louder/);
    expect(discord.messages('77', OWNER).map(textOf)).toEqual(['psst', 'louder', 'psst again']);
    expect(discord.messages('77', STRANGER).map(textOf)).toEqual(['louder']);
  });

  it('whispers in the place of a private answer that has shown nothing', async () => {
    await using bot = await startBot();
    const { discord, events } = bot;
    events.seenBy = 'person';
    events.command = async (_event, reply) => {
      await reply.whisper(text('no'));
      await reply.show(text('well'));
    };
    await discord.answer(discord.call('backup'), /well/);
    expect(discord.messages('77').map(textOf)).toEqual(['no', 'well']);
    expect(discord.messages('77', STRANGER)).toEqual([]);
  });

  it('shows what was asked for last, however the edits went', async () => {
    await using bot = await startBot({ hurry: 50 });
    const { discord, events } = bot;
    discord.call('backup');
    await discord.until('the event', () => events.commands.length > 0);
    const { reply } = events.commands[0]!;
    discord.fail(({ method }) => method === 'PATCH', { status: 503 });
    await Promise.all(['one', 'two', 'three'].map((word) => reply.show(text(word))));
    expect(discord.messages('77').map(textOf)).toEqual(['three']);
  });

  it('says that the answer is gone where somebody deleted it', async () => {
    await using bot = await startBot();
    const { discord, events } = bot;
    const interaction = discord.call('backup');
    await discord.until('the event', () => events.commands.length > 0);
    const { reply } = events.commands[0]!;
    await reply.show(text('Running'));
    interaction.original!.deleted = true;
    await expect(reply.show(text('Done'))).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('a button on Discord', () => {
  it('brings its ID back, and is answered below the message that holds it', async () => {
    await using bot = await startBot();
    const { discord, events, platform } = bot;
    const ref = await platform.post('77', BUTTONS);
    events.press = (_event, reply) => reply.show(text('Restoring'));
    const [message] = discord.messages('77');
    const interaction = discord.press(message!, 'Restore');
    await discord.answer(interaction, /Restoring/);
    expect(interaction.acknowledgement).toBe('deferred-update');
    expect(events.presses[0]?.event).toMatchObject({
      kind: 'press',
      id: 'id-1',
      message: ref,
      person: { id: OWNER.id },
    });
    await events.presses[0]!.reply.show(text('Restored'));
    expect(discord.messages('77').map(textOf)).toEqual(['Sure?', 'Restored']);
  });

  it('lets its message be edited, where the bot may not write too, and long after it was pressed', async () => {
    await using bot = await startBot();
    const { discord, events, platform, clock } = bot;
    const ref = await platform.post('77', BUTTONS);
    discord.press(discord.messages('77')[0]!, 'Restore');
    await discord.until('the event', () => events.presses.length > 0);
    await platform.edit(ref, text('Restoring'));
    expect(discord.rest.requests.at(-1)?.path).toMatch(/^\/webhooks\//);
    clock.putForward(16 * MINUTE_MS);
    await platform.edit(ref, text('Restored'));
    expect(discord.messages('77').map(textOf)).toEqual(['Restored']);
  });

  it('answers the person alone beside a message that all see, and edits that answer', async () => {
    await using bot = await startBot();
    const { discord, events, platform } = bot;
    await platform.post('77', BUTTONS);
    events.seenBy = 'person';
    discord.press(discord.messages('77')[0]!, 'Restore', { user: STRANGER });
    await discord.until('the event', () => events.presses.length > 0);
    const { reply } = events.presses[0]!;
    expect(await reply.show(text('Not you'))).toBeUndefined();
    await reply.show(text('Really not you'));
    expect(discord.messages('77', OWNER).map(textOf)).toEqual(['Sure?']);
    expect(discord.messages('77', STRANGER).map(textOf)).toEqual(['Sure?', 'Really not you']);
  });

  it('of a private message has no message that a later process could edit', async () => {
    await using bot = await startBot();
    const { discord, events } = bot;
    events.seenBy = 'person';
    events.command = (_event, reply) => reply.show(BUTTONS);
    const message = await discord.answer(discord.call('restore'));
    events.press = (_event, reply) => reply.show(text('Changed'));
    await discord.answer(discord.press(message, 'Restore'), /Changed/);
    expect(events.presses[0]?.event.message).toBeUndefined();
    expect(discord.messages('77').map(textOf)).toEqual(['Changed']);
    expect(discord.messages('77', STRANGER)).toEqual([]);
  });

  it('of a private message can answer all', async () => {
    await using bot = await startBot();
    const { discord, events } = bot;
    events.seenBy = 'person';
    events.command = (_event, reply) => reply.show(BUTTONS);
    const message = await discord.answer(discord.call('restore'));
    events.seenBy = 'place';
    events.press = (_event, reply) => reply.show(text('For all'));
    await discord.answer(discord.press(message, 'Restore'), /For all/);
    expect(discord.messages('77', STRANGER).map(textOf)).toEqual(['For all']);
  });

  it('is a select where an option is chosen', async () => {
    await using bot = await startBot();
    const { discord, events, platform } = bot;
    const options = [{ value: 'v-1', label: 'Newest' }];
    await platform.post('77', stack(text('Which?'), { kind: 'select', id: 's-1', prompt: 'Which?', options }));
    discord.choose(discord.messages('77')[0]!, 'Newest');
    await discord.until('the event', () => events.presses.length > 0);
    expect(events.presses[0]?.event).toMatchObject({ id: 's-1', value: 'v-1' });
  });

  it('with a made-up ID is handed on as it is', async () => {
    await using bot = await startBot();
    const { discord, events, platform } = bot;
    await platform.post('77', BUTTONS);
    discord.pressId(discord.messages('77')[0]!, 'forged');
    await discord.until('the event', () => events.presses.length > 0);
    expect(events.presses[0]?.event.id).toBe('forged');
  });
});

describe('what Holdfast never shows on Discord', () => {
  it('is acknowledged and handed on all the same: selects of users, forms, menus, options', async () => {
    await using bot = await startBot();
    const { discord, events, platform } = bot;
    await platform.post('77', BUTTONS);
    events.seenBy = 'person';
    events.press = (_event, reply) => reply.whisper(text('Refused'));
    events.command = (_event, reply) => reply.show(text('Refused'));
    const [message] = discord.messages('77');
    const where = { user: STRANGER };
    const sent = [
      discord.chooseUser(message!, 'id-1', where),
      discord.submitForm('id-1', where),
      discord.chooseInMenu('restore', where),
    ];
    for (const interaction of sent) await discord.answer(interaction, /Refused/);
    expect(events.presses.map(({ event }) => event.id)).toEqual(['id-1', 'id-1']);
    expect(events.commands.map(({ event }) => event.command)).toEqual(['restore (menu)']);
    const typed = discord.completeUnknown('restore', where);
    await discord.until('choices', () => typed.choices);
    expect(events.completions).toMatchObject([{ command: 'restore', field: 'nothing', person: { id: STRANGER.id } }]);
    expect(discord.messages('77', OWNER).map(textOf)).toEqual(['Sure?']);
  });
});

describe('an acknowledgement on Discord', () => {
  const isCallback = ({ path }: { path: string }): boolean => path.endsWith('/callback');
  const tooLate = () => new DiscordRefusal(404, 10062, 'Unknown interaction');

  it('that comes too late lets a stranger be noted, without an answer', async () => {
    await using bot = await startBot();
    const { discord, events, log } = bot;
    events.isOwner = false;
    events.command = (_event, reply) => reply.show(text('Refused'));
    discord.fail(isCallback, tooLate());
    const interaction = discord.call('backup', {}, { user: STRANGER });
    await discord.until('the event', () => events.commands.length > 0);
    const { path } = discord.rest.requests.find(isCallback)!;
    expect(path).toContain(interaction.token);
    expect(discord.rest.requests.filter((request) => request.path.includes(interaction.token))).toHaveLength(1);
    expect(discord.rest.requests.filter((request) => request.path === '/users/@me/channels')).toEqual([]);
    expect(log).toEqual([]);
  });

  it('that comes too late lets nothing run for an owner, whom Discord has told that it failed', async () => {
    await using bot = await startBot();
    const { discord, events, log } = bot;
    discord.fail(isCallback, tooLate());
    discord.call('backup');
    await discord.until('a line', () => log.length > 0);
    expect(events.commands).toEqual([]);
  });

  it('is sent once, also where the answer to it is empty and said to be JSON', async () => {
    await using bot = await startBot();
    const { discord, events } = bot;
    discord.fail(isCallback, 'empty');
    discord.call('backup');
    await discord.until('the event', () => events.commands.length > 0);
    expect(discord.rest.requests.filter(isCallback)).toHaveLength(1);
  });
});

describe('a half-typed option on Discord', () => {
  it('is completed with what Holdfast suggests', async () => {
    await using bot = await startBot();
    const { discord, events } = bot;
    events.suggestions = async () => [
      { label: 'app, today', value: '0123' },
      { label: 'x'.repeat(150), value: 'too long to fill in'.repeat(10) },
      { label: 'l'.repeat(150), value: 'short' },
    ];
    const asked = discord.complete('restore', 'backup', { source: 'app', backup: '01' });
    await discord.until('choices', () => asked.choices);
    expect(asked.choices).toEqual([
      { name: 'app, today', value: '0123' },
      { name: `${'l'.repeat(99)}…`, value: 'short' },
    ]);
    expect(events.completions[0]).toMatchObject({
      kind: 'completion',
      command: 'restore',
      field: 'backup',
      partial: '01',
      raw: { source: 'app' },
    });
  });

  it('of a list keeps the values before it', async () => {
    await using bot = await startBot();
    const { discord, events } = bot;
    events.suggestions = async () => [{ label: 'my notes.txt', value: 'my notes.txt' }];
    const asked = discord.complete('restore', 'path', { backup: 'latest', path: 'a.txt "my no' });
    await discord.until('choices', () => asked.choices);
    expect(asked.choices).toEqual([{ name: 'my notes.txt', value: 'a.txt "my notes.txt"' }]);
    expect(events.completions[0]).toMatchObject({ field: 'path', partial: 'my no', raw: { path: ['a.txt'] } });
  });

  it('gets nothing rather than something too late', async () => {
    await using bot = await startBot({ hurry: 50 });
    const { discord, events } = bot;
    events.suggestions = () => new Promise(() => {});
    const asked = discord.complete('restore', 'backup', { backup: '' });
    await discord.until('choices', () => asked.choices);
    expect(asked.choices).toEqual([]);
  });

  it('gets at most as many suggestions as Discord takes', async () => {
    await using bot = await startBot();
    const { discord, events } = bot;
    events.suggestions = async () => Array.from({ length: 60 }, (_, i) => ({ label: `l${i}`, value: `v${i}` }));
    const asked = discord.complete('restore', 'backup', { backup: '' });
    await discord.until('choices', () => asked.choices);
    expect(asked.choices).toHaveLength(25);
  });
});

describe('the commands on Discord', () => {
  it('are registered for one guild, and no longer for all', async () => {
    await using bot = await createBot();
    const { discord, platform, events } = bot;
    discord.state.commands.set('', [{ name: 'old', description: 'old' }]);
    await platform.start(events);
    await discord.until('the old ones gone', () => discord.state.commands.get('')?.length === 0);
    const names = discord.state.commands.get('42')?.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['backup', 'list', 'restore', 'verify', 'status', 'help', 'whoami']));
  });

  it('are registered for all guilds and direct messages where no guild is named', async () => {
    await using bot = await startBot({ guild: undefined });
    expect(bot.discord.state.commands.get('')?.[0]).toMatchObject({ contexts: [0, 1], integration_types: [0] });
  });

  it('are registered again only when something changed', async () => {
    await using bot = await startBot();
    const { discord, events, platform } = bot;
    const puts = () => discord.rest.requests.filter(({ method }) => method === 'PUT').length;
    expect(puts()).toBe(1);
    await platform.stop();
    await using second = await createBot({ apiUrl: discord.apiUrl });
    await second.platform.start(second.events);
    await discord.until(
      'both scopes read',
      () =>
        discord.rest.requests.filter(({ path, method }) => method === 'GET' && path.endsWith('/commands')).length === 4,
    );
    expect(puts()).toBe(1);
    expect(events.states.map(({ state }) => state)).toEqual(['starting', 'connected', 'stopped']);
  });

  it('that cannot be registered are told in the log, and the bot goes on', async () => {
    await using bot = await createBot({ guild: '43' });
    const { discord, platform, events, log } = bot;
    await platform.start(events);
    await discord.until('a log line', () => log.length > 0);
    expect(log[0]?.message).toMatch(/could not be registered/);
    await platform.post('77', text('still here'));
  });
});

async function* bytes(content: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(content);
}
