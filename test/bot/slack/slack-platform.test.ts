import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stack, text, type View } from '../../../src/view/view.ts';
import { FakeSlack } from '../../helpers/slack/fake-slack.ts';
import { SlackBench } from '../../helpers/slack/slack-bench.ts';
import { SlackUser } from '../../helpers/slack/slack-user.ts';

const CHANNEL = 'C0001';
const OUTSIDE = 'C0002';
const ASK: View = stack(text('Restore?'), {
  kind: 'buttons',
  buttons: [{ id: 'b-1', label: 'Go', tone: 'good' }],
});

let slack: FakeSlack;
let bench: SlackBench;
let owner: SlackUser;

beforeEach(async () => {
  slack = await new FakeSlack().start();
  slack.workspace.add(CHANNEL);
  slack.workspace.add(OUTSIDE, { joined: false });
  owner = new SlackUser(slack, 'U0001');
  bench = new SlackBench(slack);
});

afterEach(() => bench.stop());

describe.each(['socket', 'http'] as const)('Slack over %s', (mode) => {
  beforeEach(async () => {
    bench = new SlackBench(slack, { mode });
    await bench.start();
  });

  afterEach(() => expect(slack.complaints).toEqual([]));

  it('hands on a typed command and shows the answer in the channel', async () => {
    await owner.type(CHANNEL, '/backup --source app');
    const { event, reply } = await bench.nextCommand();
    expect(event).toMatchObject({ kind: 'command', command: 'backup', raw: { source: 'app' } });
    expect(event.person).toEqual({ platform: 'slack', id: 'T0001/U0001', name: 'name of U0001' });
    expect(event.place).toEqual({ platform: 'slack', channel: CHANNEL, direct: false });
    const ref = await reply.show(text('working'));
    await reply.show(text('done'));
    expect(owner.sees(CHANNEL)).toEqual(['done']);
    await bench.platform.edit(ref!, text('edited'));
    expect(owner.sees(CHANNEL)).toEqual(['edited']);
  });

  it('hands on a press with the message that holds the button', async () => {
    const ref = await bench.platform.post(CHANNEL, ASK);
    await owner.press(CHANNEL, 'Go');
    const { event } = await bench.nextPress();
    expect(event).toMatchObject({ kind: 'press', id: 'b-1', message: ref });
  });

  it('asks for what is missing in a form, and completes what is typed there', async () => {
    await owner.type(CHANNEL, '/pin');
    await slack.until(() => owner.form(), 'a form');
    bench.suggestions = [{ label: 'the newest', value: 'latest' }];
    expect(await owner.search('backup', 'la', { depth: 'deep' })).toEqual(['latest', 'la']);
    expect(bench.completions[0]).toMatchObject({
      command: 'pin',
      field: 'backup',
      partial: 'la',
      raw: { depth: 'deep' },
    });
    expect(await owner.submit({ backup: 'latest', keepFor: 'soon' })).toHaveProperty('keepFor');
    expect(bench.commands).toEqual([]);
    await owner.submit({ backup: 'latest', tag: ['a', 'b'], note: 'one\ntwo', keepFor: '3 days', verified: 'no' });
    const { event, reply } = await bench.nextCommand();
    expect(event).toMatchObject({ command: 'pin', place: { channel: CHANNEL } });
    expect(event.raw).toEqual({
      backup: 'latest',
      tag: ['a', 'b'],
      note: ['one', 'two'],
      keepFor: '3 days',
      verified: false,
    });
    await reply.show(text('pinned'));
    expect(owner.sees(CHANNEL)).toEqual(['pinned']);
  });
});

