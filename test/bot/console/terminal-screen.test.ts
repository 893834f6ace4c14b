import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { openTerminalScreen } from '../../../src/bot/console/terminal-screen.ts';
import { TerminalDisplay } from '../../helpers/console/display.ts';

/** A prompt on a terminal of 40 columns. */
function setUp() {
  const input = new PassThrough();
  const display = new TerminalDisplay(40);
  let nowMs = 0;
  const screen = openTerminalScreen({
    input,
    output: display,
    prompt: '> ',
    complete: async (line) => [[], line],
    onInterrupt: () => {},
    now: () => {
      nowMs += 1000;
      return nowMs;
    },
  });
  return { screen, display, type: (keys: string) => input.write(keys) };
}

describe('a terminal while something runs', () => {
  it('shows it above the prompt, in place, and keeps what is half typed', async () => {
    const { screen, display, type } = setUp();
    void screen.readLine('> ', false);
    screen.showProgress(() => 'a: 1 %\nb: 1 %');
    type('/sta');
    screen.showProgress(() => 'a: 2 %\nb: 2 %');
    expect(display.lines()).toEqual(['a: 2 %', 'b: 2 %', '> /sta']);
    screen.print('a word\n');
    expect(display.lines()).toEqual(['a word', 'a: 2 %', 'b: 2 %', '> /sta']);
    screen.close();
  });

  it('shows it below a line that was entered, and leaves nothing of it above', async () => {
    const { screen, display, type } = setUp();
    const line = screen.readLine('> ', false);
    screen.showProgress(() => 'a: 1 %\nb: 1 %');
    const long = `/list ${'x'.repeat(60)}`;
    type(`${long}\r`);
    expect(await line).toBe(long);
    expect(display.lines()).toEqual([`> ${long}`, 'a: 1 %', 'b: 1 %', '> ']);
    screen.print('the answer\n');
    screen.showProgress(() => 'a: 2 %');
    expect(display.lines()).toEqual([`> ${long}`, 'the answer', 'a: 2 %', '> ']);
    screen.showProgress(undefined);
    expect(display.lines()).toEqual([`> ${long}`, 'the answer', '> ']);
    expect(display.alive).toEqual([]);
    screen.close();
  });
});
