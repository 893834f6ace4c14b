import type {
  CommandEvent,
  MessageRef,
  Person,
  Place,
  Platform,
  PlatformEvents,
  PostOptions,
  PressEvent,
  Reply,
  Suggestion,
} from '../../src/bot/platform.ts';
import { HoldfastError } from '../../src/shared/errors.ts';
import { formatSentence } from '../../src/view/units.ts';
import type { Sentence, View } from '../../src/view/view.ts';

/** What somebody sees. */
export interface ShownMessage {
  ref: MessageRef;
  view: View;
  /** Set where only one person sees it. */
  only: string | undefined;
  /** How often it was edited. */
  edits: number;
}

/** A chat in memory, for tests of what lies above platforms. It outlives the process that it stands for: give it to the next bot. */
export class MemoryPlatform implements Platform {
  readonly name: string;
  readonly pace = { editEveryMs: 20, renewAfterMs: 3_600_000 };
  readonly messages: ShownMessage[] = [];
  /** Fails whatever is sent, while it is set. */
  broken: HoldfastError | undefined;
  #events: PlatformEvents | undefined;
  #numbers = 0;
  readonly #keys = new Map<string, MessageRef>();

  constructor(name = 'memory') {
    this.name = name;
  }

  async start(events: PlatformEvents): Promise<void> {
    this.#events = events;
    events.onState('connected');
  }

  async stop(): Promise<void> {
    this.#events?.onState('stopped');
    this.#events = undefined;
  }

  async post(channel: string, view: View, { key }: PostOptions = {}): Promise<MessageRef> {
    const posted = key === undefined ? undefined : this.#keys.get(key);
    const ref = posted ?? this.#add(channel, view, undefined);
    if (key !== undefined) this.#keys.set(key, ref);
    return ref;
  }

  async edit(message: MessageRef, view: View): Promise<void> {
    if (this.broken !== undefined) throw this.broken;
    const found = this.messages.find(({ ref }) => ref.message === message.message);
    if (found === undefined) throw new HoldfastError('not_found', 'The message is gone');
    found.view = view;
    found.edits++;
  }

  /** Somebody calls a command; resolves when the bot has finished with it. */
  async command(
    person: Person,
    place: Place,
    command: string,
    raw: CommandEvent['raw'] = {},
    eventId = this.#next(),
  ): Promise<void> {
    const event: CommandEvent = { kind: 'command', eventId, person, place, command, raw };
    await this.#events?.onCommand(event, this.#reply(event));
  }

  async press(person: Person, place: Place, id: string, message?: MessageRef, eventId = this.#next()): Promise<void> {
    const event: PressEvent = { kind: 'press', eventId, person, place, id, message };
    await this.#events?.onPress(event, this.#reply(event));
  }

  /** Somebody chooses an option of a select. */
  async choose(person: Person, place: Place, id: string, value: string, message?: MessageRef): Promise<void> {
    const event: PressEvent = { kind: 'press', eventId: this.#next(), person, place, id, value, message };
    await this.#events?.onPress(event, this.#reply(event));
  }

  async complete(
    person: Person,
    place: Place,
    command: string,
    field: string,
    partial: string,
  ): Promise<readonly Suggestion[]> {
    const event = {
      kind: 'completion',
      eventId: this.#next(),
      person,
      place,
      command,
      field,
      partial,
      raw: {},
    } as const;
    return (await this.#events?.onCompletion(event)) ?? [];
  }

  #reply(event: CommandEvent | PressEvent): Reply {
    const only = this.#events?.audience(event) === 'person' ? event.person.id : undefined;
    let shown: MessageRef | undefined;
    return {
      show: async (view) => {
        if (shown === undefined) shown = this.#add(event.place.channel, view, only);
        else await this.edit(shown, view);
        return only === undefined ? shown : undefined;
      },
      whisper: async (view) => {
        this.#add(event.place.channel, view, event.person.id);
      },
    };
  }

  #add(channel: string, view: View, only: string | undefined): MessageRef {
    if (this.broken !== undefined) throw this.broken;
    const ref = { platform: this.name, channel, message: this.#next() };
    this.messages.push({ ref, view, only, edits: 0 });
    return ref;
  }

  #next(): string {
    return String(++this.#numbers);
  }
}

/** A View as words, for tests that look for some. */
export function wordsOf(view: View): string {
  const say = (sentence: Sentence): string => formatSentence(sentence, { nowMs: 0, commandPrefix: '/' });
  switch (view.kind) {
    case 'stack':
      return view.views.map(wordsOf).join('\n');
    case 'heading':
    case 'text':
      return say(view.text);
    case 'status':
      return `${say(view.text)}\n${view.next === undefined ? '' : say(view.next)}`;
    case 'fields':
      return view.fields.map(([name, value]) => `${name}: ${say(value)}`).join('\n');
    case 'table':
      return Array.isArray(view.rows)
        ? view.rows.map((row) => row.map(say).join(' | ')).join('\n') || say(view.empty)
        : '';
    case 'list':
      return view.items.map(say).join('\n');
    case 'progress':
      return view.progress.phase;
    case 'picture':
      return view.title;
    case 'file':
      return view.name;
    case 'select':
      return [view.prompt, ...view.options.map(({ label, detail = '' }) => `${label}  ${detail}`)].join('\n');
    default:
      return '';
  }
}

/** The select in the View. */
export function selectOf(view: View): Extract<View, { kind: 'select' }> | undefined {
  if (view.kind === 'stack') return view.views.map(selectOf).find((found) => found !== undefined);
  return view.kind === 'select' ? view : undefined;
}

/** ID of the button with a label, in the View. */
export function buttonOf(view: View, label: string): string | undefined {
  if (view.kind === 'stack')
    return view.views.map((part) => buttonOf(part, label)).find((found) => found !== undefined);
  return view.kind === 'buttons' ? view.buttons.find((button) => button.label === label)?.id : undefined;
}
