import type { Clock } from '../../shared/clock.ts';
import { HoldfastError } from '../../shared/errors.ts';
import type { View } from '../../view/view.ts';
import type { Audience, MessageRef, Reply } from '../platform.ts';
import { LIMITS } from './limits.ts';
import type { Messenger } from './messenger.ts';
import type { SlackMessage } from './render-message.ts';
import type { SlackApi } from './slack-api.ts';

export interface ReplyTarget {
  channel: string;
  user: string;
  audience: Audience;
  /** Where answers may be sent to for half an hour. */
  responseUrl?: string | undefined;
  /** When that half hour began, in milliseconds since 1970. */
  receivedMs: number;
  /** What a response URL replaces: its own earlier answer (`answer`), what the person pressed (`pressed`), or nothing. */
  replaces: 'answer' | 'pressed' | 'nothing';
}

export interface ReplyServices {
  api: SlackApi;
  messenger: Messenger;
  clock: Clock;
}

/** Response URLs are given up a little before Slack does. */
const MARGIN_MS = 60_000;

/**
 * Answers to one event. For a place: a message of the app, which can be edited for ever, or through the response URL where the app is no member. For a person: a message
 * that only they see, and when the response URL is used up, one in their direct conversation.
 */
export class SlackReply implements Reply {
  readonly #target: ReplyTarget;
  readonly #services: ReplyServices;
  #responses = 0;
  #shown: MessageRef | undefined;
  /** One answer at a time, in the order of the calls. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(target: ReplyTarget, services: ReplyServices) {
    this.#target = target;
    this.#services = services;
  }

  show(view: View): Promise<MessageRef | undefined> {
    return this.#inTurn(async () => {
      if (this.#shown !== undefined) await this.#services.messenger.edit(this.#shown, view);
      else this.#shown = await this.#showFirst(await this.#services.messenger.render(view));
      return this.#shown;
    });
  }

  whisper(view: View): Promise<void> {
    return this.#inTurn(async () => {
      const message = await this.#services.messenger.render(view);
      if (message.files.length > 0) await this.#sendDirectly(message);
      else if (this.#responsesLeft > 1)
        await this.#respond(message, { response_type: 'ephemeral', replace_original: false });
      else await this.#postPrivately(message);
    });
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task, task);
    this.#last = result.catch(() => {});
    return result;
  }

  async #showFirst(message: SlackMessage): Promise<MessageRef | undefined> {
    const { channel, audience } = this.#target;
    if (audience === 'person') return this.#showPrivately(message);
    try {
      return await this.#services.messenger.post(channel, message);
    } catch (error) {
      if (!isOutside(error) || this.#responsesLeft === 0) throw error;
      // Files cannot go where the app is not.
      if (message.files.length > 0) await this.#sendDirectly(message);
      return this.#showByResponse(message, 'in_channel');
    }
  }

  /** As long as the response URL lasts, but for one use that is kept for a whisper; then in the direct conversation, where edits have no end. */
  async #showPrivately(message: SlackMessage): Promise<MessageRef | undefined> {
    const replacesNothing = this.#target.replaces === 'nothing' && this.#responses > 0;
    if (message.files.length > 0 || this.#responsesLeft <= 1 || replacesNothing) return this.#sendDirectly(message);
    return this.#showByResponse(message, 'ephemeral');
  }

  async #showByResponse(message: SlackMessage, type: 'ephemeral' | 'in_channel'): Promise<undefined> {
    const { replaces } = this.#target;
    const replacesNow = replaces === 'pressed' || (replaces === 'answer' && this.#responses > 0);
    await this.#respond(message, { response_type: type, replace_original: replacesNow });
  }

  async #respond({ text, blocks }: SlackMessage, how: Record<string, unknown>): Promise<void> {
    this.#responses++;
    await this.#services.api.respond(this.#target.responseUrl ?? '', {
      ...how,
      text,
      blocks,
      parse: 'none',
      link_names: 0,
    });
  }

  async #postPrivately(message: SlackMessage): Promise<void> {
    const { channel, user } = this.#target;
    try {
      await this.#services.messenger.postEphemeral(channel, user, message);
    } catch (error) {
      if (!isOutside(error)) throw error;
      await this.#sendDirectly(message);
    }
  }

  async #sendDirectly(message: SlackMessage): Promise<MessageRef> {
    const { messenger } = this.#services;
    return messenger.post(await messenger.openDirect(this.#target.user), message);
  }

  get #responsesLeft(): number {
    const { responseUrl, receivedMs } = this.#target;
    const isAlive = this.#services.clock.now() - receivedMs < LIMITS.responseMs - MARGIN_MS;
    return responseUrl === undefined || !isAlive ? 0 : LIMITS.responses - this.#responses;
  }
}

/** The app is not in the channel, or may not do this there. */
const isOutside = (error: unknown): boolean =>
  error instanceof HoldfastError && (error.code === 'not_found' || error.code === 'permission');