describe('a slash command on Slack', () => {
  beforeEach(() => bench.start());

  it('means the same after /holdfast', async () => {
    await owner.type(CHANNEL, '/holdfast backup --source “my app”');
    expect((await bench.nextCommand()).event).toMatchObject({ command: 'backup', raw: { source: 'my app' } });
    await owner.type(CHANNEL, '/holdfast status');
    expect((await bench.nextCommand(2)).event).toMatchObject({ command: 'status', raw: {} });
  });

  it('lets one choose a command when none is named', async () => {
    await owner.type(CHANNEL, '/holdfast');
    await slack.until(() => owner.form(), 'a form');
    await owner.submit({ command: 'backup' });
    expect(owner.form()?.view.title.text).toBe('/backup');
    await owner.submit({ source: 'app' });
    expect((await bench.nextCommand()).event).toMatchObject({ command: 'backup', raw: { source: 'app' } });
  });

  it('says privately what was mistyped, and runs nothing', async () => {
    await owner.type(CHANNEL, '/backup --sorce app');
    await slack.until(() => owner.sees(CHANNEL).length === 1, 'a hint');
    expect(owner.sees(CHANNEL)[0]).toContain('--source');
    await owner.type(CHANNEL, '/holdfast bakup');
    await slack.until(() => owner.sees(CHANNEL).length === 2, 'a hint');
    expect(owner.sees(CHANNEL)[1]).toContain('Did you mean /holdfast backup?');
    expect(new SlackUser(slack, 'U0009').sees(CHANNEL)).toEqual([]);
    expect(bench.commands).toEqual([]);
  });

  it('hands strangers on, with neither forms nor hints', async () => {
    const stranger = new SlackUser(slack, 'U0001', 'T0666');
    for (const typed of ['/pin', '/holdfast', '/backup --sorce app', '/holdfast bakup'])
      await stranger.type(CHANNEL, typed);
    const { event, reply } = await bench.nextCommand(4);
    expect(bench.commands.map((one) => one.event.person.id)).toEqual(Array(4).fill('T0666/U0001'));
    expect(bench.commands.map((one) => one.event.command)).toEqual(['pin', 'help', 'help', 'help']);
    expect(event.raw).toEqual({ bakup: true });
    expect(stranger.form()).toBeUndefined();
    await reply.show(text('You may not do this'));
    expect(stranger.sees(CHANNEL)).toEqual(['You may not do this']);
    expect(new SlackUser(slack, 'U0002').sees(CHANNEL)).toEqual([]);
  });

  it('hands on whatever else a stranger sends, each once', async () => {
    await owner.type(CHANNEL, '/holdfast');
    const view = await slack.until(() => owner.form(), 'a form');
    const stranger = { team: { id: 'T0666' }, user: { id: 'U0001', team_id: 'T0666' }, trigger_id: 'forged' };
    const form = { ...view.view, id: view.id, state: { values: {} } };
    for (const sent of [
      { type: 'view_submission', view: form },
      { type: 'view_submission', view: { ...form, private_metadata: 'forged' } },
      { type: 'block_actions', container: { type: 'view' }, actions: [{ action_id: 'b', action_ts: '1' }] },
      { type: 'block_suggestion', block_id: 'backup', value: 'la', view: form },
      { type: 'shortcut', callback_id: 'backup' },
      { type: 'message_action', callback_id: 'restore', channel: { id: CHANNEL }, message: { ts: '1' } },
    ]) {
      const answer = await slack.deliver('interactive', { ...stranger, ...sent });
      expect(JSON.stringify(answer ?? {})).not.toContain('view');
    }
    await bench.nextCommand(6);
    expect(bench.commands.map(({ event }) => [event.person.id, event.command])).toEqual(
      ['form', 'form', 'form', 'form', 'backup (shortcut)', 'restore (message_action)'].map((command) => [
        'T0666/U0001',
        command,
      ]),
    );
    for (const { reply } of bench.commands.slice(1)) await reply.show(text('You may not do this')).catch(() => {});
    expect(owner.sees(CHANNEL)).toEqual([]);
  });

  it('counts the team of the person, not of the channel', async () => {
    await bench.platform.post(CHANNEL, ASK);
    const payload = owner.pressPayload(CHANNEL, 'Go');
    await slack.deliver('interactive', { ...payload, user: { id: 'U0001', team_id: 'T0666' } });
    expect((await bench.nextPress()).event.person.id).toBe('T0666/U0001');
    await slack.deliver('interactive', { ...payload, user: { id: 'U0001', team_id: 'E0001' } });
    expect((await bench.nextPress(2)).event.person.id).toBe('T0001/U0001');
    const whole = { ...payload, team: null, enterprise: { id: 'E0001', name: 'All' }, is_enterprise_install: true };
    await slack.deliver('interactive', { ...whole, user: { id: 'U0001' } });
    expect((await bench.nextPress(3)).event.person.id).toBe('E0001/U0001');
  });

  it('says so when Slack does not take the form', async () => {
    const payload = owner.slash(CHANNEL, '/pin');
    slack.aheadMs += 4000;
    await slack.deliver('slash_commands', payload);
    await slack.until(() => owner.sees(CHANNEL).length === 1, 'a word');
    expect(owner.sees(CHANNEL)[0]).toContain('did not open the form');
  });

  it('gives duplicates the same ID, and different events different ones', async () => {
    const payload = owner.slash(CHANNEL, '/backup');
    await slack.deliver('slash_commands', payload);
    await slack.deliver('slash_commands', payload);
    await owner.type(CHANNEL, '/backup');
    await bench.nextCommand(3);
    const [first, again, other] = bench.commands.map(({ event }) => event.eventId);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  it('is acknowledged at once, two hundred times over', async () => {
    const typed = Array.from({ length: 200 }, (_, i) => owner.type(CHANNEL, `/backup --source app${i}`));
    await Promise.all(typed);
    await bench.nextCommand(200);
    const answers = bench.commands.map(({ reply, event }) => reply.show(text(`for ${event.raw.source}`)));
    await Promise.all(answers);
    expect(new Set(owner.sees(CHANNEL)).size).toBe(200);
  });

  it('survives what makes no sense', async () => {
    await slack.deliver('interactive', { type: 'block_actions', user: 7, actions: [] });
    await slack.deliver('interactive', {
      type: 'view_submission',
      user: { id: 'U0001', team_id: 'T0001' },
      view: { id: 'V', callback_id: 'other' },
    });
    await owner.type(CHANNEL, '/backup');
    expect((await bench.nextCommand()).event.command).toBe('backup');
  });
});

describe('an answer on Slack', () => {
  beforeEach(() => bench.start());

  const nextReply = async () => {
    await owner.type(CHANNEL, '/backup');
    return (await bench.nextCommand()).reply;
  };

  it('for a person alone outlasts the response URL in the direct conversation', async () => {
    bench.whom = 'person';
    const reply = await nextReply();
    for (const n of [1, 2, 3, 4]) expect(await reply.show(text(`step ${n}`))).toBeUndefined();
    expect(owner.sees(CHANNEL)).toEqual(['step 4']);
    const ref = await reply.show(text('step 5'));
    await reply.show(text('step 6'));
    await reply.whisper(text('by the way'));
    await reply.whisper(text('and this'));
    expect(ref).toMatchObject({ channel: 'DU0001' });
    expect(owner.sees('DU0001')).toEqual(['step 6']);
    expect(owner.sees(CHANNEL).slice(1)).toEqual(['by the way', 'and this']);
    expect(new SlackUser(slack, 'U0002').sees(CHANNEL)).toEqual([]);
  });

  it('comes half an hour later too', async () => {
    bench.whom = 'person';
    const reply = await nextReply();
    slack.aheadMs += 31 * 60_000;
    await reply.show(text('late'));
    await reply.whisper(text('psst'));
    expect(owner.sees('DU0001')).toEqual(['late']);
    expect(owner.sees(CHANNEL)).toEqual(['psst']);
    expect(slack.callsOf('response_url')).toEqual([]);
  });

  it('reaches a channel that the app is not in', async () => {
    await owner.type(OUTSIDE, '/backup');
    const { reply } = await bench.nextCommand();
    expect(await reply.show(text('working'))).toBeUndefined();
    await reply.show(text('done'));
    expect(new SlackUser(slack, 'U0002').sees(OUTSIDE)).toEqual(['done']);
  });

  it('brings files directly where the app is not in the channel', async () => {
    await owner.type(OUTSIDE, '/backup');
    const { reply } = await bench.nextCommand();
    await reply.show({ kind: 'file', name: 'sums', content: bytes('x') });
    await reply.whisper({ kind: 'file', name: 'more', content: bytes('y') });
    expect(owner.sees(OUTSIDE)).toEqual(['Attached: sums']);
    expect(owner.sees('DU0001')).toEqual(['Attached: sums', '(sums)', 'Attached: more', '(more)']);
  });

  it('takes the place of a private question, and not of a public one', async () => {
    bench.whom = 'person';
    await (await nextReply()).show(ASK);
    await owner.press(CHANNEL, 'Go');
    const { event, reply } = await bench.nextPress();
    expect(event.message).toBeUndefined();
    await reply.show(text('restored'));
    expect(owner.sees(CHANNEL)).toEqual(['restored']);
    await bench.platform.post(CHANNEL, ASK);
    await owner.press(CHANNEL, 'Go');
    await (await bench.nextPress(2)).reply.show(text('noted'));
    expect(owner.sees(CHANNEL)).toEqual(['restored', 'Restore?\n[Go]', 'noted']);
  });

  it('hands on what was chosen from a menu', async () => {
    await bench.platform.post(CHANNEL, {
      kind: 'select',
      id: 's-1',
      prompt: 'Which?',
      options: [{ value: 'v1', label: 'First' }],
    });
    await owner.press(CHANNEL, 'First');
    expect((await bench.nextPress()).event).toMatchObject({ id: 's-1', value: 'v1' });
  });

  it('brings what is too long as a file below the message, once', async () => {
    const long: View = { kind: 'list', items: Array.from({ length: 2000 }, (_, i) => `path/to/file-${i}`) };
    const ref = await bench.platform.post(CHANNEL, long);
    await bench.platform.edit(ref, long);
    const files = slack.workspace.messages.flatMap(({ files: attached, thread }) =>
      attached.map((file) => ({ ...file, thread })),
    );
    expect(files.map(({ name, thread }) => ({ name, thread }))).toEqual([{ name: 'details.txt', thread: ref.message }]);
    expect(String(files[0]?.data)).toContain('path/to/file-1999');
    expect(owner.sees(CHANNEL)[0]).toContain('details.txt');
  });

  it('says when a file cannot be attached', async () => {
    slack.scopes.delete('files:write');
    await bench.platform.post(CHANNEL, { kind: 'file', name: 'sums', content: bytes('x') });
    expect(owner.sees(CHANNEL).at(-1)).toContain('sums could not be attached');
  });
});

async function* bytes(content: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(content);
}
