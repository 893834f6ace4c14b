import { HoldfastError } from '../../shared/errors.ts';
import type { View } from '../../view/view.ts';
import type { MessageRef, Place, Platform, Reply } from '../platform.ts';

export interface AnswerOptions {
  platform: Platform;
  place: Place;
  reply: Reply;
  /** A message that the answer takes the place of: the one whose button was pressed. */
  holder?: MessageRef | undefined;
}

/** Where the answer to an event goes. */
export class Answer {
  readonly platform: Platform;
  readonly place: Place;
  readonly #reply: Reply;
  #holder: MessageRef | undefined;

  constructor({ platform, place, reply, holder }: AnswerOptions) {
    this.platform = platform;
    this.place = place;
    this.#reply = reply;
    this.#holder = holder;
  }

  /** Shows in place of what was shown before; gives where it is, or undefined where no later process could edit it. */
  async show(view: View): Promise<MessageRef | undefined> {
    const holder = this.#holder;
    if (holder === undefined) return this.#reply.show(view);
    try {
      await this.platform.edit(holder, view);
      return holder;
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code === 'platform_unavailable') throw error;
      // The message is gone, or may not be written to any more: the answer gets one of its own.
      this.#holder = undefined;
      return this.#reply.show(view);
    }
  }

  whisper(view: View): Promise<void> {
    return this.#reply.whisper(view);
  }

  /** What was asked for did not come to a good end. */
  failed(): void {
    this.#reply.failed?.();
  }
}
