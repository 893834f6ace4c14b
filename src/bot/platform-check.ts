import type { Clock } from '../shared/clock.ts';
import type { RandomSource } from '../shared/random.ts';

/** One thing that was found about a platform's settings. `fix` says what to do about it. */
export interface PlatformFinding {
  status: 'ok' | 'warning' | 'problem';
  found: string;
  fix?: string | undefined;
}

/** What a platform's settings are tried with. Nothing is posted. */
export interface PlatformCheck {
  apiUrl?: string | undefined;
  /** The channels where the bot is to post. */
  channels: readonly string[];
  clock: Clock;
  random: RandomSource;
  version: string;
}
