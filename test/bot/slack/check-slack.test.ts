import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkSlack } from '../../../src/bot/slack/check-slack.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { systemRandom } from '../../../src/shared/random.ts';
import { APP_TOKEN, BOT_TOKEN, FakeSlack } from '../../helpers/slack/fake-slack.ts';

let slack: FakeSlack;

const check = (tokens: { botToken?: string; appToken?: string } = {}) =>
  checkSlack({
    apiUrl: slack.apiUrl,
    botToken: BOT_TOKEN,
    appToken: APP_TOKEN,
    channels: ['C0001'],
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
