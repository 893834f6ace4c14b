import type { Clock } from '../shared/clock.ts';
import { HoldfastError } from '../shared/errors.ts';
import type { StoredMessage } from '../state/people.ts';
import type { State } from '../state/state.ts';
import type { OutboxButton, OutboxMessage } from '../state/unattended-records.ts';
import { type Button, stack, type View } from '../view/view.ts';
import { MINUTE_MS } from './desk.ts';

/** How messages reach channels. */
export interface Chats {
  /** Whether the platform has been started: what is for another one waits. */
  has(platform: string): boolean;
  /** A post with a key that was posted within the last minutes is not posted twice. */
  post(place: ChannelPlace, view: View, key: string): Promise<StoredMessage>;
  edit(message: StoredMessage, view: View): Promise<void>;
  /** Makes buttons for any owner, that may be pressed again. */
  makeButtons(buttons: readonly OutboxButton[], place: ChannelPlace): Promise<readonly Button[]>;
}

export type ChannelPlace = Pick<OutboxMessage, 'platform' | 'channel'>;

const FIRST_PAUSE_MS = 15_000;
const LONGEST_PAUSE_MS = 10 * MINUTE_MS;

export interface PostmanOptions {
  state: State;
  chats: Chats;
  clock: Clock;
  onWarning: (message: string) => void;
}

/** Takes the outbox to the channels: each channel by itself, in order, again and again until it was delivered. */
export class Postman {
  readonly #options: PostmanOptions;
  readonly #lanes = new Map<string, Promise<void>>();
  readonly #stopped = new AbortController();

  constructor(options: PostmanOptions) {
    this.#options = options;
  }

  /** To be called when there is something to deliver, and when a platform has come. */
  wake(): void {
    if (this.#stopped.signal.aborted) return;
    for (const message of this.#outbox.filter(isWaiting)) {
      const { platform, channel } = message;
      const lane = `${platform} ${channel}`;
      if (this.#lanes.has(lane) || !this.#options.chats.has(platform)) continue;
      const work = this.#work(message).finally(() => {
        this.#lanes.delete(lane);
        // Something may have come at the very end.
        if (this.#next(message) !== undefined) this.wake();
      });
      this.#lanes.set(lane, work);
    }
  }

  /** Lets go; what is under way goes on for as long as the platforms let it. */
  stop(): void {
    this.#stopped.abort(new Error('stopped'));
  }

  get #outbox(): readonly OutboxMessage[] {
    return this.#options.state.document.unattended.outbox;
  }

  #next({ platform, channel }: ChannelPlace): OutboxMessage | undefined {
    if (this.#stopped.signal.aborted) return undefined;
    return this.#outbox.find((one) => isWaiting(one) && one.platform === platform && one.channel === channel);
  }

  /** Never rejects. */
  async #work(place: ChannelPlace): Promise<void> {
    const { clock, onWarning } = this.#options;
    let failures = 0;
    for (let message = this.#next(place); message !== undefined; message = this.#next(place)) {
      try {
        await this.#deliver(message);
        failures = 0;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (failures === 0) onWarning(`A message waits for ${place.platform} ${place.channel}: ${reason}`);
        const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** failures++, LONGEST_PAUSE_MS);
        await clock.sleep(pauseMs, this.#stopped.signal, { background: true }).catch(() => {});
      }
    }
  }

  async #deliver(message: OutboxMessage): Promise<void> {
    const { state, chats } = this.#options;
    const { wanted, platform, channel } = message;
    if (wanted === null) return;
    const { revision } = wanted;
    const buttons = await this.#buttons(message, wanted.buttons);
    const view =
      buttons.length === 0 ? (wanted.view as View) : stack(wanted.view as View, { kind: 'buttons', buttons });
    if (message.message !== null) {
      if (!(await this.#edit(message, message.message, view))) return;
      await state.update(() => finish(message, revision));
      return;
    }
    if (message.tried === null) {
      await state.update(() => {
        message.tried = revision;
      });
    }
    const posted = await chats.post({ platform, channel }, view, `${channel} ${message.key} ${message.copy}`);
    await state.update(() => {
      message.message = posted;
      // Where an earlier attempt had succeeded after all, the channel shows what that one said.
      if (message.tried === revision) finish(message, revision);
    });
  }

  /** False where the message is gone, or may not be edited any more: then it gets posted anew. */
  async #edit(message: OutboxMessage, ref: StoredMessage, view: View): Promise<boolean> {
    const { state, chats } = this.#options;
    try {
      await chats.edit(ref, view);
      return true;
    } catch (error) {
      if (!isFinal(error)) throw error;
      await state.update(() => {
        Object.assign(message, { message: null, tried: null, copy: message.copy + 1 });
      });
      return false;
    }
  }

  /** The ones that it has already, where they do the same. */
  async #buttons(message: OutboxMessage, wanted: readonly OutboxButton[]): Promise<readonly Button[]> {
    if (wanted.length === 0) return [];
    const { state, chats } = this.#options;
    const wish = JSON.stringify(wanted);
    if (message.made?.wish === wish) return message.made.buttons;
    const buttons = [...(await chats.makeButtons(wanted, message))];
    await state.update(() => {
      message.made = { wish, buttons };
    });
    return buttons;
  }
}

const isWaiting = ({ wanted }: OutboxMessage): boolean => wanted !== null;

function finish(message: OutboxMessage, revision: number): void {
  if (message.wanted?.revision === revision) message.wanted = null;
}

function isFinal(error: unknown): boolean {
  return error instanceof HoldfastError && (error.code === 'not_found' || error.code === 'permission');
}
