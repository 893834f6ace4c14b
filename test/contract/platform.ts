import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type {
  Audience,
  CommandEvent,
  Platform,
  PlatformEvents,
  PlatformState,
  PressEvent,
  Reply,
} from '../../src/bot/platform.ts';
import type { View } from '../../src/view/view.ts';

/** A message as the platform's people have it. */
export interface VisibleMessage {
  /** As in a MessageRef. */
  id: string;
  channel: string;
  /** All that can be read, without the platform's markup. */
  text: string;
  /** Contents of attached files. */
  files: readonly string[];
  /** IDs of buttons, as they were given. */
  buttons: readonly string[];
  /** Mentions and links that the platform would act on. */
  alive: readonly string[];
  private: boolean;
}

export interface PlatformUnderTest {
  /** Not started yet. */
  platform: Platform;
  /** A channel that exists. */
  channel: string;
  /** An owner calls a command without options there; resolves when the platform was told that it arrived. The same `delivery` is the same event again. */
  command(name: string, delivery?: string): Promise<void>;
  /** They press a button of a visible message. */
  press(message: VisibleMessage, buttonId: string): Promise<void>;
  visible(): readonly VisibleMessage[];
  /** Somebody deletes it, or what showed it is replaced. */
  remove(messageId: string): void | Promise<void>;
  cleanUp?: () => Promise<void>;
}

/** What cannot be on a platform, and why. It is held to what is true there instead. */
export interface Apart {
  /** There is one person: every place is direct, and whatever is seen is theirs alone. */
  alone?: string;
  /** What was done arrives once. */
  once?: string;
  /** What was shown stays where it is: what takes its place stands below. */
  stays?: string;
}

const NASTY = [
  '@everyone',
  '@here',
  '<@1234567890>',
  '<!channel>',
  '<https://evil.example|click>',
  '[click](https://evil.example)',
];
const say = (text: string): View => ({ kind: 'text', text });

