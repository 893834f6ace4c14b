import type { z } from 'zod';
import type { Clock } from '../../shared/clock.ts';
import type { HoldfastError } from '../../shared/errors.ts';
import type { View } from '../../view/view.ts';
import type { ChatCommands } from '../chat/chat-commands.ts';
import type { CommandEvent, Person, PlatformEvents, PressEvent, Reply } from '../platform.ts';
import type { LogLine } from '../platform-options.ts';
import { MAIN_COMMAND } from './command-names.ts';
import { optionObjects } from './controls.ts';
import { eventIdOf, PLATFORM, personOf, placeOf } from './identify.ts';
import { LIMITS } from './limits.ts';
import type { Messenger } from './messenger.ts';
import {
  commandModal,
  commandOfModal,
  formErrors,
  type Modal,
  type Origin,
  originOf,
  pickModal,
  readFields,
  readSubmission,
} from './modal.ts';
import {
  type OtherPayload,
  otherPayload,
  type PressPayload,
  pressPayload,
  type SlashPayload,
  type SubmissionPayload,
  type SuggestionPayload,
  slashPayload,
  submissionPayload,
  suggestionPayload,
} from './payloads.ts';
import type { SlackApi } from './slack-api.ts';
import { type ReplyTarget, SlackReply } from './slack-reply.ts';
import { readTyped, type Typed } from './typed-command.ts';

/** Tells Slack that an event has arrived, with an answer where the event allows one. */
export type Acknowledge = (answer?: Record<string, unknown>) => Promise<void>;

export interface RouterOptions {
  commands: ChatCommands;
  events: PlatformEvents;
  api: SlackApi;
  messenger: Messenger;
  clock: Clock;
  log: (line: LogLine) => void;
}

/** Slack drops a list of suggestions that comes after 3 seconds. */
const SUGGEST_WITHIN_MS = 2500;

type Handler = (body: never, ack: Acknowledge) => Promise<void>;

/** For what Slack takes no answer to. */
const UNHEARD: Reply = { show: async () => undefined, whisper: async () => {} };

/** Turns what Slack sends into the port's events. Every one is acknowledged before anything is done for it. */
export class EventRouter {
  readonly #options: RouterOptions;

  constructor(options: RouterOptions) {
    this.#options = options;
  }

