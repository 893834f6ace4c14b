import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { loadChatCommands } from '../../../src/bot/chat/chat-commands.ts';
import type { ConsolePlatform } from '../../../src/bot/console/console-platform.ts';
import type { Person } from '../../../src/bot/platform.ts';
import { openTerminal } from '../../../src/serve/open-terminal.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { type Display, TerminalDisplay, Transcript } from './display.ts';

const PATIENCE_MS = 30_000;
let opened = 0;
export const CONSOLE_USER = 'ann@here';

/** The console of a bot on streams of its own: a terminal, or a pipe into it and out of it. */
export class ConsoleBench {
  readonly platform: ConsolePlatform;
  readonly person: Person;
  readonly display: Display;
  readonly #input = new PassThrough();

  private constructor(display: Display, open: (input: PassThrough) => ReturnType<typeof openTerminal>) {
    this.display = display;
    const { platform, person } = open(this.#input);
    this.platform = platform;
    this.person = person;
  }

  /** @param columns of a terminal; where absent, input and output are pipes */
  static async open(columns?: number): Promise<ConsoleBench> {
    const commands = await loadChatCommands();
    // Nobody starts a bot twice within one millisecond, but a test does.
    const offsetMs = opened++;
    const display = columns === undefined ? new Transcript() : new TerminalDisplay(columns);
    return new ConsoleBench(display, (input) =>
      openTerminal(
        {
          input,
          output: display,
          interactive: columns !== undefined,
          environment: { NO_COLOR: '1' },
          user: CONSOLE_USER,
          now: () => systemClock.now() + offsetMs,
          monotonic: systemClock.monotonic,
          greeting: { kind: 'stack', views: [] },
        },
        { commands, onLeave: () => {}, pages: join(tmpdir(), 'holdfast-pages') },
      ),
    );
  }

  type(keys: string): void {
    this.#input.write(keys);
  }

  /** Lines that have been finished: what is above the prompt. */
  said(from = 0): string[] {
    return this.display.lines().slice(from, -1);
  }

  /** Resolves with what `look` finds as soon as it finds something. */
  async until<T>(what: string, look: () => T | undefined | false): Promise<T> {
    const endMs = performance.now() + PATIENCE_MS;
    for (;;) {
      const found = look();
      if (found !== undefined && found !== false) return found;
      if (performance.now() > endMs) throw new Error(`Waited in vain: ${what}\n${this.said().slice(-5).join('\n')}`);
      await systemClock.sleep(5);
    }
  }
}

/** What can be chosen in lines that were shown: buttons in a row, and options of a select, by label. */
export function numbersIn(lines: readonly string[]): { buttons: Map<string, number>; options: Map<string, number> } {
  const buttons = new Map<string, number>();
  const options = new Map<string, number>();
  for (const line of lines) {
    const [, number, label = ''] = /^ {2}(\d+)\) (.+?)(?: {2}.*)?$/.exec(line) ?? [];
    const [, row = ''] = /(?:^|\S {2})(1\) .+)$/.exec(line) ?? [];
    if (number !== undefined) options.set(label, Number(number));
    // The newest row is meant.
    if (row !== '') buttons.clear();
    for (const [, place, name = ''] of row.matchAll(/(\d+)\) (.+?)(?= {2}|$)/g)) buttons.set(name, Number(place));
  }
  return { buttons, options };
}
