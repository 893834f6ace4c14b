import type { Clock } from '../shared/clock.ts';
import type { RandomSource } from '../shared/random.ts';
import type { Paint } from '../view/settle-view.ts';
import type { ChatCommands } from './chat/chat-commands.ts';

/** One line for whoever runs the process. Never holds secrets. */
export interface LogLine {
  level: 'info' | 'warning' | 'error';
  message: string;
  /** What it is about, where that is known. */
  job?: string | undefined;
  source?: string | undefined;
  platform?: string | undefined;
}

/** What every chat platform is made with. */
export interface PlatformOptions {
  commands: ChatCommands;
  clock: Clock;
  random: RandomSource;
  log: (line: LogLine) => void;
  /** Makes pictures of charts; without it there is text in their place. */
  paint?: Paint | undefined;
  /** The program's version, for a user agent. */
  version: string;
  /** Where the platform's API is, in place of its own address. */
  apiUrl?: string | undefined;
}

/** For `createDiscordPlatform(options: DiscordOptions): Platform` of `discord/discord-platform.ts`. */
export interface DiscordOptions extends PlatformOptions {
  token: string;
  /** Commands are registered for this guild alone, which takes effect at once; for all guilds where absent. */
  guild?: string | undefined;
}

/** For `createSlackPlatform(options: SlackOptions): Platform` of `slack/slack-platform.ts`. */
export type SlackOptions = PlatformOptions & {
  botToken: string;
} & (
    | { mode: 'socket'; appToken: string }
    /** Requests come over HTTP to `port`, signed with `signingSecret`. */
    | { mode: 'http'; signingSecret: string; port: number }
  );
