import { webApi } from '@slack/bolt';
import { HoldfastError } from '../../shared/errors.ts';

/** What went wrong with a request to Slack, as far as it matters for what to do next. */
export interface SlackFailure {
  /** Slack's own word, such as `channel_not_found`, or a status such as `http 503`. */
  reason: string;
  /** Whether the same request may succeed later. */
  passing: boolean;
  /** How long Slack wants to be left alone. */
  waitMs: number | undefined;
  /** Whether Slack may have done what was asked although the answer is missing. */
  uncertain: boolean;
}

/** Answers that say that Slack itself is in trouble. */
const SLACKS_TROUBLE: ReadonlySet<string> = new Set([
  ...['internal_error', 'fatal_error', 'service_unavailable', 'request_timeout', 'team_added_to_org'],
]);
/** Errors before anything was sent. */
const NEVER_SENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** A request that got no proper answer, or a bad one, outside the client library. */
export class SlackHttpError extends Error {
  override readonly name = 'SlackHttpError';
  readonly status: number;
  readonly reason: string;
  readonly retryAfterMs: number | undefined;

  constructor(status: number, reason: string, retryAfterMs: number | undefined) {
    super(`Slack answered ${status} ${reason}`);
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

export function failureOf(error: unknown): SlackFailure {
  const { WebAPIRateLimitedError, WebAPIPlatformError, WebAPIHTTPError, WebAPIRequestError } = webApi;
  if (error instanceof WebAPIRateLimitedError) return limited(error.retryAfter * 1000);
  if (error instanceof WebAPIPlatformError) return ofAnswer(String(error.data.error), error.data);
  if (error instanceof WebAPIHTTPError) return ofStatus(error.statusCode, `http ${error.statusCode}`);
  if (error instanceof SlackHttpError) {
    return error.status === 429 ? limited(error.retryAfterMs) : ofStatus(error.status, error.reason);
  }
  const cause = error instanceof WebAPIRequestError ? error.original : error;
  const code = systemCodeWithin(cause);
  return {
    reason: code ?? (cause instanceof Error ? cause.message : String(cause)),
    passing: true,
    waitMs: undefined,
    uncertain: code === undefined || !NEVER_SENT.has(code),
  };
}

/** The reason of every answer that says that there were too many requests. */
export const RATE_LIMITED = 'ratelimited';

const limited = (waitMs: number | undefined): SlackFailure => ({
  reason: RATE_LIMITED,
  passing: true,
  waitMs,
  uncertain: false,
});

function ofStatus(status: number, reason: string): SlackFailure {
  return { reason, passing: status >= 500 || status === 408, waitMs: undefined, uncertain: status >= 500 };
}

function ofAnswer(reason: string, data: { response_metadata?: { retryAfter?: number } }): SlackFailure {
  if (reason === 'ratelimited' || reason === 'rate_limited') {
    const seconds = data.response_metadata?.retryAfter;
    return limited(seconds === undefined ? undefined : seconds * 1000);
  }
  const passing = SLACKS_TROUBLE.has(reason);
  return { reason, passing, waitMs: undefined, uncertain: passing };
}

/** `fetch` hides the system's error in its causes. */
function systemCodeWithin(error: unknown): string | undefined {
  for (let one = error; one instanceof Error; one = one.cause) {
    const code = (one as { code?: unknown }).code;
    if (typeof code === 'string') return code;
  }
  return undefined;
}

/** Slack's words for a token that will never do. */
const BAD_TOKEN: ReadonlySet<string> = new Set([
  ...['invalid_auth', 'not_authed', 'account_inactive', 'token_revoked', 'token_expired', 'no_permission'],
  ...['not_allowed_token_type', 'user_removed_from_team', 'team_access_not_granted', 'missing_scope', 'forbidden_team'],
]);

export const isBadToken = ({ reason }: SlackFailure): boolean => BAD_TOKEN.has(reason);

const GONE: ReadonlySet<string> = new Set([
  ...['channel_not_found', 'message_not_found', 'thread_not_found', 'user_not_found', 'users_not_found', 'expired_url'],
  ...['used_url', 'invalid_channel', 'is_archived'],
]);
/** What only a mistake of the program can cause. */
const MISTAKE =
  /^(?:invalid_(?:blocks|arguments|arg_name|attachments|metadata|form_data|json|array_arg)|msg_(?:blocks_)?too_long|no_text|unknown_method|.*_too_large)/;

const ADVICE: Readonly<Record<string, string>> = {
  channel_not_found: 'Check the channel ID, and invite the app into the channel: /invite @Holdfast.',
  not_in_channel: 'Invite the app into the channel: /invite @Holdfast.',
  is_archived: 'Unarchive the channel or choose another.',
  missing_scope: 'Give the app the scopes of the manifest (holdfast slack-manifest) and install it again.',
};

/** As everything above the platform sees it. `what` names what was being done. */
export function toHoldfastError(what: string, error: unknown): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const { reason, passing } = failureOf(error);
  const advice = ADVICE[reason];
  const options = { cause: error, ...(advice && { advice }) };
  const message = `${what}: Slack said ${reason}`;
  if (passing)
    return new HoldfastError('platform_unavailable', `${what}: Slack cannot be reached (${reason})`, {
      ...options,
      retryable: true,
    });
  if (GONE.has(reason)) return new HoldfastError('not_found', message, options);
  return new HoldfastError(MISTAKE.test(reason) ? 'internal' : 'permission', message, options);
}
