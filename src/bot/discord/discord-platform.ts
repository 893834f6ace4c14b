import {
  type AutocompleteInteraction,
  type CommandInteraction,
  type Interaction,
  InteractionResponseType,
  type MessageComponentInteraction,
  MessageFlags,
  type ModalSubmitInteraction,
  RequestMethod,
  Routes,
} from 'discord.js';
import type { AnyCommand } from '../../commands/command.ts';
import type { View } from '../../view/view.ts';
import type { MessageRef, Person, Platform, PlatformEvents, PostOptions, Reply, Suggestion } from '../platform.ts';
import type { DiscordOptions } from '../platform-options.ts';
import { clip } from './components.ts';
import { API_URL, DiscordApi, type Lane, type Patience } from './discord-api.ts';
import { DiscordConnection } from './discord-connection.ts';
import { explain, isAcknowledgedAlready, isFinal, toHoldfastError } from './discord-errors.ts';
import { DiscordMessages } from './discord-messages.ts';
import {
  type Completion,
  commandEvent,
  completion,
  DISCORD,
  type FieldsOf,
  isPrivate,
  pressEvent,
  submitEvent,
} from './interaction-events.ts';
import { InteractionReply, lendPressed, type ReplyContext } from './interaction-reply.ts';
import { LIMITS } from './limits.ts';
import { quoteWord } from './list-option.ts';
import { registerCommands } from './register-commands.ts';

/** An interaction has to be acknowledged within 3 s of Discord's sending it. */
const ACKNOWLEDGE: Patience = { forMs: 2500, firstPauseMs: 100, attemptMs: 2500 };
/** Suggestions that take longer come too late. */
const SUGGEST_WITHIN_MS = 2000;
/** What was begun may finish for so long when stopping. */
const FINISH_WITHIN_MS = 5000;

type Answerable = CommandInteraction | MessageComponentInteraction | ModalSubmitInteraction;

/** For what Discord takes no answer to any more. */
const UNHEARD: Reply = { show: async () => undefined, whisper: async () => {} };

/** Holdfast on Discord: slash commands, buttons, selects and autocomplete over the gateway, answers over REST. */
export function createDiscordPlatform(options: DiscordOptions): Platform {
  return new DiscordPlatform(options);
}

class DiscordPlatform implements Platform {
  readonly name = DISCORD;
  readonly pace = { editEveryMs: 2500, renewAfterMs: 55 * 60_000 };
  private readonly options: DiscordOptions;
  private readonly api: DiscordApi;
  private readonly messages: DiscordMessages;
  private readonly commands: ReadonlyMap<string, AnyCommand>;
  private readonly stopped = new AbortController();
  private readonly begun = new Set<Promise<unknown>>();
  private connection: DiscordConnection | undefined;
  private isRegistering = false;
  private tell: PlatformEvents['onState'] = () => {};

  constructor(options: DiscordOptions) {
    const { token, apiUrl = API_URL, clock, random, version, commands } = options;
    this.options = options;
    const userAgent = `Holdfast/${version}`;
    this.api = new DiscordApi({ token, apiUrl, clock, random, userAgent, signal: this.stopped.signal });
    this.messages = new DiscordMessages(this.api, clock, random, options.paint);
    this.commands = new Map(commands.all.map((command) => [command.name, command]));
  }

  start(events: PlatformEvents): Promise<void> {
    const { token, apiUrl = API_URL, clock, random } = this.options;
    this.tell = events.onState.bind(events);
    events.onState('starting');
    this.connection = new DiscordConnection(
      { token, apiUrl, clock, random },
      {
        onInteraction: (interaction) => void this.track(this.receive(interaction, events)),
        onConnected: (applicationId) => {
          events.onState('connected');
          void this.track(this.register(applicationId));
        },
        onDisconnected: (detail) => events.onState('disconnected', detail),
        onRefused: (error) => {
          this.options.log({ level: 'error', message: `${error.message}. ${error.advice ?? ''}` });
          events.onState('stopped', error.message);
        },
      },
    );
    return this.connection.start();
  }

