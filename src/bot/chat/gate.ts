import { HoldfastError } from '../../shared/errors.ts';
import type { AuditEntry } from '../../state/audit-entry.ts';
import type { StoredButton } from '../../state/document.ts';
import type { EventLog } from '../../state/event-log.ts';
import { command } from '../../view/value.ts';
import { good, type View } from '../../view/view.ts';
import type { CommandEvent, CompletionEvent, Platform, PlatformEvents, PressEvent, Reply } from '../platform.ts';
import type { LogLine } from '../platform-options.ts';
import { Slots } from '../slots.ts';
import { Answer } from './answer.ts';
import type { Buttons } from './buttons.ts';
import type { Chat } from './chat.ts';
import type { ChatCommands } from './chat-commands.ts';
import type { Completion } from './completion.ts';
import { inputWords } from './input-words.ts';
import type { Owners } from './owners.ts';
import { errorView, refusalView, strangerView } from './words.ts';

export interface GateParts {
  commands: ChatCommands;
  owners: Owners;
  buttons: Buttons;
  events: EventLog;
  completion: Completion;
  chat: Chat;
  audit: (entry: Omit<AuditEntry, 'time'>) => void;
  log: (line: LogLine) => void;
}

type Event = CommandEvent | PressEvent;

const REFUSALS_AT_ONCE = 8;

/** What every event passes: told apart from a repetition, checked for who sent it, noted. Behind it there are only owners. */
export class Gate {
  readonly #parts: GateParts;
  readonly #working = new Set<Promise<void>>();
  /** However many strangers there are: the connections are for owners. */
  readonly #refusals = new Slots(REFUSALS_AT_ONCE);

  constructor(parts: GateParts) {
    this.#parts = parts;
  }

  /** What a platform is started with. */
  eventsFor(platform: Platform): PlatformEvents {
    const { commands, owners, log, audit } = this.#parts;
    let said: string | undefined;
    const access = new Map(commands.all.map((command) => [command.name, command.access]));
    return {
      audience(event) {
        if (!owners.has(event.person)) return 'person';
        return event.kind === 'command' && access.get(event.command) !== 'owner' ? 'person' : 'place';
      },
      knows: (person) => owners.has(person),
      onCommand: (event, reply) => this.#take(event, reply, () => this.#command(platform, event, reply)),
      onPress: (event, reply) => this.#take(event, reply, () => this.#press(platform, event, reply)),
      onCompletion: (event) => this.#complete(event),
      onState(state, detail) {
        const message = `${platform.name} is ${state}${detail === undefined ? '' : `: ${detail}`}`;
        // A platform that stays away says so again and again.
        if (message !== said)
          log({ level: state === 'disconnected' ? 'warning' : 'info', message, platform: platform.name });
        said = message;
      },
      onRejected({ reason, detail }) {
        const who = { platform: platform.name, id: 'unproven', name: '' };
        audit({ who, what: `request: ${reason}`, outcome: 'refused', detail });
      },
    };
  }

