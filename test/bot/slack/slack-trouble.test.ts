import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HoldfastError } from '../../../src/shared/errors.ts';
import { createScrubber } from '../../../src/shared/scrub.ts';
import { text } from '../../../src/view/view.ts';
import { BOT_TOKEN, FakeSlack, SIGNING_SECRET } from '../../helpers/slack/fake-slack.ts';
import { SlackBench } from '../../helpers/slack/slack-bench.ts';
import { SlackUser } from '../../helpers/slack/slack-user.ts';

const CHANNEL = 'C0001';

let slack: FakeSlack;
let bench: SlackBench;
let owner: SlackUser;

beforeEach(async () => {
  slack = await new FakeSlack().start();
  slack.workspace.add(CHANNEL);
  owner = new SlackUser(slack, 'U0001');
  bench = new SlackBench(slack);
});

afterEach(async () => {
  await bench.stop();
  expect(JSON.stringify(bench.lines)).not.toMatch(/xox|xapp|signing-secret/);
});

const failure = (work: Promise<unknown>): Promise<HoldfastError> =>
  work.then(
    () => {
      throw new Error('It went well');
    },
    (error: unknown) => error as HoldfastError,
  );

describe('posting to a Slack in trouble', () => {
  beforeEach(() => bench.start());

  it('waits as long as Slack wants to be left alone', async () => {
    slack.fail('chat.postMessage', { kind: 'limited', seconds: 30 }, { kind: 'limited', seconds: 1 });
    const startedMs = performance.now();
    await bench.platform.post(CHANNEL, text('hello'));
    expect(performance.now() - startedMs).toBeGreaterThan(300);
    expect(owner.sees(CHANNEL)).toEqual(['hello']);
  });

  it('does not hold back other messages meanwhile', async () => {
    const ref = await bench.platform.post(CHANNEL, text('one'));
    slack.fail('chat.update', { kind: 'limited', seconds: 60 });
    const edited = bench.platform.edit(ref, text('edited'));
    await bench.platform.post(CHANNEL, text('two'));
    expect(owner.sees(CHANNEL)).toEqual(['one', 'two']);
    await edited;
    expect(owner.sees(CHANNEL)).toEqual(['edited', 'two']);
  });

  it('brings every one of many messages to a channel that takes one a second', async () => {
    slack.messageEveryMs = Number.POSITIVE_INFINITY;
    slack.workspace.add('C0003');
    const words = Array.from({ length: 60 }, (_, i) => `message ${i}`);
    const posts = words.map((word) => bench.platform.post(CHANNEL, text(word)));
    await slack.until(() => slack.tooMany >= words.length - 1, 'all but one refused');
    await bench.platform.post('C0003', text('elsewhere'));
    expect(owner.sees(CHANNEL)).toHaveLength(1);
    const refused = slack.tooMany;
    slack.messageEveryMs = 10;
    await Promise.all(posts);
    expect(owner.sees(CHANNEL).toSorted()).toEqual(words.toSorted());
    // Each waits for its turn: few ask in vain.
    expect(slack.tooMany - refused).toBeLessThan(20);
  });

  it.each([
    [{ kind: 'status', status: 503 }],
    [{ kind: 'error', error: 'internal_error' }],
    [{ kind: 'dropped' }],
    [{ kind: 'lost' }],
  ] as const)('brings a message once, after %j twice', async (fault) => {
    slack.fail('chat.postMessage', fault, fault);
    const ref = await bench.platform.post(CHANNEL, text('once'), { key: 'k' });
    expect(owner.sees(CHANNEL)).toEqual(['once']);
    await bench.platform.edit(ref, text('found'));
    expect(owner.sees(CHANNEL)).toEqual(['found']);
  });

  it('rather brings a message twice than never where it may not look for it', async () => {
    slack.scopes.delete('channels:history');
    slack.fail('chat.postMessage', { kind: 'lost' });
    await bench.platform.post(CHANNEL, text('twice'));
    expect(owner.sees(CHANNEL)).toEqual(['twice', 'twice']);
  });

  it('posts the same key once', async () => {
    const posts = [1, 2, 3].map((n) => bench.platform.post(CHANNEL, text(`try ${n}`), { key: 'same' }));
    const [first, ...others] = await Promise.all(posts);
    expect(others).toEqual([first, first]);
    await bench.platform.post(CHANNEL, text('another'), { key: 'other' });
    expect(owner.sees(CHANNEL)).toEqual(['try 1', 'another']);
  });

  it('makes only the newest of the edits that wait', async () => {
    const ref = await bench.platform.post(CHANNEL, text('0'));
    slack.fail('chat.update', { kind: 'limited', seconds: 5 });
    await Promise.all([1, 2, 3, 4].map((n) => bench.platform.edit(ref, text(String(n)))));
    expect(owner.sees(CHANNEL)).toEqual(['4']);
    expect(slack.callsOf('chat.update').map((call) => call.arguments.text)).toEqual(['1', '4']);
  });

  it('gives up in the end', async () => {
    slack.fail('chat.postMessage', ...Array.from({ length: 20 }, () => ({ kind: 'status', status: 500 }) as const));
    expect(await failure(bench.platform.post(CHANNEL, text('x')))).toMatchObject({
      code: 'platform_unavailable',
      retryable: true,
    });
  });

  it('says what is gone and what is not allowed', async () => {
    const gone = { platform: 'slack', channel: CHANNEL, message: '1700000000.999999' };
    expect(await failure(bench.platform.edit(gone, text('x')))).toMatchObject({ code: 'not_found' });
    expect(await failure(bench.platform.post('C0404', text('x')))).toMatchObject({ code: 'not_found' });
    slack.workspace.add('C0009', { joined: false });
    const outside = await failure(bench.platform.post('C0009', text('x')));
    expect(outside).toMatchObject({ code: 'permission', advice: expect.stringContaining('/invite') });
    slack.scopes.delete('chat:write');
    expect(await failure(bench.platform.post(CHANNEL, text('x')))).toMatchObject({ code: 'permission' });
    slack.botToken = 'xoxb-another';
    const refused = await failure(bench.platform.post(CHANNEL, text('x')));
    expect(refused).toMatchObject({ code: 'permission' });
    expect(JSON.stringify(refused.message)).not.toContain(BOT_TOKEN);
  });
});

