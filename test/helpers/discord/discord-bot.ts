import { loadChatCommands } from '../../../src/bot/chat/chat-commands.ts';
import { createDiscordPlatform } from '../../../src/bot/discord/discord-platform.ts';
import type {
  Audience,
  CommandEvent,
  CompletionEvent,
  Platform,
  PlatformEvents,
  PlatformState,
  PressEvent,
  Reply,
  Suggestion,
} from '../../../src/bot/platform.ts';
import type { DiscordOptions, LogLine } from '../../../src/bot/platform-options.ts';
import { SeededRandom } from '../seeded-random.ts';
import { DiscordClock } from './discord-clock.ts';
import { FakeDiscord } from './fake-discord.ts';

/** A bot whose answers a test decides, and what it was told. */
export class RecordedEvents implements PlatformEvents {
  readonly commands: { event: CommandEvent; reply: Reply }[] = [];
  readonly presses: { event: PressEvent; reply: Reply }[] = [];
  readonly completions: CompletionEvent[] = [];
  readonly states: { state: PlatformState; detail?: string }[] = [];
  /** Who sees answers. */
  seenBy: Audience = 'place';
  /** Whether whoever comes is an owner. */
  isOwner = true;
  command: (event: CommandEvent, reply: Reply) => Promise<unknown> = async () => {};
  press: (event: PressEvent, reply: Reply) => Promise<unknown> = async () => {};
  suggestions: (event: CompletionEvent) => Promise<readonly Suggestion[]> = async () => [];

  audience(): Audience {
    return this.seenBy;
  }

  knows(): boolean {
    return this.isOwner;
  }

  async onCommand(event: CommandEvent, reply: Reply): Promise<void> {
    this.commands.push({ event, reply });
    await this.command(event, reply);
  }

  async onPress(event: PressEvent, reply: Reply): Promise<void> {
    this.presses.push({ event, reply });
    await this.press(event, reply);
  }

  async onCompletion(event: CompletionEvent): Promise<readonly Suggestion[]> {
    this.completions.push(event);
    return this.suggestions(event);
  }

  onState(state: PlatformState, detail?: string): void {
    this.states.push({ state, ...(detail !== undefined && { detail }) });
  }

  onRejected(): void {}
}

export interface DiscordBot extends AsyncDisposable {
  discord: FakeDiscord;
  clock: DiscordClock;
  platform: Platform;
  events: RecordedEvents;
  log: LogLine[];
}

/** A bot that is not connected yet. `hurry`: its sleeps take that part of their time. */
export async function createBot(given: Partial<DiscordOptions> & { hurry?: number } = {}): Promise<DiscordBot> {
  const { hurry, ...options } = given;
  const clock = new DiscordClock(hurry);
  const discord = await FakeDiscord.start(clock);
  const log: LogLine[] = [];
  const platform = createDiscordPlatform({
    token: discord.token,
    apiUrl: discord.apiUrl,
    guild: discord.state.guild,
    commands: await loadChatCommands(),
    clock,
    random: new SeededRandom(7),
    log: (line) => log.push(line),
    version: '0.0.0',
    ...options,
  });
  const events = new RecordedEvents();
  const stop = async () => {
    await platform.stop();
    await discord.stop();
  };
  return { discord, clock, platform, events, log, [Symbol.asyncDispose]: stop };
}

/** A bot that is connected and whose commands are registered. */
export async function startBot(given: Partial<DiscordOptions> & { hurry?: number } = {}): Promise<DiscordBot> {
  const bot = await createBot(given);
  await bot.platform.start(bot.events);
  await bot.discord.until('commands', () => bot.discord.state.commands.size > 0);
  return bot;
}