  /** Resolves when nothing is being worked on. */
  async idle(): Promise<void> {
    while (this.#working.size > 0) await Promise.all(this.#working);
  }

  #take(event: Event, reply: Reply, work: () => Promise<void>): Promise<void> {
    if (!this.#parts.events.isNew(`${event.person.platform} ${event.eventId}`)) return Promise.resolve();
    const working = this.#guard(event, reply, work).finally(() => this.#working.delete(working));
    this.#working.add(working);
    return working;
  }

  async #guard(event: Event, reply: Reply, work: () => Promise<void>): Promise<void> {
    try {
      if (this.#parts.owners.has(event.person)) await work();
      else await this.#stranger(event, reply);
    } catch (error) {
      reply.failed?.();
      this.#note(event, 'failed', { detail: error instanceof Error ? error.message : String(error) });
      if (!(error instanceof HoldfastError)) this.#logUnexpected(event, error);
      await tell(event, reply, errorView(error)).catch(() => {});
    }
  }

  async #command(platform: Platform, event: CommandEvent, reply: Reply): Promise<void> {
    const input = inputWords(await this.#parts.commands.load(event.command), event.raw);
    this.#note(event, 'allowed', { input });
    const answer = new Answer({ platform, place: event.place, reply });
    const became = await this.#parts.chat.command({ person: event.person, answer }, event);
    if (became === 'answered') this.#note(event, 'completed', { input });
  }

  async #press(platform: Platform, event: PressEvent, reply: Reply): Promise<void> {
    const button = this.#parts.buttons.check(event.id, event.person, event.place, event.value);
    if (typeof button === 'string') {
      reply.failed?.();
      this.#note(event, 'refused', { detail: button });
      await reply.whisper(refusalView(button));
      return;
    }
    const input = purposeWords(button);
    this.#note(event, 'allowed', { input });
    // Results of actions stand below what they follow from; everything else takes the place of what held the button.
    const { purpose } = button;
    const holder = purpose.kind === 'run' && purpose.raw.page === undefined ? undefined : event.message;
    const answer = new Answer({ platform, place: event.place, reply, holder });
    const became = await this.#parts.chat.press({ person: event.person, answer }, button, event.value);
    if (became === 'answered') this.#note(event, 'completed', { input });
  }

  async #complete(event: CompletionEvent): Promise<Awaited<ReturnType<PlatformEvents['onCompletion']>>> {
    try {
      if (this.#parts.owners.has(event.person)) return await this.#parts.completion.suggest(event);
      this.#note(event, 'refused', { detail: 'no owner' });
    } catch (error) {
      this.#logUnexpected(event, error);
    }
    return [];
  }

  /** A stranger learns nothing. While nobody owns the bot, the right code makes an owner. */
  async #stranger(event: Event, reply: Reply): Promise<void> {
    const code = event.kind === 'command' && event.command === 'claim' ? event.raw.code : undefined;
    if (typeof code === 'string' && (await this.#parts.owners.claim(code, event.person))) {
      this.#note(event, 'allowed', { detail: 'became the first owner' });
      await reply.show(
        good(`You own this bot now, ${event.person.name}. See `, command('help'), ' for what it can do'),
      );
      return;
    }
    reply.failed?.();
    this.#note(event, 'refused', { detail: 'no owner' });
    // An attempt is one line in the log, also where its refusal does not arrive.
    await this.#refusals.run(() => tell(event, reply, strangerView(event.person)).catch(() => {}));
  }

  #note(
    event: Event | CompletionEvent,
    outcome: AuditEntry['outcome'],
    more: Pick<AuditEntry, 'input' | 'detail'>,
  ): void {
    this.#parts.audit({ who: event.person, where: event.place.channel, what: wordsOf(event), outcome, ...more });
  }

  #logUnexpected(event: Event | CompletionEvent, error: unknown): void {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#parts.log({ level: 'error', message: `${wordsOf(event)}: ${message}`, platform: event.person.platform });
  }
}

function wordsOf(event: Event | CompletionEvent): string {
  if (event.kind === 'press') return 'button';
  return event.kind === 'command' ? `/${event.command}` : `completion of /${event.command}`;
}

function purposeWords({ purpose }: StoredButton): string {
  switch (purpose.kind) {
    case 'run':
      return `run ${purpose.command}`;
    case 'choose':
      return `choose ${purpose.field} of ${purpose.command}`;
    case 'cancel':
      return `cancel job ${purpose.job}`;
    case 'dismiss':
      return 'take back';
    default:
      return `${purpose.kind} ${purpose.approval.command}, plan ${purpose.approval.hash.slice(0, 12)}`;
  }
}

/** An answer takes the place of "thinking"; a press has none, and the message that holds the button is not touched. */
async function tell(event: Event, reply: Reply, view: View): Promise<void> {
  if (event.kind === 'command') await reply.show(view);
  else await reply.whisper(view);
}
