import type { Clock } from '../shared/clock.ts';
import type { RandomSource } from '../shared/random.ts';

/** One thing that was found about a platform's settings. `fix` says what to do about it. */
export interface PlatformFinding {
  status: 'ok' | 'warning' | 'problem';
  found: string;
  fix?: string | undefined;
}

/** What is posted where posting is tried, for as long as that takes. */
export const TEST_MESSAGE = 'Holdfast tries whether it can post here. This message is deleted again at once.';

/** What a platform's settings are tried with. */
export interface PlatformCheck {
  apiUrl?: string | undefined;
  /** The channels where the bot is to post. */
  channels: readonly string[];
  /** A message is posted to each of them, and deleted again; else nothing is posted. */
  post: boolean;
  clock: Clock;
  random: RandomSource;
  version: string;
}
