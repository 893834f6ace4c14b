import { describe, expect, it } from 'vitest';
import { loadChatCommands } from '../../../src/bot/chat/chat-commands.ts';
import { createConsolePlatform } from '../../../src/bot/console/console-platform.ts';
import type { Screen } from '../../../src/bot/console/screen.ts';
import type { CommandEvent, PlatformEvents, PressEvent } from '../../../src/bot/platform.ts';
import { chooseStyle } from '../../../src/terminal/style.ts';

const PERSON = { platform: 'console', id: 'root@here', name: 'root@here' };

/** A terminal whose lines a test types. */
async function setUp(answer: Partial<PlatformEvents> = {}) {
  const typed: ((line: string | undefined) => void)[] = [];
  const printed: string[] = [];
  const commands: CommandEvent[] = [];
  const presses: PressEvent[] = [];
  let left = false;
  let tab: (line: string) => Promise<[string[], string]> = async (line) => [[], line];
  const screen: Screen = {
    readLine: () => new Promise((resolve) => typed.push(resolve)),
    print: (text) => printed.push(text),
    showProgress: (text) => {
      if (text !== undefined) printed.push(`progress: ${text()}`);
    },
    columns: () => 80,
    close: () => {},
  };
  const platform = createConsolePlatform({
    commands: await loadChatCommands(),
    person: PERSON,
    style: chooseStyle(false, {}),
    now: () => 1_000_000,
    openScreen: ({ complete }) => {
      tab = complete;
      return screen;
    },
    onLeave: () => {
      left = true;
    },
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
    await expect.poll(() => typed.length > 0 || left).toBe(true);
  };
  return { platform, type, printed, commands, presses, left: () => left, complete: (line: string) => tab(line) };
}

describe('the console of a running bot', () => {
  it('hands on what was typed as the fields of a command', async () => {
    const { type, commands } = await setUp();
    await type('/restore 4f07a1c2 --path "a b" --path c');
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
    await expect.poll(() => printed.join('')).toContain('Did you mean /restore?');
    await type('/list --sorce app');
    await expect.poll(() => printed.join('')).toContain('Did you mean --source?');
  });

  it('takes a number for a button of what was shown last', async () => {
    const { platform, type, printed, presses } = await setUp();
    const ref = await platform.post('terminal', {
      kind: 'buttons',
      buttons: [
        { id: 'x', label: 'Restore' },
        { id: 'y', label: 'Cancel' },
      ],
    });
    expect(printed.join('')).toContain('1) Restore  2) Cancel');
    await type('2');
    await expect.poll(() => presses).toMatchObject([{ id: 'y', message: ref }]);
  });

  it('shows progress in its line', async () => {
    const { platform, printed } = await setUp();
    const counts = { files: 1, bytes: 10, totalFiles: 2, totalBytes: 20, current: undefined, share: 0.5 };
    const times = { bytesPerSecond: undefined, remainingMs: undefined, elapsedMs: 5 };
    await platform.post('terminal', { kind: 'progress', progress: { phase: 'reading', ...counts, ...times } });
    expect(printed.join('')).toMatch(/^progress: reading/);
  });

  it('completes commands, options and values', async () => {
    const { complete } = await setUp({ onCompletion: async ({ field }) => [{ label: field, value: 'latest' }] });
    expect(await complete('/resto')).toEqual([['/restore '], '/resto']);
    expect(await complete('/restore --pa')).toEqual([['--path '], '--pa']);
    expect(await complete('/restore la')).toEqual([['latest '], 'la']);
  });

  it.each(['/quit', undefined])('leaves at %s', async (line) => {
    const { type, left } = await setUp();
    await type(line);
    expect(left()).toBe(true);
  });
});
