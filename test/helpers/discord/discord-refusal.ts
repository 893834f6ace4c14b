import { type Complaint, type Json, nestComplaints } from './judge-body.ts';

/** An error answer of Discord's API. */
export class DiscordRefusal extends Error {
  readonly status: number;
  readonly body: Json;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: number, message: string, extra: Json = {}, headers: Record<string, string> = {}) {
    super(`${status} ${code} ${message}`);
    this.status = status;
    this.body = { message, code, ...extra };
    this.headers = headers;
  }
}

export const malformed = (complaints: readonly Complaint[]): DiscordRefusal =>
  new DiscordRefusal(400, 50035, 'Invalid Form Body', { errors: nestComplaints(complaints) });

/** Refusals by what they are about; numbers and texts as Discord documents them. */
export const REFUSALS = {
  unauthorized: () => new DiscordRefusal(401, 0, '401: Unauthorized'),
  unknownRoute: () => new DiscordRefusal(404, 0, '404: Not Found'),
  unknownChannel: () => new DiscordRefusal(404, 10003, 'Unknown Channel'),
  unknownMessage: () => new DiscordRefusal(404, 10008, 'Unknown Message'),
  unknownWebhook: () => new DiscordRefusal(404, 10015, 'Unknown Webhook'),
  unknownInteraction: () => new DiscordRefusal(404, 10062, 'Unknown interaction'),
  acknowledgedTwice: () => new DiscordRefusal(400, 40060, 'Interaction has already been acknowledged.'),
  tooLarge: () => new DiscordRefusal(413, 40005, 'Request entity too large'),
  missingAccess: () => new DiscordRefusal(403, 50001, 'Missing Access'),
  notTheAuthor: () => new DiscordRefusal(403, 50005, 'Cannot edit a message authored by another user'),
  empty: () => new DiscordRefusal(400, 50006, 'Cannot send an empty message'),
  refusesDirect: () => new DiscordRefusal(403, 50007, 'Cannot send messages to this user'),
  missingPermissions: () => new DiscordRefusal(403, 50013, 'Missing Permissions'),
  expiredToken: () => new DiscordRefusal(401, 50027, 'Invalid Webhook Token'),
  noMutualServer: () =>
    new DiscordRefusal(400, 50278, 'Cannot send messages to this user due to having no mutual guilds'),
} as const;

/** Told to slow down. `code` is that of the limit on edits of old messages. */
export function slowDown(retryAfterS: number, isGlobal = false, code?: number): DiscordRefusal {
  return new DiscordRefusal(
    429,
    code ?? 0,
    'You are being rate limited.',
    { retry_after: retryAfterS, global: isGlobal },
    {
      'retry-after': String(retryAfterS),
      ...(isGlobal && { 'x-ratelimit-global': 'true' }),
      'x-ratelimit-scope': isGlobal ? 'global' : 'user',
    },
  );
}
