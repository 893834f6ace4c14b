import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkSlack } from '../../../src/bot/slack/check-slack.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { systemRandom } from '../../../src/shared/random.ts';
import { APP_TOKEN, BOT_TOKEN, FakeSlack } from '../../helpers/slack/fake-slack.ts';

let slack: FakeSlack;

const check = (tokens: { botToken?: string; appToken?: string; post?: boolean } = {}) =>
  checkSlack({
    apiUrl: slack.apiUrl,
    botToken: BOT_TOKEN,
    appToken: APP_TOKEN,
    channels: ['C0001'],
    post: false,
    clock: systemClock,
    random: systemRandom,
    version: '1',
    ...tokens,
  });

beforeEach(async () => {
  slack = await new FakeSlack().start();
  slack.workspace.add('C0001');
});

afterEach(() => slack.goDown());

describe('the check of Slack', () => {
  it('finds tokens that are taken and a channel that the bot is in, and posts nothing', async () => {
    expect((await check()).map(({ status }) => status)).toEqual(['ok', 'ok', 'ok']);
    expect(slack.workspace.messages).toEqual([]);
  });

  it('posts a message and deletes it again where that is wanted', async () => {
    expect((await check({ post: true })).at(-1)).toEqual({
      status: 'ok',
      found: 'a test message was posted to channel C0001, and deleted again',
    });
    expect(slack.calls.map(({ method }) => method).filter((method) => method.startsWith('chat.'))).toEqual([
      'chat.postMessage',
      'chat.delete',
    ]);
    expect(slack.workspace.messages).toEqual([]);
    slack.scopes.delete('chat:write');
    expect((await check({ post: true })).at(-1)).toMatchObject({ status: 'problem' });
  });

  it('finds tokens that Slack refuses', async () => {
    expect(await check({ botToken: 'xoxb-wrong', appToken: 'xapp-wrong' })).toMatchObject([
      { status: 'problem', found: expect.stringContaining('bot token'), fix: expect.stringContaining('api.slack.com') },
      { status: 'problem', found: expect.stringContaining('app-level token') },
      { status: 'problem' },
    ]);
  });

  it('finds a channel that the bot was not invited to', async () => {
    slack.workspace.add('C0001', { joined: false });
    expect((await check()).at(-1)).toMatchObject({ status: 'problem', fix: expect.stringContaining('/invite') });
  });

  it('finds that the app lacks a permission', async () => {
    slack.scopes.delete('channels:history');
    expect((await check()).at(-1)).toMatchObject({ status: 'problem', fix: expect.stringContaining('slack-manifest') });
  });
});
