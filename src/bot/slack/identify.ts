import { createHash } from 'node:crypto';
import type { Person, Place } from '../platform.ts';

export const PLATFORM = 'slack';

interface SlackUser {
  id: string;
  name?: string | undefined;
  username?: string | undefined;
  team_id?: string | undefined;
}

/** Where a request came from. */
interface Requested {
  team?: { id: string } | null | undefined;
  enterprise?: { id: string } | null | undefined;
}

/**
 * Who did it: team and user together, since user IDs of different teams may be equal. A person's own team counts, not the one that a shared channel
 * belongs to; only where an organisation stands in its place (an ID that begins with E) does the team of the request, and where there is none the organisation.
 */
export function personOf(user: SlackUser, { team: of, enterprise }: Requested): Person {
  const own = user.team_id?.startsWith('T') ? user.team_id : undefined;
  const team = own ?? of?.id ?? user.team_id ?? enterprise?.id ?? '';
  return { platform: PLATFORM, id: `${team}/${user.id}`, name: user.name ?? user.username ?? user.id };
}

/** IDs of direct conversations begin with D. */
export function placeOf(channel: string): Place {
  return { platform: PLATFORM, channel, direct: channel.startsWith('D') };
}

/** An event's ID from those parts of it that stay the same when it is delivered again. */
export function eventIdOf(...parts: readonly (string | undefined)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