  /** Never rejects. `ack` is absent where Slack was answered already. */
  async handle(body: unknown, ack: Acknowledge | undefined): Promise<void> {
    const answer: Acknowledge = async (content) => {
      // Slack delivers again what it believes unanswered, and duplicates are told apart by their ID.
      await ack?.(content).catch((error: unknown) => this.#warn('An event could not be acknowledged', error));
    };
    try {
      await this.#route(body, answer);
    } catch (error) {
      this.#warn('An event could not be handled', error);
    }
  }

  async #route(body: unknown, ack: Acknowledge): Promise<void> {
    const { type, command } = (body ?? {}) as { type?: unknown; command?: unknown };
    const [schema, handler] = (
      typeof command === 'string' && type === undefined
        ? [slashPayload, this.#onSlash]
        : type === 'block_actions'
          ? [pressPayload, this.#onPress]
          : type === 'view_submission'
            ? [submissionPayload, this.#onSubmission]
            : type === 'block_suggestion'
              ? [suggestionPayload, this.#onSuggestion]
              : [otherPayload, this.#onOther]
    ) as [z.ZodType, Handler];
    const read = schema.safeParse(body);
    if (read.success) return handler.call(this, read.data as never, ack);
    await ack();
    // Messages and the like are none of Holdfast's, and have no sender in this place.
    if (schema !== otherPayload) this.#warn('Slack sent an event that makes no sense', read.error);
  }

  /** Owners find out that nothing happens; strangers are refused, and noted. */
  async #onOther(body: OtherPayload, ack: Acknowledge): Promise<void> {
    await ack();
    const { type, callback_id: callback = '', response_url: responseUrl, channel } = body;
    const person = personOf(body.user, body);
    if (this.#knows(person)) return;
    const eventId = eventIdOf(type, person.id, callback, body.trigger_id, body.action_ts);
    const target = {
      channel: channel?.id ?? '',
      user: body.user.id,
      responseUrl,
      receivedMs: this.#options.clock.now(),
    };
    await this.#refuse(person, eventId, `${callback} (${type})`, responseUrl === undefined ? undefined : target);
  }

  /** Hands on what a stranger sent under a name that no command has. */
  async #refuse(
    person: Person,
    eventId: string,
    command: string,
    target?: Omit<ReplyTarget, 'audience' | 'replaces'>,
  ): Promise<void> {
    const place = placeOf(target?.channel ?? '');
    const reply = target && this.#reply({ ...target, audience: 'person', replaces: 'answer' });
    await this.#options.events.onCommand(
      { kind: 'command', eventId, person, place, command, raw: {} },
      reply ?? UNHEARD,
    );
  }

  async #onSlash(body: SlashPayload, ack: Acknowledge): Promise<void> {
    const { commands, events } = this.#options;
    const person = personOf(
      { id: body.user_id, ...(body.user_name && { name: body.user_name }) },
      { team: { id: body.team_id } },
    );
    const typed = readTyped(body.command, body.text, commands);
    const event = slashEvent(body, person, typed);
    const audience = events.audience(event);
    await ack();
    const origin = { channel: body.channel_id, responseUrl: body.response_url, receivedMs: this.#options.clock.now() };
    const target = { ...origin, user: body.user_id, replaces: 'answer' } as const;
    const form = this.#knows(person) ? formFor(typed, commands, origin) : undefined;
    if (form !== undefined) {
      await this.#openForm(body.trigger_id, form, target);
    } else if (typed.is === 'mistake' && this.#knows(person)) {
      await this.#reply({ ...target, audience: 'person' }).whisper(mistakeView(typed.error));
    } else {
      await events.onCommand(event, this.#reply({ ...target, audience }));
    }
  }

  async #onPress(body: PressPayload, ack: Acknowledge): Promise<void> {
    const { events, clock } = this.#options;
    const { container, actions } = body;
    const action = actions[0];
    const channel = body.channel?.id ?? container?.channel_id;
    const person = personOf(body.user, body);
    const eventId = eventIdOf('press', person.id, body.trigger_id, action?.action_id, action?.action_ts);
    if (action === undefined || channel === undefined) {
      await ack();
      // A select within a form: what counts is what the form holds when it is submitted.
      if (!this.#knows(person)) await this.#refuse(person, eventId, 'form');
      return;
    }
    const stamp = container?.message_ts ?? body.message?.ts;
    const isEphemeral = container?.is_ephemeral === true || stamp === undefined;
    const value = action.selected_option?.value;
    const event: PressEvent = {
      kind: 'press',
      eventId,
      person,
      place: placeOf(channel),
      id: action.action_id,
      ...(value !== undefined && { value }),
      message: isEphemeral ? undefined : { platform: PLATFORM, channel, message: stamp },
    };
    const audience = events.audience(event);
    await ack();
    const reply = this.#reply({
      channel,
      user: body.user.id,
      audience,
      responseUrl: body.response_url,
      receivedMs: clock.now(),
      replaces: isEphemeral ? 'pressed' : 'nothing',
    });
    await events.onPress(event, reply);
  }

  async #onSubmission(body: SubmissionPayload, ack: Acknowledge): Promise<void> {
    const { commands, events, clock } = this.#options;
    const submitted = readSubmission(body.view, commands);
    const person = personOf(body.user, body);
    const isKnown = this.#knows(person);
    // A form of an owner runs once; every attempt of a stranger counts.
    const eventId = eventIdOf('submission', person.id, body.view.id, body.view.hash, isKnown ? '' : body.trigger_id);
    if (!isKnown && (submitted === undefined || 'picked' in submitted)) {
      await ack();
      return this.#refuse(person, eventId, 'form', submitted && { ...submitted.from, user: body.user.id });
    }
    if (submitted === undefined) return ack();
    if ('picked' in submitted) {
      const picked = commands.all.find(({ name }) => name === submitted.picked);
      if (picked === undefined) return ack();
      return ack({ response_action: 'update', view: commandModal(picked, submitted.from) });
    }
    const command = commandOfModal(body.view, commands);
    if (command !== undefined && isKnown) {
      const errors = formErrors(command, submitted.raw, { nowMs: clock.now() });
      if (Object.keys(errors).length > 0) return ack({ response_action: 'errors', errors });
    }
    const event: CommandEvent = {
      kind: 'command',
      eventId,
      person,
      place: placeOf(submitted.from.channel),
      command: submitted.command,
      raw: submitted.raw,
    };
    const audience = events.audience(event);
    await ack();
    await events.onCommand(event, this.#reply({ ...submitted.from, user: body.user.id, audience, replaces: 'answer' }));
  }

  async #onSuggestion(body: SuggestionPayload, ack: Acknowledge): Promise<void> {
    const { commands, events, clock } = this.#options;
    const { view, block_id: field, value: partial } = body;
    const command = view === undefined ? undefined : commandOfModal(view, commands);
    const from = view === undefined ? undefined : originOf(view);
    const person = personOf(body.user, body);
    if (view === undefined || command === undefined || from === undefined || !(field in command.input)) {
      await ack({ options: [] });
      if (!this.#knows(person)) await this.#refuse(person, eventIdOf('completion', person.id, field, partial), 'form');
      return;
    }
    const asked = events.onCompletion({
      kind: 'completion',
      eventId: eventIdOf('completion', person.id, view.id, field, partial),
      person,
      place: placeOf(from.channel),
      command: command.name,
      field,
      partial,
      raw: readFields(command, view),
    });
    const late = clock.sleep(SUGGEST_WITHIN_MS, undefined, { background: true }).then(() => []);
    const found = await Promise.race([asked, late]);
    // Slack lets people choose only what is listed, so what they typed has to be in the list.
    const typed = partial === '' || !this.#knows(person) || found.some(({ value }) => value === partial);
    const offered = typed ? found : [...found.slice(0, LIMITS.options - 1), { label: partial, value: partial }];
    await ack({ options: optionObjects(offered) });
  }

  #knows(person: Person): boolean {
    return this.#options.events.knows?.(person) ?? false;
  }

  #reply(target: ReplyTarget): SlackReply {
    return new SlackReply(target, this.#options);
  }

  async #openForm(trigger: string, view: Modal, target: Omit<ReplyTarget, 'audience'>): Promise<void> {
    try {
      await this.#options.api.callOnce('views.open', { trigger_id: trigger, view });
    } catch (error) {
      this.#warn('A form could not be opened', error);
      await this.#reply({ ...target, audience: 'person' }).whisper({
        kind: 'status',
        tone: 'warning',
        text: 'Slack did not open the form in time',
        next: ['Try again, or type it: ', { is: 'command', command: 'help' }],
      });
    }
  }

  #warn(what: string, error: unknown): void {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    this.#options.log({ level: 'warning', message: `Slack: ${what} (${why})` });
  }
}

/** A mistake is handed on under a name that no field has: it is refused after it was asked who made it. */
function slashEvent(body: SlashPayload, person: Person, typed: Typed): CommandEvent {
  const what =
    typed.is === 'command'
      ? { command: typed.command.name, raw: typed.raw }
      : { command: 'help', raw: typed.is === 'nothing' ? {} : { [typed.name]: true } };
  return {
    kind: 'command',
    eventId: eventIdOf('slash', person.id, body.trigger_id, body.command, body.text),
    person,
    place: placeOf(body.channel_id),
    ...what,
  };
}

/** The form to open, where something is left to be asked. */
function formFor(typed: Typed, commands: ChatCommands, origin: Origin): Modal | undefined {
  if (typed.is === 'nothing') return pickModal(commands, origin);
  if (typed.is === 'mistake') return undefined;
  const { command, raw } = typed;
  const isMissing = Object.entries(command.input).some(([key, field]) => field.required && raw[key] === undefined);
  return isMissing ? commandModal(command, origin, raw) : undefined;
}

function mistakeView(error: HoldfastError): View {
  const next = error.advice ?? `Type /${MAIN_COMMAND} help to see what there is.`;
  return { kind: 'status', tone: 'bad', text: error.message, next };
}
