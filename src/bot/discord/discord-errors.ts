import { DiscordAPIError, HTTPError, RateLimitError } from 'discord.js';
import { type ErrorCode, HoldfastError, systemCode } from '../../shared/errors.ts';

interface Meaning {
  code: ErrorCode;
  message: string;
  advice: string;
}

const GONE: Meaning = {
  code: 'not_found',
  message: 'The Discord channel or message is gone',
  advice: 'Check the channel ID in the configuration, and that the bot is a member of the server.',
};
const NO_ACCESS: Meaning = {
  code: 'permission',
  message: 'Discord does not let the bot do this in the channel',
  advice: 'Give the bot View Channel, Send Messages, Embed Links and Attach Files there.',
};
const NO_DIRECT: Meaning = {
  code: 'permission',
  message: 'Discord does not let the bot send this person a direct message',
  advice: 'Allow direct messages from members of the server, or use the bot in a channel.',
};
const BAD_TOKEN: Meaning = {
  code: 'permission',
  message: "Discord refuses the bot's token",
  advice:
    'Reset the token on the Bot page of the Discord developer portal and put the new one where the configuration points.',
};

/** Discord's error codes that mean something to people (https://docs.discord.com/developers/topics/opcodes-and-status-codes). */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  10003: GONE,
  10004: GONE,
  10008: GONE,
  50001: NO_ACCESS,
  50013: NO_ACCESS,
  50007: NO_DIRECT,
  50278: NO_DIRECT,
};

/** Answers by which Discord says that an interaction's token no longer works. */
const TOKEN_GONE = new Set<unknown>([10015, 10062, 50027]);
const ACKNOWLEDGED_ALREADY = 40060;

export const isTokenGone = (error: unknown): boolean => TOKEN_GONE.has(apiCode(error));
export const isAcknowledgedAlready = (error: unknown): boolean => apiCode(error) === ACKNOWLEDGED_ALREADY;
export const isNotFound = (error: unknown): boolean => statusOf(error) === 404;
export const isBadToken = (error: unknown): boolean => statusOf(error) === 401;

function apiCode(error: unknown): unknown {
  return error instanceof DiscordAPIError ? error.code : undefined;
}

function statusOf(error: unknown): number | undefined {
  return error instanceof DiscordAPIError || error instanceof HTTPError ? error.status : undefined;
}

/** True for what Discord decided and will decide again: all but server errors, timeouts and lost connections. */
export function isFinal(error: unknown): boolean {
  const status = statusOf(error);
  return status !== undefined && status < 500 && status !== 408 && status !== 429;
}

/**
 * A failed request in the words of Holdfast. The original error is not kept: it holds the address of the request, of which an interaction's token is a
 * part.
 */
export function toHoldfastError(error: unknown): HoldfastError {
  if (error instanceof HoldfastError) return error;
  if (error instanceof RateLimitError) {
    return new HoldfastError('platform_unavailable', 'Discord asks to wait longer than makes sense', {
      retryable: true,
      details: { retryAfterMs: error.retryAfter },
    });
  }
  const status = statusOf(error);
  const meaning = MEANINGS[String(apiCode(error))] ?? byStatus(status);
  const details = {
    ...(status !== undefined && { status }),
    ...(error instanceof DiscordAPIError && { code: error.code }),
  };
  if (meaning !== undefined)
    return new HoldfastError(meaning.code, meaning.message, { advice: meaning.advice, details });
  if (isFinal(error)) {
    return new HoldfastError('internal', `Discord does not accept the request: ${explain(error)}`, { details });
  }
  return new HoldfastError('platform_unavailable', `Discord cannot be reached: ${explain(error)}`, {
    advice: 'Check the connection to the internet and https://discordstatus.com; it is tried again.',
    retryable: true,
    details,
  });
}

function byStatus(status: number | undefined): Meaning | undefined {
  if (status === 401) return BAD_TOKEN;
  if (status === 403) return NO_ACCESS;
  return status === 404 ? GONE : undefined;
}

/** What went wrong without addresses, in which tokens may stand. */
export function explain(error: unknown): string {
  const status = statusOf(error);
  if (error instanceof DiscordAPIError) return `${status} ${error.message.replaceAll('\n', ' ')}`;
  if (status !== undefined) return `HTTP status ${status}`;
  if (error instanceof Error && error.name === 'AbortError') return 'no answer in time';
  const code = systemCode(error) ?? systemCode((error as { cause?: unknown }).cause);
  return code ?? (error instanceof Error ? error.name : 'unknown error');
}
