import type { Clock } from '../../shared/clock.ts';
import { HoldfastError } from '../../shared/errors.ts';
import { text, type View } from '../../view/view.ts';
import type { MessageRef, Platform } from '../platform.ts';

const FIRST_RETRY_MS = 5000;
const LONGEST_RETRY_MS = 5 * 60_000;

export interface LiveOptions {
  platform: Platform;
  clock: Clock;
  /** Shows in place of what was shown before; gives where it is, or undefined where only the person sees it. */
  show: (view: View) => Promise<MessageRef | undefined>;
  /** Where a message goes when there is no other. */
  channel: string;
  /** It is another message now. */
  onMoved: (message: MessageRef) => void;
  /** The bot ends: no more retries. */
  stopping: AbortSignal;
}

/**
 * One message that is kept up to date, no faster than the platform allows: what comes in between is left out. A message that has become old is left behind for a new
 * one. The last view arrives, however long it takes.
 */
export class LiveMessage {
  readonly #options: LiveOptions;
  #message: MessageRef | undefined;
  #shownMs = Number.NEGATIVE_INFINITY;
  #bornMs: number;
  #next: (() => View) | undefined;
  #working: Promise<void> | undefined;
  #closed = new AbortController();

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#bornMs = options.clock.monotonic();
  }

  /** Shows the first view. */
  async begin(view: View): Promise<void> {
    this.#shownMs = this.#options.clock.monotonic();
    this.#moved(await this.#options.show(view));
  }

  /** `view` is made when it is its turn. */
  update(view: () => View): void {
    this.#next = view;
    this.#working ??= this.#work();
  }

  /** Shows the last view; false where it could not be delivered before the bot ended. */
  async finish(view: View): Promise<boolean> {
    this.#closed.abort(new Error('finished'));
    this.#next = undefined;
    await this.#working;
    const { clock, stopping } = this.#options;
    for (let waitMs = FIRST_RETRY_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_RETRY_MS)) {
      try {
        await this.#deliver(view);
        return true;
      } catch (error) {
        if (isFinal(error) || stopping.aborted) return false;
      }
      const stopped = await clock.sleep(waitMs, stopping, { background: true }).then(
        () => false,
        () => true,
      );
      if (stopped) return false;
    }
  }

  async #work(): Promise<void> {
    const { clock, platform } = this.#options;
    try {
      while (this.#next !== undefined) {
        const waitMs = this.#shownMs + platform.pace.editEveryMs - clock.monotonic();
        await clock.sleep(Math.max(waitMs, 0), this.#closed.signal, { background: true });
        const make = this.#next;
        this.#next = undefined;
        this.#shownMs = clock.monotonic();
        await this.#show(make());
      }
    } catch {
      // Progress that does not arrive is overtaken by the next.
    } finally {
      this.#working = undefined;
    }
  }

  async #show(view: View): Promise<void> {
    const { clock, platform, show, channel } = this.#options;
    if (this.#message === undefined) {
      this.#moved(await show(view));
    } else if (clock.monotonic() - this.#bornMs < platform.pace.renewAfterMs) {
      await platform.edit(this.#message, view);
    } else {
      const before = this.#message;
      this.#bornMs = clock.monotonic();
      this.#moved(await platform.post(channel, view));
      await platform.edit(before, text('It goes on below.')).catch(() => {});
    }
  }

  /** A message that is gone, or may not be written to any more, is replaced. */
  async #deliver(view: View): Promise<void> {
    const { platform, show, channel } = this.#options;
    try {
      if (this.#message === undefined) await show(view);
      else await platform.edit(this.#message, view);
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code === 'platform_unavailable') throw error;
      this.#moved(await platform.post(channel, view));
    }
  }

  #moved(message: MessageRef | undefined): void {
    this.#message = message;
    if (message !== undefined) this.#options.onMoved(message);
  }
}

function isFinal(error: unknown): boolean {
  return error instanceof HoldfastError && (error.code === 'not_found' || error.code === 'permission');
}