  async stop(): Promise<void> {
    if (this.stopped.signal.aborted) return;
    await this.connection?.stop();
    const done = new AbortController();
    const { clock } = this.options;
    const late = clock.sleep(FINISH_WITHIN_MS, done.signal, { background: true }).catch(() => {});
    await Promise.race([Promise.allSettled([...this.begun]), late]);
    done.abort();
    this.stopped.abort();
    this.tell('stopped');
  }

  post(channel: string, view: View, { key }: PostOptions = {}): Promise<MessageRef> {
    return this.track(this.messages.render(view).then((message) => this.messages.send(channel, message, key)));
  }

  async edit(ref: MessageRef, view: View): Promise<void> {
    await this.track(this.messages.render(view).then((message) => this.messages.edit(ref, message)));
  }

  private track<T>(task: Promise<T>): Promise<T> {
    this.begun.add(task);
    const forget = () => this.begun.delete(task);
    task.then(forget, forget);
    return task;
  }

  private async register(applicationId: string): Promise<void> {
    if (this.isRegistering) return;
    this.isRegistering = true;
    try {
      await registerCommands(this.api, applicationId, this.options.guild, [...this.commands.values()]);
    } catch (error) {
      // The next connection tries again.
      this.isRegistering = false;
      const { message, advice = '' } = toHoldfastError(error);
      this.options.log({
        level: 'error',
        message: `Commands could not be registered with Discord: ${message}. ${advice}`,
      });
    }
  }

  private readonly fieldsOf: FieldsOf = (command) => this.commands.get(command)?.input ?? {};

  /** Never rejects. */
  private async receive(interaction: Interaction, events: PlatformEvents): Promise<void> {
    const receivedMs = this.options.clock.now();
    try {
      if (interaction.isCommand()) await this.onCommand(interaction, receivedMs, events);
      else if (interaction.isMessageComponent()) await this.onPress(interaction, receivedMs, events);
      else if (interaction.isModalSubmit()) await this.onSubmit(interaction, receivedMs, events);
      else if (interaction.isAutocomplete()) await this.onAutocomplete(interaction, events);
    } catch (error) {
      this.options.log({ level: 'warning', message: `An event from Discord was lost: ${explain(error)}` });
    }
  }

  private async onCommand(interaction: CommandInteraction, receivedMs: number, events: PlatformEvents): Promise<void> {
    const event = commandEvent(interaction, this.fieldsOf);
    const audience = events.audience(event);
    const isHeard = await this.acknowledgeFrom(event.person, events, interaction, deferred(audience === 'person'));
    const how = { isPrivate: audience === 'person', start: 'deferred' } as const;
    await events.onCommand(event, isHeard ? this.reply(interaction, receivedMs, how) : UNHEARD);
  }

  private async onPress(
    interaction: MessageComponentInteraction,
    receivedMs: number,
    events: PlatformEvents,
  ): Promise<void> {
    const event = pressEvent(interaction);
    const onlyPerson = events.audience(event) === 'person';
    const body = { type: InteractionResponseType.DeferredMessageUpdate };
    const isHeard = await this.acknowledgeFrom(event.person, events, interaction, body);
    // What all see stays where it is, unless it is edited by name.
    const start = onlyPerson && isPrivate(interaction) ? 'pressed' : 'new';
    const reply = this.reply(interaction, receivedMs, { isPrivate: onlyPerson, start });
    if (isHeard && !onlyPerson && event.message !== undefined) {
      lendPressed(this.messages, event.message, interaction, receivedMs);
    }
    await events.onPress(event, isHeard ? reply : UNHEARD);
  }

  private async onSubmit(
    interaction: ModalSubmitInteraction,
    receivedMs: number,
    events: PlatformEvents,
  ): Promise<void> {
    const event = submitEvent(interaction);
    const isHeard = await this.acknowledgeFrom(event.person, events, interaction, deferred(true));
    const reply = this.reply(interaction, receivedMs, { isPrivate: true, start: 'deferred' });
    await events.onPress(event, isHeard ? reply : UNHEARD);
  }

