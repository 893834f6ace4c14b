import type { AnyCommand, CommandSource, Confirmation, Identity, Services } from '../../commands/command.ts';
import { commandNames, loadCommand } from '../../commands/registry.ts';
import { closest } from '../../commands/suggest.ts';
import { HoldfastError } from '../../shared/errors.ts';
import { printableText } from '../../shared/printable.ts';
import { progressText } from '../../terminal/progress-text.ts';
import { renderView } from '../../terminal/render.ts';
import type { RenderOptions } from '../../terminal/render-options.ts';
import type { Style } from '../../terminal/style.ts';
import { ProgressMeter } from '../../view/progress-meter.ts';
import type { View } from '../../view/view.ts';
import { dispatch, type Surface } from '../dispatch.ts';
import { splitWords } from '../split-words.ts';
import { parseWords } from '../text-grammar.ts';
import { askByNumber } from './ask-by-number.ts';
import type { Screen } from './screen.ts';

export interface SessionOptions {
  screen: Screen;
  services: Services;
  identity: Identity;
  style: Style;
  /** Milliseconds that never go back. */
  monotonic: () => number;
}

export const PROMPT = '> ';
/** Characters that are written together: the prompt is painted again after each. */
const PRINTED_AT_ONCE = 16_384;
const LEAVE = new Set(['quit', 'exit']);

export const consoleCommands: CommandSource = {
  form: 'shell',
  names: () => commandNames,
  load: loadCommand,
  sections: [
    {
      title: 'In this console',
      rows: [
        { name: '/quit', summary: 'Leave' },
        { name: 'Tab', summary: 'Complete commands, options, snapshots and paths' },
        { name: 'Ctrl-C', summary: 'Cancel the running command; twice leaves' },
      ],
    },
  ],
};

/** Reads commands and runs them one after the other until the input ends or `/quit`. */
export class Session {
  readonly #options: SessionOptions;
  /** A line that was read as an answer and is a command. */
  #pending: string | undefined;
  #running: AbortController | undefined;
  #failures = 0;
  #linesRead = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** How many commands failed. */
  async run(): Promise<number> {
    for (;;) {
      const line = this.#pending ?? (await this.#options.screen.readLine(PROMPT, false));
      this.#pending = undefined;
      this.#linesRead++;
      if (line === undefined || LEAVE.has(line.trim().replace(/^\//, ''))) return this.#failures;
      if (line.trim() !== '' && !line.trim().startsWith('#')) await this.#runLine(line);
    }
  }

  /** Cancels the running command; false when none runs or it was cancelled already. */
  cancel(): boolean {
    if (this.#running === undefined || this.#running.signal.aborted) return false;
    this.#running.abort(new HoldfastError('interrupted', 'Cancelled'));
    return true;
  }

  isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Counts the lines that were read, so that two interrupts in a row can be told from two apart. */
  get linesRead(): number {
    return this.#linesRead;
  }

  async show(view: View): Promise<void> {
    const { screen } = this.#options;
    let text = '';
    for await (const piece of renderView(view, this.#renderOptions())) {
      text += typeof piece === 'string' ? piece : Buffer.from(piece).toString('utf8');
      if (text.length < PRINTED_AT_ONCE) continue;
      screen.print(text);
      text = '';
    }
    screen.print(text);
  }

  async #runLine(line: string): Promise<void> {
    this.#running = new AbortController();
    try {
      const outcome = await this.#execute(line, this.#running.signal);
      if (outcome === 'damaged') this.#failures++;
    } catch (error) {
      this.#failures++;
      await this.#showError(error);
    } finally {
      this.#running = undefined;
    }
  }

  async #execute(line: string, signal: AbortSignal): Promise<string | undefined> {
    const { screen, services, identity } = this.#options;
    const { command, words } = await findCommand(splitWords(line.trim().replace(/^\//, '')));
    const raw = parseWords(command.name, command.input, words);
    const surface = this.#surface(signal);
    try {
      const execution = await dispatch({ command, raw, identity, answered: false, signal }, surface, services);
      screen.showProgress(undefined);
      await this.show(execution?.view ?? { kind: 'text', text: 'Cancelled; nothing was changed.' });
      return execution?.outcome;
    } finally {
      screen.showProgress(undefined);
    }
  }

  #surface(signal: AbortSignal): Surface {
    const { screen, style, monotonic } = this.#options;
    const meter = new ProgressMeter(monotonic);
    return {
      commands: consoleCommands,
      guided: true,
      ask: (confirmation) => this.#ask(confirmation, signal),
      onProgress(counters) {
        const state = meter.add(counters);
        screen.showProgress(() => progressText(state, (screen.columns() ?? 80) - 1));
      },
      onWarning: (message) => screen.print(`${style.tone('warning', `warning: ${printableText(message)}`)}\n`),
    };
  }

  async #ask(confirmation: Confirmation, signal: AbortSignal): Promise<boolean> {
    const { screen } = this.#options;
    screen.showProgress(undefined);
    await this.show(confirmation.view);
    const cancelled = Promise.withResolvers<{ confirmed: boolean; command?: string }>();
    const cancel = (): void => cancelled.resolve({ confirmed: false });
    signal.addEventListener('abort', cancel, { once: true });
    const answer = askByNumber(screen, confirmation, (view) => this.show(view));
    const { confirmed, command } = await Promise.race([answer, cancelled.promise]);
    signal.removeEventListener('abort', cancel);
    this.#pending = command;
    return confirmed;
  }

  async #showError(error: unknown): Promise<void> {
    const known = error instanceof HoldfastError;
    const message = error instanceof Error ? error.message : String(error);
    const text = known ? message : `Unexpected error: ${message}`;
    const next = known ? error.advice : undefined;
    await this.show({ kind: 'status', tone: 'bad', text, ...(next !== undefined && { next }) });
  }

  #renderOptions(): RenderOptions {
    const { screen, style, services } = this.#options;
    return { style, nowMs: services.now(), columns: screen.columns(), commandPrefix: '/', rawFiles: false };
  }
}

async function findCommand(words: readonly string[]): Promise<{ command: AnyCommand; words: readonly string[] }> {
  const [first = '', second = ''] = words;
  const pair = await loadCommand(`${first} ${second}`);
  if (pair !== undefined) return { command: pair, words: words.slice(2) };
  const single = await loadCommand(first);
  if (single !== undefined) return { command: single, words: words.slice(1) };
  const meant = closest(`${first} ${second}`.trim(), commandNames) ?? closest(first, commandNames);
  throw new HoldfastError('usage', `There is no command /${first}`, {
    advice: meant === undefined ? 'Type /help for all commands.' : `Did you mean /${meant}?`,
  });
}
