import { closest } from '../../commands/suggest.ts';
import { HoldfastError } from '../../shared/errors.ts';
import { progressText } from '../../terminal/progress-text.ts';
import { renderView } from '../../terminal/render.ts';
import type { Style } from '../../terminal/style.ts';
import type { ProgressState, View } from '../../view/view.ts';
import type { ChatCommands } from '../chat/chat-commands.ts';
import { complete } from '../complete.ts';
import type { CommandEvent, MessageRef, Person, Platform, PlatformEvents, PressEvent, Reply } from '../platform.ts';
import { splitWords } from '../split-words.ts';
import { parseWords } from '../text-grammar.ts';
import type { Screen } from './screen.ts';

export interface ConsolePlatformOptions {
  commands: ChatCommands;
  /** Opens the terminal; `complete` is for its Tab key, `interrupt` for Ctrl-C. */
  openScreen: (keys: { complete: (line: string) => Promise<[string[], string]>; interrupt: () => void }) => Screen;
  person: Person;
  style: Style;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Whoever sits there wants to leave. */
  onLeave: () => void;
}

const NAME = 'console';
const CHANNEL = 'terminal';
const PROMPT = '> ';
const LEAVE = new Set(['quit', 'exit']);

/** The terminal that the bot was started on, as one more chat: commands as elsewhere, buttons by their number. */
export function createConsolePlatform(options: ConsolePlatformOptions): Platform {
  return new ConsolePlatform(options);
}

class ConsolePlatform implements Platform {
  readonly name = NAME;
  readonly pace = { editEveryMs: 200, renewAfterMs: Number.POSITIVE_INFINITY };
  readonly #options: ConsolePlatformOptions;
  #screen: Screen | undefined;
  #events: PlatformEvents | undefined;
  /** Those shown last, which numbers mean. */
  #buttons: readonly { id: string; message: MessageRef }[] = [];
  #lastNumber = 0;
  readonly #posted = new Map<string, MessageRef>();
  readonly #run: string;

  constructor(options: ConsolePlatformOptions) {
    this.#options = options;
    // Event IDs of an earlier run must not be taken for repetitions.
    this.#run = String(options.now());
  }

  async start(events: PlatformEvents): Promise<void> {
    this.#events = events;
    this.#screen = this.#options.openScreen({
      complete: (line) => this.#complete(line),
      interrupt: () => this.#options.onLeave(),
    });
    events.onState('connected');
    void this.#read(this.#screen);
  }

  async stop(): Promise<void> {
    this.#screen?.close();
    this.#screen = undefined;
  }

  async post(_channel: string, view: View, { key }: { key?: string } = {}): Promise<MessageRef> {
    const before = key === undefined ? undefined : this.#posted.get(key);
    if (before !== undefined) return before;
    const ref = this.#newMessage();
    if (key !== undefined) this.#posted.set(key, ref);
    await this.#print(ref, view);
    return ref;
  }

  /** A terminal is not written over: what is new is printed below. */
  edit(message: MessageRef, view: View): Promise<void> {
    return this.#print(message, view);
  }

  async #read(screen: Screen): Promise<void> {
    for (;;) {
      const line = (await screen.readLine(PROMPT, false))?.trim();
      if (this.#screen !== screen) return;
      if (line === undefined || LEAVE.has(line.replace(/^\//, ''))) return this.#options.onLeave();
      // Commands run beside each other: the next one may be /cancel.
      if (line !== '') void this.#take(line).catch((error: unknown) => this.#tell(error));
    }
  }

  async #take(line: string): Promise<void> {
    const pressed = /^\d+$/.test(line) ? this.#buttons[Number(line) - 1] : undefined;
    if (pressed !== undefined) return this.#press(pressed.id, pressed.message);
    const { name, words } = await this.#find(splitWords(line.replace(/^\//, '')));
    const fields = (await this.#options.commands.load(name))?.input ?? {};
    const event: CommandEvent = {
      ...this.#incoming(),
      kind: 'command',
      command: name,
      raw: parseWords(name, fields, words),
    };
    await this.#events?.onCommand(event, this.#reply());
  }

  async #press(id: string, message: MessageRef): Promise<void> {
    const event: PressEvent = { ...this.#incoming(), kind: 'press', id, message };
    await this.#events?.onPress(event, this.#reply());
  }

  async #find(words: readonly string[]): Promise<{ name: string; words: readonly string[] }> {
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

  #reply(): Reply {
    const ref = this.#newMessage();
    return {
      show: async (view) => {
        await this.#print(ref, view);
        return ref;
      },
      whisper: (view) => this.#print(this.#newMessage(), view),
    };
  }

  async #print(message: MessageRef, view: View): Promise<void> {
    const screen = this.#screen;
    if (screen === undefined) throw new HoldfastError('platform_unavailable', 'The terminal is closed');
    const progress = progressOf(view);
    if (progress !== undefined) {
      screen.showProgress(() => progressText(progress, (screen.columns() ?? 80) - 1));
      return;
    }
    const { style, now } = this.#options;
    const rendering = { style, nowMs: now(), columns: screen.columns(), commandPrefix: '/', rawFiles: false };
    let printed = '';
    for await (const piece of renderView(view, rendering))
      printed += typeof piece === 'string' ? piece : Buffer.from(piece).toString('utf8');
    const ids = buttonsOf(view);
    if (ids.length > 0) this.#buttons = ids.map((id) => ({ id, message }));
    screen.showProgress(undefined);
    screen.print(printed);
  }

  async #tell(error: unknown): Promise<void> {
    const { message, advice } = error instanceof HoldfastError ? error : new HoldfastError('internal', String(error));
    await this.#print(this.#newMessage(), {
      kind: 'status',
      tone: 'bad',
      text: message,
      ...(advice !== undefined && { next: advice }),
    });
  }

  async #complete(line: string): Promise<[string[], string]> {
    const words = line.replace(/^\s*\//, '').split(/\s+/);
    const partial = words.pop() ?? '';
    const { commands } = this.#options;
    const found = await complete(commands, words, partial, async (source, typed) => {
      const command = await commands.load(words[0] ?? '');
      const field = Object.entries(command?.input ?? {}).find(([, { completes }]) => completes === source)?.[0];
      if (command === undefined || field === undefined) return [];
      const event = {
        ...this.#incoming(),
        kind: 'completion',
        command: command.name,
        field,
        partial: typed,
        raw: {},
      } as const;
      return ((await this.#events?.onCompletion(event)) ?? []).map(({ value }) => value);
    });
    const slash = words.length === 0 && line.trimStart().startsWith('/') ? '/' : '';
    return [found.map((candidate) => slash + (candidate.endsWith('/') ? candidate : `${candidate} `)), slash + partial];
  }

  #incoming(): Pick<CommandEvent, 'eventId' | 'person' | 'place'> {
    const place = { platform: NAME, channel: CHANNEL, direct: true };
    return { eventId: `${this.#run}-${++this.#lastNumber}`, person: this.#options.person, place };
  }

  #newMessage(): MessageRef {
    return { platform: NAME, channel: CHANNEL, message: `${this.#run}-${++this.#lastNumber}` };
  }
}

function progressOf(view: View): ProgressState | undefined {
  if (view.kind === 'progress') return view.progress;
  return view.kind === 'stack' ? view.views.map(progressOf).find((found) => found !== undefined) : undefined;
}

function buttonsOf(view: View): string[] {
  if (view.kind === 'stack') return view.views.flatMap(buttonsOf);
  return view.kind === 'buttons' ? view.buttons.map(({ id }) => id) : [];
}
