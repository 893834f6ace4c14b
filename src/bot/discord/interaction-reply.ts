import { MessageFlags, type RequestData, RequestMethod, Routes } from 'discord.js';
import type { Clock } from '../../shared/clock.ts';
import { HoldfastError } from '../../shared/errors.ts';
import type { View } from '../../view/view.ts';
import type { MessageRef, Reply } from '../platform.ts';
import { type DiscordApi, messageData, type StoredMessage } from './discord-api.ts';
import { isNotFound, isTokenGone, toHoldfastError } from './discord-errors.ts';
import { type DiscordMessages, refTo } from './discord-messages.ts';
import type { DiscordMessage } from './render-message.ts';
import { SerialQueue } from './serial-queue.ts';

/** An interaction's token lives for 15 minutes; it is not relied on to the last. */
const TOKEN_LIVES_MS = 14.5 * 60_000;
/** An edit that has to wait longer than this for a rate limit becomes a new message: Discord limits edits of messages over an hour old. */
const EDIT_PATIENCE_MS = 60_000;

/** What an interaction calls the answer to a command, and the message that holds what was pressed. */
const ORIGINAL = '@original';

export interface ReplyContext {
  api: DiscordApi;
  messages: DiscordMessages;
  clock: Clock;
  applicationId: string;
  token: string;
  receivedMs: number;
  user: string;
  channel: string;
  /** Whether only the person may see what is shown. */
  isPrivate: boolean;
  /**
   * What `show` works on first: the answer that was deferred (nothing is to be seen of it yet), the private message that holds what was pressed, or a message
   * that is yet to be made.
   */
  start: 'deferred' | 'pressed' | 'new';
}

/** A message whose button was pressed can be edited with the token of that press. */
export function lendPressed(
  messages: DiscordMessages,
  { message }: MessageRef,
  { applicationId, token }: Pick<ReplyContext, 'applicationId' | 'token'>,
  receivedMs: number,
): void {
  messages.lend(message, { applicationId, token, untilMs: receivedMs + TOKEN_LIVES_MS, name: ORIGINAL });
}

/**
 * Answers one interaction: with its token while that lives, then in the bot's own name, in the channel or, where only the person may see it, by direct
 * message.
 */
export class InteractionReply implements Reply {
  private readonly context: ReplyContext;
  private readonly queue = new SerialQueue();
  private start: ReplyContext['start'];
  /** What `show` made or edited last, or is to edit. */
  private shown: MessageRef | undefined;
  /** Whether `shown` was written in the bot's own name, so that the token has no part in it. */
  private isOwn = false;
  private isTokenGone = false;

  constructor(context: ReplyContext) {
    this.context = context;
    this.start = context.start;
  }

  show(view: View): Promise<MessageRef | undefined> {
    return this.inOrder(async () => {
      const message = await this.context.messages.render(view);
      const byToken = await this.showByToken(message);
      if (byToken !== undefined) this.lend(byToken);
      this.shown = byToken ?? (await this.showAsBot(message));
      return this.context.isPrivate && !this.isOwn ? undefined : this.shown;
    });
  }

  whisper(view: View): Promise<void> {
    return this.inOrder(async () => {
      const message = await this.context.messages.render(view);
      if ((await this.whisperByToken(message)) === undefined) {
        await this.context.messages.sendDirect(this.context.user, message);
      }
    });
  }

  private inOrder<T>(task: () => Promise<T>): Promise<T> {
    return this.queue.run('', async () => {
      try {
        return await task();
      } catch (error) {
        throw toHoldfastError(error);
      }
    });
  }

  private lend({ message }: MessageRef): void {
    const { messages, applicationId, token, receivedMs, isPrivate } = this.context;
    if (isPrivate) return;
    const name = this.start === 'new' ? message : ORIGINAL;
    messages.lend(message, { applicationId, token, untilMs: receivedMs + TOKEN_LIVES_MS, name });
  }

  private async showByToken(message: DiscordMessage): Promise<MessageRef | undefined> {
    if (this.isOwn) return undefined;
    if (this.start !== 'new') return this.byToken(RequestMethod.Patch, ORIGINAL, messageData(message));
    if (this.shown !== undefined) return this.byToken(RequestMethod.Patch, this.shown.message, messageData(message));
    return this.followUp(message, this.context.isPrivate);
  }

  private async whisperByToken(message: DiscordMessage): Promise<MessageRef | undefined> {
    if (this.start === 'deferred' && this.shown === undefined) {
      // Discord puts the first follow-up in the place of a deferred answer, for whoever was to see that.
      this.start = 'new';
      if (this.context.isPrivate) return this.byToken(RequestMethod.Patch, ORIGINAL, messageData(message));
      await this.deleteOriginal();
    }
    return this.followUp(message, true);
  }

  private async deleteOriginal(): Promise<void> {
    try {
      await this.byToken(RequestMethod.Delete, ORIGINAL, {});
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  private followUp(message: DiscordMessage, isPrivate: boolean): Promise<MessageRef | undefined> {
    const data = messageData(message, isPrivate ? { flags: MessageFlags.Ephemeral } : {});
    return this.byToken(RequestMethod.Post, undefined, { ...data, query: new URLSearchParams({ wait: 'true' }) });
  }

  /** Undefined where the token is no longer good for anything. */
  private async byToken(
    method: RequestMethod,
    message: string | undefined,
    data: RequestData,
  ): Promise<MessageRef | undefined> {
    const { api, applicationId, token, clock, receivedMs, channel } = this.context;
    if (this.isTokenGone || clock.now() >= receivedMs + TOKEN_LIVES_MS) return undefined;
    const route =
      message === undefined
        ? Routes.webhook(applicationId, token)
        : Routes.webhookMessage(applicationId, token, message);
    try {
      const stored = (await api.request('answer', method, route, data)) as StoredMessage | undefined;
      return refTo({ id: stored?.id ?? '', channel_id: stored?.channel_id ?? channel });
    } catch (error) {
      if (!isTokenGone(error)) throw error;
      this.isTokenGone = true;
      return undefined;
    }
  }

  private async showAsBot(message: DiscordMessage): Promise<MessageRef> {
    const { messages, channel, isPrivate, user } = this.context;
    if (this.shown !== undefined && (this.isOwn || !isPrivate)) {
      const edited = await this.editAsBot(this.shown, message);
      if (edited !== undefined) return edited;
    }
    const sent = await (isPrivate ? messages.sendDirect(user, message) : messages.send(channel, message));
    this.isOwn = true;
    return sent;
  }

  /** Undefined where Discord asks to wait so long that a new message is better. */
  private async editAsBot(ref: MessageRef, message: DiscordMessage): Promise<MessageRef | undefined> {
    try {
      return await this.context.messages.edit(ref, message, EDIT_PATIENCE_MS);
    } catch (error) {
      if (error instanceof HoldfastError && error.details.retryAfterMs !== undefined) return undefined;
      throw error;
    }
  }
}