describe('the link to Slack', () => {
  it('comes back when it is lost, and when Slack asks for a new one', async () => {
    await bench.start();
    for (const lose of [() => slack.dropSockets(), () => slack.refresh()]) {
      lose();
      await slack.until(() => bench.states.at(-1) === 'disconnected', 'a loss');
      await slack.until(() => bench.states.at(-1) === 'connected', 'a new link');
    }
    await owner.type(CHANNEL, '/backup');
    expect((await bench.nextCommand()).event.command).toBe('backup');
  });

  it('comes back after Slack was away, and posts what was meant to be posted', async () => {
    await bench.start();
    await slack.goDown();
    const posted = bench.platform.post(CHANNEL, text('meanwhile'));
    await slack.until(() => bench.states.filter((state) => state === 'disconnected').length > 2, 'attempts');
    await slack.start();
    await slack.until(() => bench.states.at(-1) === 'connected', 'a new link');
    await posted;
    expect(owner.sees(CHANNEL)).toEqual(['meanwhile']);
  });

  it('is tried again where Slack cannot be reached at first', async () => {
    await slack.goDown();
    const started = bench.start();
    await slack.until(() => bench.states.length > 3, 'attempts');
    await slack.start();
    await started;
    expect(bench.states.at(-1)).toBe('connected');
  });

  it('is given up where nobody greets, and tried again', async () => {
    slack.silent = true;
    const started = bench.start();
    await slack.until(() => bench.states.includes('disconnected'), 'an attempt');
    slack.silent = false;
    await started;
    expect(bench.states.at(-1)).toBe('connected');
  });

  it('is one also where the address came late', async () => {
    slack.fail('apps.connections.open', { kind: 'slow', ms: 350 });
    await bench.start();
    await owner.type(CHANNEL, '/backup');
    await bench.nextCommand();
    expect(bench.commands).toHaveLength(1);
  });

  it.each([{ botToken: 'xoxb-wrong-token' }, { appToken: 'xapp-wrong-token' }])('is refused for %j', async (wrong) => {
    bench = new SlackBench(slack, wrong);
    const refused = await failure(bench.start());
    expect(refused).toMatchObject({ code: 'usage', exitStatus: 2, advice: expect.stringContaining('xoxb-') });
    expect(refused.message).toContain('invalid_auth');
    expect(createScrubber()(refused.advice ?? '')).toBe(refused.advice);
  });

  it('that the app switched off is told as what it is, and comes when it is switched on', async () => {
    slack.fail('apps.connections.open', { kind: 'error', error: 'link_disabled' });
    await bench.start();
    expect(bench.said[0]).toContain('Socket Mode is switched off');
    expect(bench.states.at(-1)).toBe('connected');
  });

  it('can be let go before there was one', async () => {
    await slack.goDown();
    const started = bench.start();
    await slack.until(() => bench.states.length > 1, 'an attempt');
    await bench.platform.stop();
    await started;
    expect(bench.states.at(-1)).toBe('stopped');
  });
});

describe('a request over HTTP', () => {
  beforeEach(async () => {
    bench = new SlackBench(slack, { mode: 'http' });
    await bench.start();
  });

  const body = () => new URLSearchParams(owner.slash(CHANNEL, '/backup')).toString();
  const now = () => Math.floor(Date.now() / 1000);

  it('is refused without a good and new signature, which is told', async () => {
    expect((await slack.sendSigned(body(), now(), 'wrong')).status).toBe(401);
    expect((await slack.sendSigned(body(), now() - 360, SIGNING_SECRET)).status).toBe(401);
    const unsigned = await fetch(slack.requestUrl ?? '', { method: 'POST', body: body() });
    expect(unsigned.status).toBe(401);
    expect((await slack.sendSigned(body(), now() + 360, SIGNING_SECRET)).status).toBe(401);
    await slack.until(() => bench.rejected.length === 4, 'four rejections');
    expect(bench.rejected).toEqual([
      'a bad signature',
      'an old signature',
      'no signature',
      'a signature of the future',
    ]);
    expect(bench.commands).toEqual([]);
  });

  it('is not read where it is too long, and leaves nothing in front of what comes over the same connection', async () => {
    const tooLong = 'x'.repeat(3 * 1024 * 1024);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const send = async (sent: string): Promise<number | undefined> => {
      const calling = request(slack.requestUrl ?? '', {
        method: 'POST',
        agent,
        headers: { 'content-length': sent.length },
      });
      // What is still being written when the answer comes may not arrive any more.
      calling.on('error', () => {});
      calling.end(sent);
      const [response] = (await once(calling, 'response')) as [IncomingMessage];
      response.resume();
      return response.statusCode;
    };
    expect([await send(tooLong), await send('unsigned')]).toEqual([413, 401]);
    agent.destroy();
  });

  it('finds nothing elsewhere', async () => {
    const elsewhere = (slack.requestUrl ?? '').replace('/slack/events', '/');
    expect((await fetch(elsewhere)).status).toBe(404);
    expect((await slack.sendSigned(body(), now(), SIGNING_SECRET)).status).toBe(200);
  });
});
