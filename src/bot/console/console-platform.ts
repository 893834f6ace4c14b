import type { HelpSection } from '../../commands/command.ts';
import { closest } from '../../commands/suggest.ts';
import { HoldfastError } from '../../shared/errors.ts';
import { renderView } from '../../terminal/render.ts';
import type { RenderOptions } from '../../terminal/render-options.ts';
import type { Style } from '../../terminal/style.ts';
import type { View } from '../../view/view.ts';
import type { ChatCommands } from '../chat/chat-commands.ts';
import type {
  Audience,
  CommandEvent,
  MessageRef,
  Person,
  Platform,
  PlatformEvents,
  PressEvent,
  Reply,
} from '../platform.ts';
import { parseSaid, SAID_GRAMMAR } from '../said-words.ts';
import { splitWords } from '../split-words.ts';
import { completeSaid, type HalfTyped } from './complete-said.ts';
import { LiveLines, type PlacedButton, placedButtons } from './live-lines.ts';
import type { Screen } from './screen.ts';

/** What the terminal's keys do. */
export interface Keys {
  complete: (line: string) => Promise<[string[], string]>;
  /** Ctrl-C; `halfTyped` says whether it only cleared what was typed. */
  interrupt: (halfTyped: boolean) => void;
}

export interface ConsolePlatformOptions {
  commands: ChatCommands;
  openScreen: (keys: Keys) => Screen;
  /** False for a script: a line is answered before the next is read, jobs included. */
  interactive: boolean;
  /** Shown first. */
  greeting: View;
  person: Person;
  style: Style;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Whoever sits there wants to leave, or the script has ended. */
  onLeave: (status: number) => void;
  /** Where pages for a browser go; without it they are printed. */
  saveFile?: RenderOptions['saveFile'];
}

export interface ConsolePlatform extends Platform {
  /** Cancels what runs; leaves where nothing does. */
  interrupt(): void;
  /** Writes a line above the prompt; false where there is none yet. */
  tell(line: string): boolean;
}

const NAME = 'console';
const CHANNEL = 'terminal';
const PROMPT = '> ';
const LEAVE = new Set(['quit', 'exit']);
const FAILED = 1;
const INTERRUPTED = 130;
/** Posts are remembered by their key for so long. */
const REMEMBERED_MS = 10 * 60_000;
/** Where nothing says how wide the terminal is. */
const COLUMNS = 80;

const KEYS: HelpSection = {
  title: 'In this console',
  rows: [
    { name: '1, 2 ...', summary: 'Press a button of what was shown last' },
    { name: 'Tab', summary: 'Complete commands, options, backups, sources and paths' },
    { name: 'Ctrl-C', summary: 'Cancel what runs; twice leaves' },
    { name: '/quit', summary: 'Leave' },
  ],
};

/** The terminal that the bot was started on, or a script, as one more chat: commands as elsewhere, buttons by their number. */
export function createConsolePlatform(options: ConsolePlatformOptions): ConsolePlatform {
  return new OpenConsole(options);
}

class OpenConsole implements ConsolePlatform {
  readonly name = NAME;
  readonly pace = { editEveryMs: 200, renewAfterMs: Number.POSITIVE_INFINITY };
  readonly help = [SAID_GRAMMAR, KEYS];
  readonly #options: ConsolePlatformOptions;
  readonly #live = new LiveLines();
  readonly #posted = new Map<string, { atMs: number; posted: MessageRef }>();
  readonly #run: string;
  #screen: Screen | undefined;
  #events: PlatformEvents | undefined;
  /** Of the last answer that had any, until the next command: what numbers mean before anything else. */
  #buttons: readonly PlacedButton[] = [];
  #lastNumber = 0;
  #linesRead = 0;
  #stoppedAtLine: number | undefined;
  /** Cancel buttons that were pressed, so that a second Ctrl-C leaves. */
  readonly #cancelled = new Set<string>();
  #failures = 0;

  constructor(options: ConsolePlatformOptions) {
    this.#options = options;
    // Event IDs of an earlier run must not be taken for repetitions.
    this.#run = String(options.now());
  }

