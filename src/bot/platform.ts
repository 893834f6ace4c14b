import type { HelpSection } from '../commands/command.ts';
import type { RawInput } from '../commands/parse-input.ts';
import type { View } from '../view/view.ts';

/**
 * What Holdfast asks of a chat platform, and what a platform may expect of Holdfast. One file a platform's folder implements it; nothing beyond that
 * folder knows the platform's SDK, limits or markup. `test/contract/platform.ts` holds every implementation to the promises written here.
 */

/** Who did something. `id` is what owners are configured by: Discord's user ID, Slack's `TEAM/USER`; never a name. */
export interface Person {
  platform: string;
  id: string;
  /** As the platform shows it, for people and the audit log. Untrusted: anyone may call themselves anything. */
  name: string;
}

export interface Place {
  platform: string;
  /** The platform's ID of the channel or of the direct conversation. */
  channel: string;
  /** A conversation with one person alone. */
  direct: boolean;
}

/** A message that can be edited later, also by a later process. Plain data. */
export interface MessageRef {
  platform: string;
  channel: string;
  message: string;
}

/** Who may see an answer: everybody in the place, or the person alone. */
export type Audience = 'place' | 'person';

interface Incoming {
  /** The platform's own ID of the event: the same when it is delivered again. */
  eventId: string;
  person: Person;
  place: Place;
}

/** A command was called. `raw` holds what was typed or chosen, by the names of the command's fields. */
export interface CommandEvent extends Incoming {
  kind: 'command';
  /** As in the registry: `verify`, `key add`. */
  command: string;
  raw: RawInput;
}

/** A button was pressed, or an option of a select was chosen. `id` is the one that Holdfast gave it. */
export interface PressEvent extends Incoming {
  kind: 'press';
  id: string;
  /** The option's value, of a select. */
  value?: string;
  /** What holds the button; undefined where only the person sees it. */
  message: MessageRef | undefined;
}

/** A half-typed value of a field. */
export interface CompletionEvent extends Incoming {
  kind: 'completion';
  command: string;
  /** Name of the field in the command's input. */
  field: string;
  partial: string;
  /** What the other fields hold so far. */
  raw: RawInput;
}

export interface Suggestion {
  /** Shown; at most 100 characters. */
  label: string;
  /** Filled in; at most 100 characters. */
  value: string;
}

/** How an event is answered. Each method may be called long after the event, and any number of times. */
export interface Reply {
  /**
   * Shows the answer to the event's audience, in place of what this reply showed before. To a press the first one stands below the message that holds the button,
   * or takes its place where only the person sees both. Resolves once the platform has it, with where it is; undefined where no later process could edit it.
   */
  show(view: View): Promise<MessageRef | undefined>;
  /** One more message, which only the person sees. */
  whisper(view: View): Promise<void>;
  /** What was asked for was refused, went wrong or was cancelled: for a platform that ends with a status. What is shown says why. */
  failed?(): void;
}

/** What Holdfast does with events. None of these rejects. */
export interface PlatformEvents {
  /**
   * Who may see the answer. Asked before the event is acknowledged, because some platforms fix it then; answers at once, and for a stranger
   * always `person`.
   */
  audience(event: CommandEvent | PressEvent): Audience;
  /**
   * Whether the platform may answer this person by itself: with a form for what is still to be asked, or a word about what was mistyped. Answers at
   * once. Strangers, for whom it is false, are handed on as they came, and refused.
   */
  knows?(person: Person): boolean;
  onCommand(event: CommandEvent, reply: Reply): Promise<void>;
  onPress(event: PressEvent, reply: Reply): Promise<void>;
  /** Suggestions, best first, well within the time that platforms allow; none for strangers and for what cannot be completed. */
  onCompletion(event: CompletionEvent): Promise<readonly Suggestion[]>;
  /** The connection came or went; `detail` is for people. */
  onState(state: PlatformState, detail?: string): void;
  /** Someone spoke to the platform without being able to prove who they are: a bad signature, a wrong workspace. For the audit log. */
  onRejected(what: { reason: string; detail?: string }): void;
}

export type PlatformState = 'starting' | 'connected' | 'disconnected' | 'stopped';

export interface PlatformPace {
  /** How often one message may be edited. */
  editEveryMs: number;
  /** After so long a new message is started instead of editing the old one. */
  renewAfterMs: number;
}

export interface PostOptions {
  /** A post with a key that was posted within the last minutes is not posted twice, also where the first attempt's answer was lost. */
  key?: string;
}

/**
 * A chat platform. Promises:
 *
 * - Every event is acknowledged as soon as it arrives, before any work is done for it, and handed on at most once per delivery; duplicates that the
 *   platform delivers are handed on too and told apart by `eventId`.
 * - Every View is rendered within the platform's limits. What does not fit becomes an attached file, never a silent cut. Text is shown as text:
 *   names cannot smuggle markup, mentions or links.
 * - `post`, `edit`, `show` and `whisper` retry what may succeed later (rate limits, server errors, timeouts, lost connections), honouring what the platform
 *   says about when. They reject with a HoldfastError: `not_found` where message or channel are gone, `permission` where the platform refuses,
 *   `platform_unavailable` when retrying was given up.
 * - Nothing that happens to the platform ends the process; tokens are never part of an error or a log line.
 */
export interface Platform {
  readonly name: string;
  readonly pace: PlatformPace;
  /** What `/help` says there besides the commands, such as how options are typed. */
  readonly help?: readonly HelpSection[];
  /**
   * Connects, and keeps trying where the platform cannot be reached. Resolves when connected for the first time, or `stop` was called.
   *
   * @throws HoldfastError `usage` where the platform refuses the token: trying again would not help
   */
  start(events: PlatformEvents): Promise<void>;
  /** Lets go of the connection. What was begun may finish for a few seconds. */
  stop(): Promise<void>;
  post(channel: string, view: View, options?: PostOptions): Promise<MessageRef>;
  edit(message: MessageRef, view: View): Promise<void>;
}
