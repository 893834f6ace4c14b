import { clearScreenDown, createInterface, cursorTo, type Interface, moveCursor } from 'node:readline';
import type { Screen, ScreenStreams } from './screen.ts';

const REPAINT_MS = 100;

export interface TerminalOptions extends ScreenStreams {
  /** Shown while nothing in particular is asked. */
  prompt: string;
  complete: (line: string) => Promise<[string[], string]>;
  /** Ctrl-C; `halfTyped` says whether it only cleared what was typed. */
  onInterrupt: (halfTyped: boolean) => void;
  /** Milliseconds that never go back. */
  now: () => number;
}

/**
 * A terminal with a prompt that stays at the bottom while a command runs: output and progress are written above it, and what
 * is half typed is kept.
 */
export function openTerminalScreen(options: TerminalOptions): Screen {
  return new TerminalScreen(options);
}

class TerminalScreen implements Screen {
  readonly #options: TerminalOptions;
  readonly #reader: Interface;
  #typed: string[] = [];
  #waiting: ((line: string | undefined) => void) | undefined;
  #ended = false;
  #progress: string | undefined;
  /** What was shown in place when a line was entered, and goes on below that line. */
  #goesOn: string | undefined;
  readonly #onKey = (_typed: string, key: { name?: string } | undefined): void => {
    if (key?.name === 'return' || key?.name === 'enter') this.#entering();
  };
  #paintedMs = Number.NEGATIVE_INFINITY;

  constructor(options: TerminalOptions) {
    this.#options = options;
    const { input, output, complete } = options;
    const completer = (line: string, done: (error: null, result: [string[], string]) => void): void => {
      complete(line).then(
        (result) => done(null, result),
        () => done(null, [[], line]),
      );
    };
    this.#reader = createInterface({
      input,
      output,
      terminal: true,
      completer,
      historySize: 500,
      removeHistoryDuplicates: true,
    });
    this.#reader.setPrompt(options.prompt);
    // Before readline hears of the key, and leaves the line where it stands.
    input.prependListener('keypress', this.#onKey);
    this.#reader.on('line', (line) => this.#take(line));
    this.#reader.on('close', () => this.#end());
    this.#reader.on('SIGINT', () => this.#interrupt());
  }

  readLine(prompt: string, fresh: boolean): Promise<string | undefined> {
    if (fresh) this.#typed = [];
    const typed = this.#typed.shift();
    if (typed !== undefined || this.#ended) return Promise.resolve(typed);
    this.#reader.setPrompt(prompt);
    this.#reader.prompt(true);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  print(text: string): void {
    this.#repaint(text);
  }

  showProgress(text: (() => string) | undefined): void {
    const { now } = this.#options;
    if (text !== undefined && now() - this.#paintedMs < REPAINT_MS) return;
    this.#paintedMs = text === undefined ? Number.NEGATIVE_INFINITY : now();
    this.#repaint('', text?.());
  }

  columns(): number | undefined {
    return this.#options.output.columns || undefined;
  }

  close(): void {
    this.#reader.close();
  }

  /** A line that was typed stays where it was typed, and would leave what is shown above it behind as if it still were so. */
  #entering(): void {
    if (this.#progress === undefined || this.#ended) return;
    const progress = this.#progress;
    this.#repaint('', undefined);
    this.#goesOn = progress;
  }

  #take(line: string): void {
    const goesOn = this.#goesOn;
    this.#goesOn = undefined;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#typed.push(line);
    else waiting(line);
    this.#progress = undefined;
    this.#reader.setPrompt(this.#options.prompt);
    if (this.#ended) return;
    this.#reader.prompt();
    if (goesOn !== undefined) this.#repaint('', goesOn);
  }

  #end(): void {
    this.#ended = true;
    this.#options.input.removeListener('keypress', this.#onKey);
    this.#waiting?.(undefined);
  }

  #interrupt(): void {
    const halfTyped = this.#reader.line !== '';
    if (halfTyped) {
      this.#reader.write(null, { ctrl: true, name: 'e' });
      this.#reader.write(null, { ctrl: true, name: 'u' });
    }
    this.#options.onInterrupt(halfTyped);
  }

  /** Replaces progress and prompt by `text`, then paints progress and prompt again below it. */
  #repaint(text: string, progress: string | undefined = text === '' ? undefined : this.#progress): void {
    const { output } = this.#options;
    if (this.#ended) {
      output.write(text);
      return;
    }
    moveCursor(output, 0, -this.#reader.getCursorPos().rows - linesOf(this.#progress));
    cursorTo(output, 0);
    clearScreenDown(output);
    this.#progress = progress;
    output.write(text + (progress === undefined ? '' : `${progress}\n`));
    // readline would move up by the rows of its last paint, which are gone.
    Object.assign(this.#reader, { prevRows: 0 });
    this.#reader.prompt(true);
  }
}

function linesOf(progress: string | undefined): number {
  return progress === undefined ? 0 : progress.split('\n').length;
}
