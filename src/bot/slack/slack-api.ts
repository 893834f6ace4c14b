import { type Logger, webApi } from '@slack/bolt';
import type { Clock } from '../../shared/clock.ts';
import { HoldfastError } from '../../shared/errors.ts';
import { type RandomSource, randomFraction } from '../../shared/random.ts';
import { RateGate } from './rate-gate.ts';
import { failureOf, RATE_LIMITED, SlackHttpError, toHoldfastError } from './slack-failure.ts';

/** Within this time a server on the internet answers, or never. */
const TIMEOUT_MS = 10_000;
const ATTEMPTS = 8;
/** Nothing is tried for longer. */
const PATIENCE_MS = 180_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 20_000;

export type Answer = Readonly<Record<string, unknown>>;

export interface ApiOptions {
  token: string;
  apiUrl: string | undefined;
  clock: Clock;
  random: RandomSource;
  logger: Logger;
  /** Ends every wait. */
  signal: AbortSignal;
}

export interface CallOptions {
  attempts?: number;
  /** Looks whether an attempt whose answer was lost had succeeded after all, and gives the answer if so. */
  recover?: () => Promise<Answer | undefined>;
}

/**
 * Requests to Slack with the retries that the platform promises. The client library is told not to retry: on a rate limit it would hold back all other
 * requests too, and it waits by its own clock.
 */
export class SlackApi {
  readonly #client: webApi.WebClient;
  readonly #options: ApiOptions;
  readonly #gate: RateGate;

  constructor(options: ApiOptions) {
    this.#options = options;
    this.#client = new webApi.WebClient(options.token, webClientOptions(options));
    const isLimited = (error: unknown): { waitMs: number | undefined } | undefined => {
      const { reason, waitMs } = failureOf(error);
      return reason === RATE_LIMITED ? { waitMs } : undefined;
    };
    this.#gate = new RateGate({ clock: options.clock, signal: options.signal, isLimited });
  }

  /** @throws HoldfastError `not_found`, `permission`, `platform_unavailable`, `internal` */
  async call(method: string, args: Record<string, unknown>, options: CallOptions = {}): Promise<Answer> {
    // Messages are counted by channel, everything else by method.
    const kind = method === 'chat.postMessage' ? `${method} ${args.channel}` : method;
    const attempt = (): Promise<Answer> => this.#gate.run(kind, () => this.callOnce(method, args));
    return this.#retry(method, attempt, options);
  }

  /** Once, with the error as it came. */
  async callOnce(method: string, args: Record<string, unknown> = {}): Promise<Answer> {
    return { ...(await this.#client.apiCall(method, args)) };
  }

  /** Answers by a response URL. */
  async respond(url: string, body: Record<string, unknown>): Promise<void> {
    const request = { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    await this.#retry('response_url', () => this.#gate.run('response_url', () => send(url, request)), {});
  }

  async upload(url: string, data: Buffer): Promise<void> {
    const request = { body: new Uint8Array(data), headers: { 'content-type': 'application/octet-stream' } };
    await this.#retry('upload', () => send(url, request), {});
  }

  async #retry<T extends Answer>(what: string, attempt: () => Promise<T>, options: CallOptions): Promise<Answer> {
    const { clock, random, signal } = this.#options;
    const { attempts = ATTEMPTS, recover } = options;
    // Counted from the first failure: a request may have stood in line for long before.
    let endMs: number | undefined;
    let uncertain = false;
    for (let tried = 1; ; tried++) {
      try {
        const found = uncertain ? await recover?.() : undefined;
        return found ?? (await attempt());
      } catch (error) {
        const failure = failureOf(error);
        uncertain ||= failure.uncertain;
        endMs ??= clock.monotonic() + PATIENCE_MS;
        const waitMs = Math.min(FIRST_WAIT_MS * 2 ** (tried - 1), LONGEST_WAIT_MS) * (0.5 + randomFraction(random) / 2);
        const goOn = failure.passing && tried < attempts && clock.monotonic() + waitMs < endMs && !signal.aborted;
        if (!goOn) throw toHoldfastError(what, error);
        await clock.sleep(waitMs, signal).catch((cause) => {
          throw new HoldfastError('platform_unavailable', `${what}: Holdfast is stopping`, { cause, retryable: true });
        });
      }
    }
  }
}

export function webClientOptions({ apiUrl, logger }: Pick<ApiOptions, 'apiUrl' | 'logger'>): webApi.WebClientOptions {
  return {
    ...(apiUrl !== undefined && { slackApiUrl: apiUrl.endsWith('/') ? apiUrl : `${apiUrl}/` }),
    logger,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: TIMEOUT_MS,
    allowAbsoluteUrls: false,
  };
}

async function send(url: string, request: RequestInit): Promise<Answer> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(url, { method: 'POST', redirect: 'error', signal, ...request });
  const text = await response.text();
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
  const reason = errorWithin(text);
  if (response.ok && reason === undefined) return {};
  const retryAfterMs = Number.isFinite(retryAfter) ? retryAfter * 1000 : undefined;
  throw new SlackHttpError(response.ok ? 400 : response.status, reason ?? `http ${response.status}`, retryAfterMs);
}

/** A response URL answers `ok`, an upload `OK - 12`, and both JSON when something is wrong. */
function errorWithin(text: string): string | undefined {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer !== 'object' || answer === null || !('ok' in answer) || answer.ok !== false) return undefined;
    return 'error' in answer && typeof answer.error === 'string' ? answer.error : 'unknown';
  } catch {
    return undefined;
  }
}
