import { describe, expect, it } from 'vitest';
import { loadChatCommands } from '../../../src/bot/chat/chat-commands.ts';
import {
  type ConsolePlatformOptions,
  createConsolePlatform,
  type Keys,
} from '../../../src/bot/console/console-platform.ts';
import type { Screen } from '../../../src/bot/console/screen.ts';
import type { CommandEvent, CompletionEvent, PlatformEvents, PressEvent, Reply } from '../../../src/bot/platform.ts';
import { chooseStyle } from '../../../src/terminal/style.ts';
import type { View } from '../../../src/view/view.ts';

const PERSON = { platform: 'console', id: 'root@here', name: 'root@here' };
const NOW = 1_000_000;

/** A terminal whose lines a test types. */
async function setUp(
  answer: Partial<PlatformEvents> = {},
  interactive = true,
  more: Partial<ConsolePlatformOptions> = {},
) {
  const typed: ((line: string | undefined) => void)[] = [];
  const printed: string[] = [];
  const commands: CommandEvent[] = [];
  const presses: PressEvent[] = [];
  let left: number | undefined;
  let inPlace = '';
  let nowMs = NOW;
  let keys: Keys = { complete: async (line) => [[], line], interrupt: () => {} };
  const screen: Screen = {
    readLine: () => new Promise((resolve) => typed.push(resolve)),
    print: (text) => printed.push(text),
    showProgress: (text) => {
      inPlace = text?.() ?? '';
    },
    columns: () => 80,
    close: () => {},
  };
  const platform = createConsolePlatform({
    commands: await loadChatCommands(),
    interactive,
    greeting: { kind: 'text', text: 'Welcome' },
    person: PERSON,
    style: chooseStyle(false, {}),
    now: () => nowMs,
    openScreen: (given) => {
      keys = given;
      return screen;
    },
    onLeave: (status) => {
      left = status;
    },
    ...more,
  });
  await platform.start({
    audience: () => 'place',
    onCommand: async (event) => void commands.push(event),
    onPress: async (event) => void presses.push(event),
    onCompletion: async () => [],
    onState: () => {},
    onRejected: () => {},
    ...answer,
  });
  const type = async (line: string | undefined): Promise<void> => {
    await expect.poll(() => typed.length).toBeGreaterThan(0);
    typed.shift()?.(line);
    await expect.poll(() => typed.length > 0 || left !== undefined).toBe(true);
  };
  return {
    platform,
    type,
    commands,
    presses,
    printed: () => printed.join(''),
    inPlace: () => inPlace,
    left: () => left,
    keys: () => keys,
    isReading: () => typed.length > 0,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

const buttons = (...labels: string[]): View => ({
  kind: 'buttons',
  buttons: labels.map((label) => ({ id: `id of ${label}`, label })),
});

async function* asPieces(text: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(text);
}

function running(title: string): View {
  const counts = { files: 1, bytes: 10, totalFiles: 2, totalBytes: 20, current: undefined, share: 0.5 };
  const times = { bytesPerSecond: undefined, remainingMs: undefined, elapsedMs: 5 };
  return {
    kind: 'stack',
    views: [
      { kind: 'heading', text: title },
      { kind: 'progress', progress: { phase: 'reading', ...counts, ...times } },
      { kind: 'buttons', buttons: [{ id: `cancels ${title}`, label: 'Cancel' }] },
    ],
  };
}

describe('the console of a running bot', () => {
  it('hands on what was typed as the fields of a command', async () => {
    const { type, commands } = await setUp();
    await type('/restore 4f07a1c2 path:"a b" path:c');
    await expect
      .poll(() => commands)
      .toMatchObject([
        {
          command: 'restore',
          raw: { backup: '4f07a1c2', path: ['a b', 'c'] },
          person: PERSON,
          place: { platform: 'console' },
        },
      ]);
  });

  it('says what may have been meant', async () => {
    const { type, printed } = await setUp();
    await type('/restroe');
    await expect.poll(printed).toContain('Did you mean /restore?');
    await type('/list sorce:app');
    await expect.poll(printed).toContain('Did you mean source:?');
  });

  it('takes a number for a button of what was shown last', async () => {
    const { platform, type, printed, presses } = await setUp();
    const ref = await platform.post('terminal', buttons('Restore', 'Cancel'));
    expect(printed()).toContain('1) Restore  2) Cancel');
    await type('2');
    await expect.poll(() => presses).toMatchObject([{ id: 'id of Cancel', message: ref }]);
  });

  it('says where a page for a browser was put, and prints a text', async () => {
    const page = (name: string): View => ({ kind: 'file', name, content: asPieces('<p>page</p>\n') });
    const saveFile = async (name: string) => (name.endsWith('.html') ? `/pages/${name}` : undefined);
    const { platform, printed } = await setUp({}, true, { saveFile });
    await platform.post('terminal', page('runbook.html'));
    await platform.post('terminal', page('sums.txt'));
    expect(printed()).toContain('runbook.html is saved as /pages/runbook.html\n<p>page</p>\n');
  });

  it('takes a number for an option that was offered', async () => {
    const { platform, type, printed, presses } = await setUp();
    const options = [
      { value: '0', label: '4f07a1c2', detail: 'never verified' },
      { value: '1', label: '9b3de810' },
    ];
    const message = await platform.post('terminal', { kind: 'select', id: 'id of it', prompt: 'Which?', options });
    expect(printed()).toContain('Which?\n  1) 4f07a1c2  never verified\n  2) 9b3de810\n');
    await type('2');
    await expect.poll(() => presses).toMatchObject([{ id: 'id of it', value: '1', message }]);
  });

  it('takes no number for a button that was pressed, is not there, or stands before another command', async () => {
    const { platform, type, printed, presses } = await setUp();
    await type('1');
    await expect.poll(printed).toContain('Nothing is asked');
    await platform.post('terminal', buttons('Restore', 'Cancel'));
    await type('3');
    await expect.poll(printed).toContain('There are: 1 (Restore), 2 (Cancel).');
    await type('/whoami');
    await type('1');
    await platform.post('terminal', buttons('Next'));
    await type('1');
    await type('1');
    await expect.poll(() => printed().match(/Nothing is asked/g)).toHaveLength(3);
    expect(presses.map(({ id }) => id)).toEqual(['id of Next']);
  });

  it('posts again what was posted long ago under the same key', async () => {
    const { platform, printed, pass } = await setUp();
    const post = () => platform.post('terminal', { kind: 'text', text: 'a word' }, { key: 'k' });
    await post();
    pass(9 * 60_000);
    await post();
    expect(printed().match(/a word/g)).toHaveLength(1);
    pass(2 * 60_000);
    await post();
    expect(printed().match(/a word/g)).toHaveLength(2);
  });

  it('shows what runs in place, a line each, and prints its end', async () => {
    const { platform, printed, inPlace } = await setUp();
    const first = await platform.post('terminal', running('Backup of a'));
    const second = await platform.post('terminal', running('Backup of b'));
    expect(inPlace()).toMatch(/^Backup of a: reading .*1\) Cancel\nBackup of b: reading .*2\) Cancel$/);
    await platform.edit(first, { kind: 'text', text: 'a is done' });
    expect(inPlace()).toMatch(/^Backup of b: .*1\) Cancel$/);
    await platform.edit(second, { kind: 'text', text: 'b is done' });
    expect(inPlace()).toBe('');
    expect(printed()).toMatch(/^Welcome\na is done\nb is done\n$/);
  });

  it('means by numbers what is asked before what runs', async () => {
    const { platform, type, inPlace, presses } = await setUp();
    await platform.post('terminal', running('Backup of a'));
    await platform.post('terminal', buttons('Restore', 'Cancel'));
    expect(inPlace()).not.toContain('1)');
    await type('1');
    await type('1');
    await expect.poll(() => presses.map(({ id }) => id)).toEqual(['id of Restore', 'cancels Backup of a']);
  });

  it('cancels what runs with Ctrl-C, then leaves with the second in a row', async () => {
    const { platform, printed, presses, left, keys } = await setUp();
    await platform.post('terminal', running('Backup of a'));
    keys().interrupt(true);
    expect(presses).toEqual([]);
    keys().interrupt(false);
    expect(presses.map(({ id }) => id)).toEqual(['cancels Backup of a']);
    keys().interrupt(false);
    expect(printed()).toContain('Ctrl-C once more leaves');
    expect(left()).toBeUndefined();
    keys().interrupt(false);
    expect(left()).toBe(130);
  });

  it('leaves at a signal where nothing runs', async () => {
    const { platform, left } = await setUp();
    platform.interrupt();
    expect(left()).toBe(130);
  });

  it('knows messages of its own run alone', async () => {
    const { platform } = await setUp();
    const gone = { platform: 'console', channel: 'terminal', message: `${NOW - 1}-4` };
    await expect(platform.edit(gone, { kind: 'text', text: '' })).rejects.toMatchObject({ code: 'not_found' });
  });

  it('asks for completion with what was said before', async () => {
    const events: CompletionEvent[] = [];
    const { keys } = await setUp({
      onCompletion: async (event) => {
        events.push(event);
        return [{ label: 'logs', value: 'logs/' }];
      },
    });
    expect(await keys().complete('/restore 4f07 path:lo')).toEqual([['path:logs/'], 'path:lo']);
    expect(events).toMatchObject([{ command: 'restore', field: 'path', partial: 'lo', raw: { backup: '4f07' } }]);
  });

  it.each(['/quit', undefined])('leaves at %s', async (line) => {
    const { type, left } = await setUp();
    await type(line);
    expect(left()).toBe(0);
  });
});

describe('the console of a running bot, as a script', () => {
  it('answers a line before it reads the next', async () => {
    const answered = Promise.withResolvers<void>();
    const { type, isReading } = await setUp({ onCommand: () => answered.promise }, false);
    const typed = type('/backup');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isReading()).toBe(false);
    answered.resolve();
    await typed;
  });

  it.each([
    { lines: ['/whoami', '# a comment', ''], status: 0 },
    { lines: ['/nonsense'], status: 1 },
    { lines: ['1'], status: 1 },
    { lines: ['/backup'], status: 1 },
  ])('ends with $status after $lines', async ({ lines, status }) => {
    const onCommand = async ({ command }: CommandEvent, reply: Reply): Promise<void> => {
      if (command === 'backup') reply.failed?.();
    };
    const { type, left } = await setUp({ onCommand }, false);
    for (const line of lines) await type(line);
    await type(undefined);
    expect(left()).toBe(status);
  });
});