  private async onAutocomplete(interaction: AutocompleteInteraction, events: PlatformEvents): Promise<void> {
    const asked = completion(interaction, this.fieldsOf);
    const suggestions = await this.suggest(asked, events);
    const body = {
      type: InteractionResponseType.ApplicationCommandAutocompleteResult,
      data: { choices: choicesOf(suggestions, asked) },
    };
    const isStranger = !isKnownTo(events, asked.event.person);
    await this.acknowledge(interaction, body, isStranger ? 'stranger' : 'acknowledgement').catch((error) => {
      if (!isStranger) throw error;
    });
  }

  /** None where they would come too late. */
  private async suggest({ event }: Completion, events: PlatformEvents): Promise<readonly Suggestion[]> {
    const done = new AbortController();
    const late = this.options.clock.sleep(SUGGEST_WITHIN_MS, done.signal, { background: true }).then(
      () => [],
      () => [],
    );
    try {
      return await Promise.race([events.onCompletion(event), late]);
    } finally {
      done.abort();
    }
  }

  /**
   * Resolves also where an earlier attempt, or the first of two deliveries, has acknowledged it, and where nobody knows: an answer finds its way without.
   *
   * @throws DiscordAPIError where Discord says that it is too late
   */
  private async acknowledge(
    { id, token }: Pick<Interaction, 'id' | 'token'>,
    body: object,
    lane: Lane = 'acknowledgement',
  ): Promise<void> {
    try {
      const route = Routes.interactionCallback(id, token);
      await this.api.request(lane, RequestMethod.Post, route, { body }, ACKNOWLEDGE);
    } catch (error) {
      if (isFinal(error) && !isAcknowledgedAlready(error)) throw error;
    }
  }

  /**
   * False where it is too late to answer. What an owner asked for is not done then, because Discord has told them that it failed; a stranger's attempt is handed
   * on all the same, to be noted.
   *
   * @throws DiscordAPIError where it came from an owner
   */
  private async acknowledgeFrom(
    person: Person,
    events: PlatformEvents,
    interaction: Answerable,
    body: object,
  ): Promise<boolean> {
    const isKnown = isKnownTo(events, person);
    try {
      await this.acknowledge(interaction, body, isKnown ? 'acknowledgement' : 'stranger');
      return true;
    } catch (error) {
      if (isKnown) throw error;
      return false;
    }
  }

  private reply(
    { applicationId, token, user, channelId }: Answerable,
    receivedMs: number,
    how: Pick<ReplyContext, 'isPrivate' | 'start'>,
  ): InteractionReply {
    const { api, messages } = this;
    const { clock } = this.options;
    return new InteractionReply({
      api,
      messages,
      clock,
      applicationId,
      token,
      receivedMs,
      user: user.id,
      channel: channelId ?? '',
      ...how,
    });
  }
}

const isKnownTo = (events: PlatformEvents, person: Person): boolean => events.knows?.(person) ?? true;

/** "Thinking", shown to all or to the person alone. */
const deferred = (isPrivate: boolean): object => ({
  type: InteractionResponseType.DeferredChannelMessageWithSource,
  ...(isPrivate && { data: { flags: MessageFlags.Ephemeral } }),
});

/** Suggestions as Discord takes them; a value that is too long for it cannot be offered. */
function choicesOf(
  suggestions: readonly Suggestion[],
  { isList, before }: Completion,
): { name: string; value: string }[] {
  return suggestions
    .map(({ label, value }) => ({
      name: clip(label, LIMITS.suggestion),
      value: isList ? before + quoteWord(value) : value,
    }))
    .filter(({ value }) => value !== '' && value.length <= LIMITS.suggestion)
    .slice(0, LIMITS.suggestions);
}