/** What every Platform promises (src/bot/platform.ts). `open` gives one that is not started, beside a service that is empty. */
export function describePlatform(
  title: string,
  open: () => Promise<PlatformUnderTest>,
  { alone, once, stays }: Apart = {},
): void {
  const told = (promise: string, reason?: string): string =>
    reason === undefined ? promise : `${promise} (${reason})`;

  describe(`the platform contract: ${title}`, () => {
    let under: PlatformUnderTest;
    let events: RecordingEvents;

    beforeEach(async () => {
      under = await open();
      events = new RecordingEvents();
      await under.platform.start(events);
    });

    afterEach(async () => {
      await under.platform.stop();
      await under.cleanUp?.();
    });

    const seen = (text: string): VisibleMessage | undefined =>
      under.visible().find((message) => message.text.includes(text));
    const shown = async (text: string): Promise<VisibleMessage> => {
      await expect.poll(() => seen(text), { timeout: 5000 }).toBeDefined();
      return seen(text) as VisibleMessage;
    };

    it('tells that it is connected', () => {
      expect(events.states.at(-1)).toBe('connected');
    });

    it('acknowledges before any work is done, and shows the answer when it comes', async () => {
      const work = Promise.withResolvers<void>();
      events.answer = async (reply) => {
        await work.promise;
        await reply.show(say('the answer'));
      };
      await under.command('status');
      expect(seen('the answer')).toBeUndefined();
      work.resolve();
      await shown('the answer');
    });

    it(told('hands on the same delivery with the same ID, and another with another', once), async () => {
      const deliveries = once === undefined ? ['a', 'a', 'b'] : ['a', 'b', 'c'];
      for (const delivery of deliveries) await under.command('status', delivery);
      await expect.poll(() => events.commands.length, { timeout: 5000 }).toBe(3);
      const ids = events.commands.map(({ eventId }) => eventId);
      expect(ids.map((id) => ids.indexOf(id))).toEqual(deliveries.map((one) => deliveries.indexOf(one)));
    });

    it(told('says who, where and what', alone), async () => {
      await under.command('status');
      await expect.poll(() => events.commands.length, { timeout: 5000 }).toBe(1);
      const [event] = events.commands;
      expect(event).toMatchObject({ kind: 'command', command: 'status', raw: {} });
      expect(event?.place).toMatchObject({
        platform: under.platform.name,
        channel: under.channel,
        direct: alone !== undefined,
      });
      expect(event?.person.platform).toBe(under.platform.name);
    });

    it(told('shows one answer in place of the one before, and gives where it is', stays), async () => {
      const refs: unknown[] = [];
      events.answer = async (reply) => {
        refs.push(await reply.show(say('first words')), await reply.show(say('second words')));
      };
      await under.command('status');
      await shown('second words');
      if (stays === undefined) expect(seen('first words')).toBeUndefined();
      else expect(under.visible().at(-1)?.text).toContain('second words');
      // The server shows it before the bot has heard that it does.
      await expect.poll(() => refs[1]).toMatchObject({ platform: under.platform.name, channel: under.channel });
    });

    it('keeps from others what is for the person alone', async () => {
      events.audienceOf = 'person';
      events.answer = async (reply) => {
        expect(await reply.show(say('between us'))).toBeUndefined();
        await reply.whisper(say('and this'));
      };
      await under.command('status');
      expect((await shown('between us')).private).toBe(true);
      expect((await shown('and this')).private).toBe(true);
    });

    it('knows no message that others could see where a button is for the person alone', async () => {
      events.audienceOf = 'person';
      events.answer = async (reply) => {
        await reply.show({ kind: 'buttons', buttons: [{ id: 'between-us', label: 'Go' }] });
      };
      await under.command('status');
      await expect.poll(() => under.visible()[0]?.buttons, { timeout: 5000 }).toEqual(['between-us']);
      await under.press(under.visible()[0] as VisibleMessage, 'between-us');
      await expect.poll(() => events.presses.length, { timeout: 5000 }).toBe(1);
      expect(events.presses[0]).toMatchObject({ id: 'between-us', message: undefined });
    });

    it('gives back the ID of a button, and which message holds it', async () => {
      const view: View = {
        kind: 'stack',
        views: [say('choose'), { kind: 'buttons', buttons: [{ id: 'opaque-1', label: 'Go' }] }],
      };
      const ref = await under.platform.post(under.channel, view);
      const message = await shown('choose');
      expect(message.buttons).toEqual(['opaque-1']);
      await under.press(message, 'opaque-1');
      await expect.poll(() => events.presses.length, { timeout: 5000 }).toBe(1);
      expect(events.presses[0]).toMatchObject({ kind: 'press', id: 'opaque-1', message: ref });
    });

    it(told('edits what it posted, and takes away buttons that are gone', stays), async () => {
      const ref = await under.platform.post(under.channel, {
        kind: 'stack',
        views: [say('before'), { kind: 'buttons', buttons: [{ id: 'b', label: 'Go' }] }],
      });
      const before = await shown('before');
      await under.platform.edit(ref, say('after'));
      expect((await shown('after')).buttons).toEqual([]);
      if (stays === undefined) {
        expect(seen('before')).toBeUndefined();
      } else {
        await under.press(before, 'b');
        expect(events.presses).toEqual([]);
      }
    });

    it('tells that a message is gone', async () => {
      const ref = await under.platform.post(under.channel, say('soon gone'));
      await under.remove(ref.message);
      await expect(under.platform.edit(ref, say('after'))).rejects.toMatchObject({ code: 'not_found' });
    });

    it('posts once for one key', async () => {
      await under.platform.post(under.channel, say('only once'), { key: 'k1' });
      await under.platform.post(under.channel, say('only once'), { key: 'k1' });
      await shown('only once');
      expect(under.visible().filter(({ text }) => text.includes('only once'))).toHaveLength(1);
    });

    it('shows text as text: nobody is mentioned, nothing is a link', async () => {
      for (const nasty of NASTY) {
        await under.platform.post(under.channel, {
          kind: 'stack',
          views: [
            say(`name ${nasty}`),
            { kind: 'fields', fields: [['file', nasty]] },
            { kind: 'list', items: [nasty] },
          ],
        });
      }
      await expect.poll(() => under.visible().length, { timeout: 5000 }).toBe(NASTY.length);
      expect(under.visible().flatMap(({ alive }) => alive)).toEqual([]);
      for (const [i, message] of under.visible().entries()) expect(message.text).toContain(NASTY[i]);
    });

    it('cuts nothing: what does not fit is attached', async () => {
      const rows = Array.from({ length: 2000 }, (_, i) => [`name-${i}`, `value-${i}`]);
      await under.platform.post(under.channel, {
        kind: 'table',
        columns: [{ title: 'Name' }, { title: 'Value' }],
        rows,
        empty: '',
      });
      await expect.poll(() => under.visible().length, { timeout: 5000 }).toBeGreaterThan(0);
      const all = under
        .visible()
        .flatMap(({ text, files }) => [text, ...files])
        .join('\n');
      expect(rows.filter(([name = '', value = '']) => !(all.includes(name) && all.includes(value)))).toEqual([]);
    });

    it('attaches files as they are', async () => {
      const content = async function* () {
        yield Buffer.from('line 1\n');
        yield Buffer.from('line 2\n');
      };
      await under.platform.post(under.channel, { kind: 'file', name: 'lines.txt', content: content() });
      await expect.poll(() => under.visible()[0]?.files, { timeout: 5000 }).toEqual(['line 1\nline 2\n']);
    });

    it('tells that it has stopped', async () => {
      await under.platform.stop();
      expect(events.states.at(-1)).toBe('stopped');
    });

    it('hands on nothing after it was stopped', async () => {
      await under.platform.stop();
      await under.command('status').catch(() => {});
      expect(events.commands).toEqual([]);
    });
  });
}

class RecordingEvents implements PlatformEvents {
  readonly commands: CommandEvent[] = [];
  readonly presses: PressEvent[] = [];
  readonly states: PlatformState[] = [];
  audienceOf: Audience = 'place';
  answer: (reply: Reply) => Promise<void> = async () => {};

  audience(): Audience {
    return this.audienceOf;
  }

  knows(): boolean {
    return true;
  }

  async onCommand(event: CommandEvent, reply: Reply): Promise<void> {
    this.commands.push(event);
    await this.answer(reply);
  }

  async onPress(event: PressEvent): Promise<void> {
    this.presses.push(event);
  }

  async onCompletion(): Promise<[]> {
    return [];
  }

  onState(state: PlatformState): void {
    this.states.push(state);
  }

  onRejected(): void {}
}
