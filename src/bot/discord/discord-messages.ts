import { createHash } from 'node:crypto';
import { type RequestData, RequestMethod, Routes } from 'discord.js';
import type { Clock } from '../../shared/clock.ts';
import type { RandomSource } from '../../shared/random.ts';
import type { Paint } from '../../view/settle-view.ts';
import type { View } from '../../view/view.ts';
import type { MessageRef } from '../platform.ts';
import { type DiscordApi, messageData, PATIENT, type StoredMessage } from './discord-api.ts';
import { isFinal, toHoldfastError } from './discord-errors.ts';
import { DISCORD } from './interaction-events.ts';
import { LIMITS } from './limits.ts';
import { type DiscordMessage, renderMessage } from './render-message.ts';
import { SerialQueue } from './serial-queue.ts';

/** An interaction's token, with which its messages can be edited whatever the bot may do in the channel. */
export interface Loan {
  applicationId: string;
  token: string;
  untilMs: number;
  /** What the message is called in the interaction. */
  name: string;
}

/** Messages that the bot sends and edits. All errors are HoldfastErrors. */
export class DiscordMessages {
  private readonly api: DiscordApi;
  private readonly clock: Clock;
  private readonly random: RandomSource;
  private readonly paint: Paint | undefined;
  private readonly queue = new SerialQueue();
  /** By message, the oldest first. */
  private readonly loans = new Map<string, Loan>();

  constructor(api: DiscordApi, clock: Clock, random: RandomSource, paint?: Paint) {
    this.api = api;
    this.clock = clock;
    this.random = random;
    this.paint = paint;
  }

  render(view: View): Promise<DiscordMessage> {
    return renderMessage(view, { nowMs: this.clock.now(), commandPrefix: '/' }, this.paint);
  }

  /** With the same `key` Discord answers with the message that it has already, for some minutes. */
  async send(channel: string, message: DiscordMessage, key?: string): Promise<MessageRef> {
    const nonce = key === undefined ? this.random.bytes(16).toString('base64url') : digest(key);
    const data = messageData(message, { nonce: nonce.slice(0, LIMITS.nonce), enforce_nonce: true });
    return this.requestMessage(() =>
      this.api.request('bot', RequestMethod.Post, Routes.channelMessages(channel), data),
    );
  }

  /** The message can be edited with this token until it expires. */
  lend(message: string, loan: Loan): void {
    for (const [known, { untilMs }] of this.loans) {
      if (untilMs > this.clock.now()) break;
      this.loans.delete(known);
    }
    this.loans.delete(message);
    this.loans.set(message, loan);
  }

  /**
   * With the token of an interaction while one is known that works, then in the bot's own name. Edits of one message arrive in the order in which they
   * were asked for. `patienceMs`: how long rate limits are waited for.
   */
  async edit(ref: MessageRef, message: DiscordMessage, patienceMs: number = PATIENT.forMs): Promise<MessageRef> {
    const data = messageData(message);
    const patience = { ...PATIENT, forMs: patienceMs };
    return this.queue.run(ref.message, async () => {
      if (await this.editOnLoan(ref, data)) return ref;
      const route = Routes.channelMessage(ref.channel, ref.message);
      return this.requestMessage(() => this.api.request('bot', RequestMethod.Patch, route, data, patience));
    });
  }

  /** False where no token is known that works; why, the bot's own attempt will tell. */
  private async editOnLoan({ message }: MessageRef, data: RequestData): Promise<boolean> {
    const loan = this.loans.get(message);
    if (loan === undefined || loan.untilMs <= this.clock.now()) return false;
    try {
      const route = Routes.webhookMessage(loan.applicationId, loan.token, loan.name);
      await this.api.request('answer', RequestMethod.Patch, route, data);
      return true;
    } catch (error) {
      if (!isFinal(error)) throw toHoldfastError(error);
      this.loans.delete(message);
      return false;
    }
  }

  /** A direct message to one person. */
  async sendDirect(user: string, message: DiscordMessage): Promise<MessageRef> {
    const channel = await this.requestMessage(() =>
      this.api.request('bot', RequestMethod.Post, Routes.userChannels(), { body: { recipient_id: user } }),
    );
    return this.send(channel.message, message);
  }

  private async requestMessage(request: () => Promise<unknown>): Promise<MessageRef> {
    try {
      return refTo((await request()) as StoredMessage);
    } catch (error) {
      throw toHoldfastError(error);
    }
  }
}

export function refTo({ id, channel_id }: StoredMessage): MessageRef {
  return { platform: DISCORD, channel: channel_id, message: id };
}

const digest = (key: string): string => createHash('sha256').update(key).digest('base64url');
