import { z } from 'zod';
import type { Clock } from '../../shared/clock.ts';
import { HoldfastError } from '../../shared/errors.ts';
import type { RandomSource } from '../../shared/random.ts';
import type { Paint } from '../../view/settle-view.ts';
import type { View } from '../../view/view.ts';
import type { MessageRef } from '../platform.ts';
import { MAIN_COMMAND } from './command-names.ts';
import { EditLane } from './edit-lane.ts';
import { PLATFORM } from './identify.ts';
import { renderMessage, type SlackMessage } from './render-message.ts';
import type { Answer, SlackApi } from './slack-api.ts';
import { ThreadFiles } from './thread-files.ts';

/** No text of ours is searched for names, links or pages to show. */
const AS_IT_IS = { parse: 'none', link_names: false } as const;
const NO_PREVIEWS = { unfurl_links: false, unfurl_media: false } as const;

/** Marks a message, so that it is found again when Slack's answer to posting it was lost. */
const METADATA_TYPE = 'holdfast_message';
/** How far back such a message is looked for. */
const LOOK_BACK_MS = 10 * 60_000;
/** Posts are remembered by their key for so long. */
const KEY_MS = 10 * 60_000;

const historyAnswer = z.object({
  messages: z.array(
    z.object({
      ts: z.string(),
      metadata: z.object({ event_payload: z.object({ key: z.unknown() }).optional() }).optional(),
    }),
  ),
});

export interface MessengerOptions {
  api: SlackApi;
  clock: Clock;
  random: RandomSource;
  paint?: Paint | undefined;
}

/** Puts Views into channels. */
export class Messenger {
  readonly #api: SlackApi;
  readonly #clock: Clock;
  readonly #random: RandomSource;
  readonly #paint: Paint | undefined;
  readonly #edits = new EditLane();
  readonly #posts = new Map<string, { atMs: number; posted: Promise<MessageRef> }>();
  readonly #files: ThreadFiles;

  constructor({ api, clock, random, paint }: MessengerOptions) {
    this.#api = api;
    this.#clock = clock;
    this.#random = random;
    this.#paint = paint;
    this.#files = new ThreadFiles(api);
  }

  render(view: View): Promise<SlackMessage> {
    return renderMessage(view, { nowMs: this.#clock.now(), commandPrefix: `/${MAIN_COMMAND} ` }, this.#paint);
  }

  /** A post of the same key and channel within the last minutes is given back instead of made again. */
  async postOnce(channel: string, view: View, key: string | undefined): Promise<MessageRef> {
    if (key === undefined) return this.post(channel, await this.render(view));
    const nowMs = this.#clock.monotonic();
    for (const [old, { atMs }] of this.#posts) if (nowMs - atMs > KEY_MS) this.#posts.delete(old);
    const id = JSON.stringify([channel, key]);
    const known = this.#posts.get(id);
    if (known !== undefined) return known.posted;
    const posted = this.render(view).then((message) => this.post(channel, message, key));
    this.#posts.set(id, { atMs: nowMs, posted });
    posted.catch(() => this.#posts.delete(id));
    return posted;
  }

  async post(
    channel: string,
    message: SlackMessage,
    key = this.#random.bytes(12).toString('hex'),
  ): Promise<MessageRef> {
    const { text, blocks } = message;
    const metadata = { event_type: METADATA_TYPE, event_payload: { key } };
    const args = { channel, text, blocks, metadata, mrkdwn: false, ...AS_IT_IS, ...NO_PREVIEWS };
    const answer = await this.#api.call('chat.postMessage', args, { recover: () => this.#find(channel, key) });
    const ref = { platform: PLATFORM, channel: String(answer.channel ?? channel), message: String(answer.ts) };
    await this.#files.attach(ref, message.files);
    return ref;
  }

  /** Replaces a message. While one edit is under way only the newest of those that wait is made. */
  async edit(ref: MessageRef, view: View): Promise<void> {
    await this.#edits.run(keyOf(ref), async () => this.update(ref, await this.render(view)));
  }

  async update(ref: MessageRef, message: SlackMessage): Promise<void> {
    const { text, blocks } = message;
    await this.#api.call('chat.update', { channel: ref.channel, ts: ref.message, text, blocks, ...AS_IT_IS });
    await this.#files.attach(ref, message.files);
  }

  /** Only this user sees it, and nobody can edit it. */
  async postEphemeral(channel: string, user: string, { text, blocks }: SlackMessage): Promise<void> {
    await this.#api.call('chat.postEphemeral', { channel, user, text, blocks, ...AS_IT_IS });
  }

  /** The direct conversation with a user. */
  async openDirect(user: string): Promise<string> {
    const { channel } = await this.#api.call('conversations.open', { users: user });
    if (typeof channel === 'object' && channel !== null && 'id' in channel) return String(channel.id);
    throw new HoldfastError('internal', 'Slack opened a conversation without naming it');
  }

  /** The message with this key among the newest of a channel. Undefined also where the app may not read there: then a second one is better than none. */
  async #find(channel: string, key: string): Promise<Answer | undefined> {
    const oldest = String((this.#clock.now() - LOOK_BACK_MS) / 1000);
    const args = { channel, oldest, limit: 50, include_all_metadata: true };
    const found = await this.#api.callOnce('conversations.history', args).catch(() => undefined);
    const { messages } = historyAnswer.catch({ messages: [] }).parse(found);
    const ts = messages.find(({ metadata }) => metadata?.event_payload?.key === key)?.ts;
    return ts === undefined ? undefined : { ok: true, channel, ts };
  }
}

const keyOf = ({ channel, message }: MessageRef): string => `${channel}/${message}`;