  async start(events: PlatformEvents): Promise<void> {
    this.#events = events;
    const screen = this.#options.openScreen({
      complete: (line) => completeSaid(this.#options.commands, line, (typed) => this.#suggest(typed)),
      interrupt: (halfTyped) => this.#key(halfTyped),
    });
    this.#screen = screen;
    events.onState('connected');
    await this.#print(this.#newMessage(), this.#options.greeting);
    void this.#read(screen);
  }

  async stop(): Promise<void> {
    if (this.#screen === undefined) return;
    this.#screen.close();
    this.#screen = undefined;
    this.#events?.onState('stopped');
  }

  async post(_channel: string, view: View, { key }: { key?: string } = {}): Promise<MessageRef> {
    const nowMs = this.#options.now();
    for (const [known, { atMs }] of this.#posted) if (atMs <= nowMs - REMEMBERED_MS) this.#posted.delete(known);
    const before = key === undefined ? undefined : this.#posted.get(key);
    if (before !== undefined) return before.posted;
    const ref = this.#newMessage();
    if (key !== undefined) this.#posted.set(key, { atMs: nowMs, posted: ref });
    try {
      await this.#print(ref, view);
    } catch (error) {
      if (key !== undefined) this.#posted.delete(key);
      throw error;
    }
    return ref;
  }

  /** A terminal is not written over: what is new is printed below. What an earlier run has printed is gone. */
  async edit(message: MessageRef, view: View): Promise<void> {
    if (!message.message.startsWith(`${this.#run}-`)) throw new HoldfastError('not_found', 'That terminal is gone');
    await this.#print(message, view);
  }

  interrupt(): void {
    const cancel = this.#live.buttons.filter(({ id }) => !this.#cancelled.has(id));
    if (cancel.length === 0) this.#options.onLeave(INTERRUPTED);
    for (const button of cancel) {
      this.#cancelled.add(button.id);
      void this.#press(button);
    }
  }

  tell(line: string): boolean {
    this.#screen?.print(`${line}\n`);
    return this.#screen !== undefined;
  }

  /** The key asks for less than the signal: a hand may have meant what has just ended. */
  #key(halfTyped: boolean): void {
    const idle = this.#live.buttons.every(({ id }) => this.#cancelled.has(id));
    if (!halfTyped && idle && this.#stoppedAtLine !== this.#linesRead) {
      this.#stoppedAtLine = this.#linesRead;
      this.tell('Ctrl-C once more leaves; so does /quit.');
    } else if (halfTyped) {
      this.#stoppedAtLine = undefined;
    } else {
      this.interrupt();
    }
  }

  async #read(screen: Screen): Promise<void> {
    const { interactive, onLeave } = this.#options;
    for (;;) {
      const line = (await screen.readLine(PROMPT, false))?.trim();
      if (this.#screen !== screen) return;
      this.#linesRead++;
      if (line === undefined || LEAVE.has(line.replace(/^\//, ''))) {
        return onLeave(!interactive && this.#failures > 0 ? FAILED : 0);
      }
      if (line === '' || line.startsWith('#')) continue;
      const taken = this.#take(line).catch((error: unknown) => this.#complain(error));
      // Whoever sits there may type /cancel next, or anything else: commands run beside each other.
      if (!interactive) await taken;
    }
  }

  async #take(line: string): Promise<void> {
    if (/^\d+$/.test(line)) {
      return this.#press(this.#numbered(Number(line)));
    }
    this.#buttons = [];
    const { name, words } = this.#find(splitWords(line.replace(/^\//, '')));
    const fields = (await this.#options.commands.load(name))?.input ?? {};
    const event: CommandEvent = {
      ...this.#incoming(),
      kind: 'command',
      command: name,
      raw: parseSaid(name, fields, words),
    };
    await this.#events?.onCommand(event, this.#reply(event));
  }

  #numbered(number: number): PlacedButton {
    const offered = this.#buttons.length > 0 ? this.#buttons : this.#live.buttons;
    const button = offered[number - 1];
    // Pressed once, they are used up.
    if (button !== undefined) this.#buttons = [];
    if (button !== undefined) return button;
    const choices = offered.map(({ label }, i) => `${i + 1} (${label})`).join(', ');
    throw new HoldfastError('usage', `There is no button ${number} now`, {
      advice: choices === '' ? 'Nothing is asked. Type /help for all commands.' : `There are: ${choices}.`,
    });
  }

  async #press({ id, value, message, audience }: PlacedButton): Promise<void> {
    const chosen = value === undefined ? {} : { value };
    const held = audience === 'person' ? undefined : message;
    const event: PressEvent = { ...this.#incoming(), kind: 'press', id, ...chosen, message: held };
    await this.#events?.onPress(event, this.#reply(event));
  }

  #find(words: readonly string[]): { name: string; words: readonly string[] } {
    const names = this.#options.commands.names();
    for (const length of [2, 1]) {
      const name = words.slice(0, length).join(' ');
      if (names.includes(name)) return { name, words: words.slice(length) };
    }
    const meant = closest(words[0] ?? '', names);
    throw new HoldfastError('usage', `There is no command /${words[0]}`, {
      advice: meant === undefined ? 'Type /help for all commands.' : `Did you mean /${meant}?`,
    });
  }

  #reply(event: CommandEvent | PressEvent): Reply {
    const audience = this.#events?.audience(event);
    const ref = this.#newMessage();
    return {
      show: async (view) => {
        await this.#print(ref, view, audience);
        return audience === 'person' ? undefined : ref;
      },
      whisper: (view) => this.#print(this.#newMessage(), view, 'person'),
      failed: () => {
        this.#failures++;
      },
    };
  }

  async #print(message: MessageRef, view: View, audience?: Audience): Promise<void> {
    const screen = this.#screen;
    if (screen === undefined) throw new HoldfastError('platform_unavailable', 'The terminal is closed');
    const { style, now, saveFile } = this.#options;
    if (this.#live.take(message, view, now())) return this.#paint(screen);
    const rendering = { style, nowMs: now(), columns: screen.columns(), commandPrefix: '/', rawFiles: false, saveFile };
    let printed = '';
    for await (const piece of renderView(view, rendering))
      printed += typeof piece === 'string' ? piece : Buffer.from(piece).toString('utf8');
    const buttons = placedButtons(view, message).map((button) => ({ ...button, audience }));
    // What takes the place of a question takes its buttons away.
    if (buttons.length > 0 || this.#buttons[0]?.message.message === message.message) this.#buttons = buttons;
    screen.showProgress(undefined);
    screen.print(printed);
    this.#paint(screen);
  }

  #paint(screen: Screen): void {
    const columns = (screen.columns() ?? COLUMNS) - 1;
    screen.showProgress(this.#live.isEmpty ? undefined : () => this.#live.text(columns, this.#buttons.length === 0));
  }

  /** What could not even be handed on. */
  async #complain(error: unknown): Promise<void> {
    this.#failures++;
    const { message, advice } = error instanceof HoldfastError ? error : new HoldfastError('internal', String(error));
    await this.#print(this.#newMessage(), {
      kind: 'status',
      tone: 'bad',
      text: message,
      ...(advice !== undefined && { next: advice }),
    });
  }

  async #suggest({ command, field, partial, raw }: HalfTyped): Promise<readonly string[]> {
    const event = { ...this.#incoming(), kind: 'completion', command: command.name, field, partial, raw } as const;
    return ((await this.#events?.onCompletion(event)) ?? []).map(({ value }) => value);
  }

  #incoming(): Pick<CommandEvent, 'eventId' | 'person' | 'place'> {
    const place = { platform: NAME, channel: CHANNEL, direct: true };
    return { eventId: `${this.#run}-${++this.#lastNumber}`, person: this.#options.person, place };
  }

  #newMessage(): MessageRef {
    return { platform: NAME, channel: CHANNEL, message: `${this.#run}-${++this.#lastNumber}` };
  }
}
