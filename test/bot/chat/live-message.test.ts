import { describe, expect, it } from 'vitest';
import { LiveMessage } from '../../../src/bot/chat/live-message.ts';
import type { MessageRef, Platform } from '../../../src/bot/platform.ts';
import { HoldfastError } from '../../../src/shared/errors.ts';
import type { View } from '../../../src/view/view.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';

const say = (text: string): View => ({ kind: 'text', text });
const unavailable = () => new HoldfastError('platform_unavailable', 'no answer');

/** A platform that takes down what is sent, and fails as told. */
function setUp() {
  const clock = new ManualClock();
  const sent: { atMs: number; how: string; text: string }[] = [];
  const moved: MessageRef[] = [];
  let failures: HoldfastError[] = [];
  const note = (how: string, view: View): void => {
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
    sent.push({ atMs: clock.monotonic(), how, text: view.kind === 'text' ? String(view.text) : '' });
  };
  const refer = (message: string): MessageRef => ({ platform: 'test', channel: 'c', message });
  const platform = {
    name: 'test',
    pace: { editEveryMs: 3000, renewAfterMs: 60_000 },
    async post(_channel: string, view: View) {
      note('post', view);
      return refer(`posted ${sent.length}`);
    },
    async edit({ message }: MessageRef, view: View) {
      note(`edit ${message}`, view);
    },
  } as unknown as Platform;
  const stopping = new AbortController();
  const live = new LiveMessage({
    platform,
    clock,
    channel: 'c',
    show: async (view) => {
      note('show', view);
      return refer('first');
    },
    onMoved: (message) => moved.push(message),
    stopping: stopping.signal,
  });
  const fail = (...errors: HoldfastError[]): void => {
    failures = errors;
  };
  return { clock, sent, moved, live, fail, stopping };
}

describe('a live message', () => {
  it('is edited no faster than the platform allows, with the newest view', async () => {
    const { live, clock, sent } = setUp();
    await live.begin(say('begin'));
    for (let second = 1; second <= 10; second++) {
      live.update(() => say(`second ${second}`));
      await clock.advance(1000);
    }
    await live.finish(say('end'));
    expect(sent.map(({ how, text }) => `${how}: ${text}`)).toEqual([
      'show: begin',
      'edit first: second 3',
      'edit first: second 6',
      'edit first: second 9',
      'edit first: end',
    ]);
  });

  it('is left behind for a new one when it has become old', async () => {
    const { live, clock, sent, moved } = setUp();
    await live.begin(say('begin'));
    await clock.advance(60_000);
    live.update(() => say('later'));
    await clock.advance(3000);
    await live.finish(say('end'));
    expect(sent.map(({ how }) => how)).toEqual(['show', 'post', 'edit first', 'edit posted 2']);
    expect(moved.map(({ message }) => message)).toEqual(['first', 'posted 2']);
  });

  it('shows its end however long the platform is away', async () => {
    const { live, clock, sent, fail } = setUp();
    await live.begin(say('begin'));
    fail(unavailable(), unavailable(), unavailable());
    const finished = live.finish(say('end'));
    await clock.advance(60_000);
    expect(await finished).toBe(true);
    expect(sent.at(-1)).toEqual({ atMs: 35_000, how: 'edit first', text: 'end' });
  });

  it('shows its end although the last edit failed', async () => {
    const { live, clock, sent, fail } = setUp();
    await live.begin(say('begin'));
    fail(unavailable());
    live.update(() => say('lost'));
    await clock.advance(3000);
    expect(await live.finish(say('end'))).toBe(true);
    expect(sent.map(({ text }) => text)).toEqual(['begin', 'end']);
  });

  it('shows its end in a new message when its own is gone', async () => {
    const { live, sent, fail } = setUp();
    await live.begin(say('begin'));
    fail(new HoldfastError('not_found', 'gone'));
    expect(await live.finish(say('end'))).toBe(true);
    expect(sent.at(-1)?.how).toBe('post');
  });

  it('gives up where even that is refused, and when the bot ends', async () => {
    const refused = setUp();
    await refused.live.begin(say('begin'));
    refused.fail(new HoldfastError('not_found', 'gone'), new HoldfastError('permission', 'no'));
    expect(await refused.live.finish(say('end'))).toBe(false);
    const ended = setUp();
    await ended.live.begin(say('begin'));
    ended.fail(unavailable());
    const finished = ended.live.finish(say('end'));
    await ended.clock.advance(1000);
    ended.stopping.abort(new Error('stopped'));
    expect(await finished).toBe(false);
  });
});
