import { RateLimitError, REST, type RESTOptions, type RequestData, RequestMethod, type RouteLike } from 'discord.js';
import type { Clock } from '../../shared/clock.ts';
import { HoldfastError } from '../../shared/errors.ts';
import { type RandomSource, randomFraction } from '../../shared/random.ts';
import { Slots } from '../slots.ts';
import { isFinal, toHoldfastError } from './discord-errors.ts';
import type { DiscordMessage } from './render-message.ts';

export const API_URL = 'https://discord.com/api';
/** Pauses grow up to this. */
const LONGEST_PAUSE_MS = 30_000;

export interface ApiOptions {
  token: string;
  apiUrl: string;
  clock: Clock;
  random: RandomSource;
  userAgent: string;
  /** Aborted when the process lets go of Discord: nothing is tried again then. */
  signal: AbortSignal;
}

export interface Patience {
  /** Retrying is given up after so long. */
  forMs: number;
  /** The first pause after a failure; it doubles with every one. */
  firstPauseMs: number;
  /** One attempt may take so long. */
  attemptMs: number;
}

/** For what somebody waits for but not at this moment. */
export const PATIENT: Patience = { forMs: 5 * 60_000, firstPauseMs: 1000, attemptMs: 20_000 };

/**
 * What a request is made with: the bot's own token, or the token of an interaction, which is part of the address and for which no global limit counts.
 * Acknowledgements go by a lane of their own, so that nothing holds them up, and those to strangers by another: however many they are, owners do not wait for
 * them.
 */
export type Lane = 'bot' | 'acknowledgement' | 'stranger' | 'answer';

/** Requests of one lane under way at once. New connections cost more than waiting for one that is open. */
const AT_ONCE = 24;
const STRANGERS_AT_ONCE = 8;

/**
 * Discord's REST API through the library's client, which keeps the rate limits by bucket. Waiting and retrying are done here: after rate limits as
 * Discord says, after server errors, timeouts and lost connections with growing pauses.
 */
export class DiscordApi {
  private readonly options: ApiOptions;
  private readonly lanes: Readonly<Record<Lane, { client: REST; slots: Slots }>>;

  constructor(options: ApiOptions) {
    this.options = options;
    const shared: Partial<RESTOptions> = {
      api: options.apiUrl,
      version: '10',
      // Attempts are ended by the clock that was given.
      timeout: 10 * 60_000,
      retries: 0,
      offset: 50,
      userAgentAppendix: options.userAgent,
      // Waiting by the library would ignore that the process stops.
      rejectOnRateLimit: () => true,
      // The library's own way cannot send files once another library has brought a newer undici, as Slack's does.
      makeRequest: async (url: string, { dispatcher: _, ...init }) => fetch(url, init as RequestInit),
    };
    const lane = (globalRequestsPerSecond: number, atOnce = AT_ONCE) => ({
      client: new REST({ ...shared, globalRequestsPerSecond }),
      slots: new Slots(atOnce),
    });
    this.lanes = {
      bot: lane(50),
      acknowledgement: lane(Number.POSITIVE_INFINITY),
      answer: lane(Number.POSITIVE_INFINITY),
      stranger: lane(Number.POSITIVE_INFINITY, STRANGERS_AT_ONCE),
    };
  }

  /**
   * One request, again and again while it may succeed later.
   *
   * @throws DiscordAPIError or HTTPError where Discord refuses; RateLimitError where it asks to wait longer than the patience lasts; HoldfastError
   *   `platform_unavailable` when patience is over
   */
  async request(
    lane: Lane,
    method: RequestMethod,
    route: RouteLike,
    data: RequestData = {},
    patience: Patience = PATIENT,
  ): Promise<unknown> {
    const { clock } = this.options;
    const endMs = clock.monotonic() + patience.forMs;
    for (let failures = 0; ; failures++) {
      try {
        return await this.attempt(lane, method, route, data, patience.attemptMs);
      } catch (error) {
        if (isFinal(error)) throw error;
        const pauseMs =
          error instanceof RateLimitError ? Math.max(error.retryAfter, 1) : this.pause(patience, failures);
        if (clock.monotonic() + pauseMs > endMs) throw error instanceof RateLimitError ? error : toHoldfastError(error);
        await this.sleep(pauseMs);
      }
    }
  }

  private async attempt(
    lane: Lane,
    method: RequestMethod,
    route: RouteLike,
    data: RequestData,
    withinMs: number,
  ): Promise<unknown> {
    const { token, clock } = this.options;
    const { client, slots } = this.lanes[lane];
    // The library forgets the token at the first refusal, be it a passing one.
    if (lane === 'bot') client.setToken(token);
    return slots.run(async () => {
      const late = new AbortController();
      const done = new AbortController();
      clock.sleep(withinMs, done.signal, { background: true }).then(
        () => late.abort(),
        () => {},
      );
      try {
        return await client.request({ ...data, fullRoute: route, method, auth: lane === 'bot', signal: late.signal });
      } catch (error) {
        // Done, with an answer that says that it is JSON and has nothing in it.
        if (error instanceof SyntaxError && givesNothing(method, route)) return undefined;
        throw error;
      } finally {
        done.abort();
      }
    });
  }

  private pause({ firstPauseMs }: Patience, failures: number): number {
    const longest = Math.min(firstPauseMs * 2 ** failures, LONGEST_PAUSE_MS);
    return longest * (0.5 + randomFraction(this.options.random) / 2);
  }

  private async sleep(ms: number): Promise<void> {
    const { clock, signal } = this.options;
    try {
      await clock.sleep(ms, signal);
    } catch {
      throw new HoldfastError('platform_unavailable', 'Holdfast lets go of Discord', { retryable: true });
    }
  }
}

/** Requests whose answer has no content. */
const givesNothing = (method: RequestMethod, route: RouteLike): boolean =>
  method === RequestMethod.Delete || route.endsWith('/callback');

/** A message as the library sends it. */
export function messageData({ body, files }: DiscordMessage, extra: Record<string, unknown> = {}): RequestData {
  return {
    body: { ...body, ...extra },
    ...(files.length > 0 && { files: files.map(({ name, data }) => ({ name, data })) }),
  };
}

/** What Discord tells of a message that it stored. */
export interface StoredMessage {
  id: string;
  channel_id: string;
}
