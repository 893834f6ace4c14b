import { SocketModeReceiver } from '@slack/bolt';
import type { Clock } from '../../shared/clock.ts';
import { HoldfastError } from '../../shared/errors.ts';
import { type RandomSource, randomFraction } from '../../shared/random.ts';
import { type ApiOptions, webClientOptions } from './slack-api.ts';
import { failureOf, isBadToken } from './slack-failure.ts';

/** A link that said nothing for so long after it was opened never will. */
const HELLO_WITHIN_MS = 20_000;
const STOP_WITHIN_MS = 2000;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;

export interface SocketLinkOptions extends Pick<ApiOptions, 'apiUrl' | 'logger'> {
  appToken: string;
  clock: Clock;
  random: RandomSource;
  onConnected: () => void;
  /** `why` is undefined where Slack asked for a new connection, as it does every few hours. */
  onDisconnected: (why: string | undefined) => void;
}

/**
 * A Socket Mode connection that is kept. The client library is told not to reconnect: it waits long after every loss, and gives up, as a rejection that nobody
 * can catch, where Slack cannot be reached at that moment.
 */
export class SocketLink {
  readonly receiver: SocketModeReceiver;
  readonly #options: SocketLinkOptions;

  constructor(options: SocketLinkOptions) {
    this.#options = options;
    const { appToken, logger } = options;
    const installerOptions = { clientOptions: webClientOptions(options) };
    this.receiver = new SocketModeReceiver({ appToken, logger, autoReconnectEnabled: false, installerOptions });
  }

  /**
   * Connects again and again until the signal aborts.
   *
   * @throws HoldfastError `usage` where Slack refuses the app token before the first connection
   */
  async keep(signal: AbortSignal): Promise<void> {
    const { onConnected, onDisconnected, clock, random } = this.#options;
    let wasConnected = false;
    for (let failures = 0; !signal.aborted; ) {
      try {
        const { closed } = await this.#connect(signal);
        failures = 0;
        wasConnected = true;
        onConnected();
        await closed;
        if (!signal.aborted) onDisconnected(undefined);
      } catch (error) {
        if (signal.aborted) return;
        const failure = failureOf(error);
        if (isBadToken(failure) && !wasConnected) throw badToken(failure.reason, error);
        onDisconnected(failure.reason);
        const waitMs = Math.min(FIRST_WAIT_MS * 2 ** failures++, LONGEST_WAIT_MS) * (0.5 + randomFraction(random) / 2);
        await clock.sleep(waitMs, signal).catch(() => {});
      }
    }
  }

  /** Resolves when connected, with a promise of the connection's end. */
  async #connect(signal: AbortSignal): Promise<{ closed: Promise<void> }> {
    const { client } = this.receiver;
    const met = new AbortController();
    const late = this.#options.clock
      .sleep(HELLO_WITHIN_MS, AbortSignal.any([signal, met.signal]), { background: true })
      .then(() => Promise.reject(new Error('no greeting')));
    const started = client.start();
    try {
      await Promise.race([started, late]);
      return { closed: new Promise((resolve) => client.once('disconnected', () => resolve())) };
    } catch (error) {
      await this.stop();
      // An attempt that is only now given an address goes on to connect: two at a time would be taken for one.
      await started.then(() => this.stop(), nothing);
      throw error ?? new Error('closed');
    } finally {
      met.abort();
      late.catch(nothing);
    }
  }

  async stop(): Promise<void> {
    const late = this.#options.clock.sleep(STOP_WITHIN_MS, undefined, { background: true });
    await Promise.race([this.receiver.client.disconnect(), late]).catch(() => {});
  }
}

const nothing = (): void => {};

export function badToken(reason: string, cause: unknown): HoldfastError {
  return new HoldfastError('usage', `Slack refuses the token: ${reason}`, {
    cause,
    advice:
      'Copy the tokens again: xoxb- from the app’s page Install App, xapp- from its App-Level Tokens. See docs/SETUP-slack.md.',
  });
}
