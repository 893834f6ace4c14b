import {
  Client,
  type CloseEvent,
  DiscordjsError,
  DiscordjsErrorCodes,
  Events,
  GatewayCloseCodes,
  GatewayIntentBits,
  type Interaction,
  Options,
  Partials,
} from 'discord.js';
import type { Clock } from '../../shared/clock.ts';
import { HoldfastError } from '../../shared/errors.ts';
import { type RandomSource, randomFraction } from '../../shared/random.ts';
import { explain, isBadToken } from './discord-errors.ts';

/** A client that is not connected for so long is replaced by a new one. */
const PATIENCE_MS = 60_000;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
/** How long the client waits for what Discord says of its servers before it is ready: nothing here needs that. */
const GUILDS_WITHIN_MS = 1000;
const CACHED = 100;

/** Closes after which trying again is pointless, in words. */
const REFUSALS: ReadonlyMap<number, { what: string; advice: string }> = new Map([
  [
    GatewayCloseCodes.AuthenticationFailed,
    {
      what: "refuses the bot's token",
      advice: 'Copy the token from the Bot page of the Discord developer portal to where the configuration points.',
    },
  ],
  [GatewayCloseCodes.InvalidShard, { what: 'refuses the connection as an invalid shard', advice: 'Update Holdfast.' }],
  [
    GatewayCloseCodes.ShardingRequired,
    { what: 'wants bots in so many servers to be sharded', advice: 'Use a bot of your own, in few servers.' },
  ],
  [
    GatewayCloseCodes.InvalidAPIVersion,
    { what: 'no longer knows this version of its interface', advice: 'Update Holdfast.' },
  ],
  [GatewayCloseCodes.InvalidIntents, { what: 'refuses what the bot wants to be told', advice: 'Update Holdfast.' }],
  [
    GatewayCloseCodes.DisallowedIntents,
    {
      what: 'does not allow what the bot wants to be told',
      advice: 'Update Holdfast: it needs no privileged intents.',
    },
  ],
]);

export interface ConnectionOptions {
  token: string;
  apiUrl: string;
  clock: Clock;
  random: RandomSource;
}

export interface ConnectionListener {
  onInteraction(interaction: Interaction): void;
  onConnected(applicationId: string): void;
  onDisconnected(detail: string): void;
  /** Discord refused for good, after it had let the bot in before. */
  onRefused(error: HoldfastError): void;
}

/** How the life of one client ended. */
type End = { kind: 'stopped' } | { kind: 'lost'; detail: string } | { kind: 'refused'; error: HoldfastError };

/** Keeps one client of the library connected; it reconnects and resumes by itself, and is replaced where it does not manage. */
export class DiscordConnection {
  private readonly options: ConnectionOptions;
  private readonly listener: ConnectionListener;
  private readonly stopping = new AbortController();
  private failures = 0;
  private life: Promise<void> = Promise.resolve();

  constructor(options: ConnectionOptions, listener: ConnectionListener) {
    this.options = options;
    this.listener = listener;
  }

  /**
   * Resolves when connected for the first time, or `stop` was called.
   *
   * @throws HoldfastError `usage` where Discord refuses the bot
   */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.life = this.live(resolve, reject).finally(resolve);
    });
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.life;
  }

  private async live(onFirst: () => void, onRefused: (error: HoldfastError) => void): Promise<void> {
    let wasConnected = false;
    for (;;) {
      const end = await this.runClient(() => {
        wasConnected = true;
        this.failures = 0;
        onFirst();
      });
      if (end.kind === 'stopped') return;
      if (end.kind === 'refused') {
        if (wasConnected) this.listener.onRefused(end.error);
        else onRefused(end.error);
        return;
      }
      this.listener.onDisconnected(end.detail);
      if (!(await this.pause())) return;
    }
  }

  /** False where there is nothing to go on for. */
  private async pause(): Promise<boolean> {
    const { clock, random } = this.options;
    const longest = Math.min(FIRST_PAUSE_MS * 2 ** this.failures++, LONGEST_PAUSE_MS);
    try {
      await clock.sleep(longest * (0.5 + randomFraction(random) / 2), this.stopping.signal);
      return true;
    } catch {
      return false;
    }
  }

  /** The life of one client, from login to its end. */
  private async runClient(onConnected: () => void): Promise<End> {
    const client = createClient(this.options);
    const { promise, resolve } = Promise.withResolvers<End>();
    const watch = new Watchdog(this.options.clock, () => resolve({ kind: 'lost', detail: 'Discord does not answer' }));
    const { signal } = this.stopping;
    const stop = () => resolve({ kind: 'stopped' });
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    const connected = () => {
      watch.calm();
      onConnected();
      this.listener.onConnected(client.application?.id ?? '');
    };
    const away = (detail: string) => {
      watch.alarm();
      if (!signal.aborted) this.listener.onDisconnected(detail);
    };
    client.once(Events.ClientReady, () => {
      connected();
      client.on(Events.ShardReady, connected);
    });
    client.on(Events.ShardResume, connected);
    client.on(Events.ShardReconnecting, () => away('The connection to Discord was lost'));
    client.on(Events.ShardDisconnect, ({ code }: CloseEvent) => resolve(endOfClose(code)));
    client.on(Events.InteractionCreate, (interaction) => this.listener.onInteraction(interaction));
    // Without listeners these would end the process; what follows from them is told by the events above.
    client.on(Events.Error, () => {});
    client.on(Events.ShardError, () => {});
    watch.alarm();
    client.login(this.options.token).catch((error) => resolve(endOfLogin(error)));
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', stop);
      watch.calm();
      await discard(client);
    }
  }
}

/** What is needed of the library's inside. */
interface Inside {
  ws: { _ws?: { strategy?: { shards?: ReadonlyMap<number, { connection?: GatewaySocket | null }> } } | null };
}

interface GatewaySocket {
  on(event: 'error', listener: () => void): unknown;
  terminate(): void;
}

/**
 * Destroys a client. The library leaves a socket that is still connecting to itself, without a listener for its errors, and the next one would end the
 * process: such a socket is closed here.
 */
async function discard(client: Client): Promise<void> {
  const shards = (client as unknown as Inside).ws._ws?.strategy?.shards?.values() ?? [];
  const sockets = [...shards].flatMap(({ connection }) => connection ?? []);
  for (const socket of sockets) socket.on('error', () => {});
  await client.destroy();
  for (const socket of sockets) socket.terminate();
}

/** Calls `bark` where nobody calms it in time. */
class Watchdog {
  private readonly clock: Clock;
  private readonly bark: () => void;
  private alarmed: AbortController | undefined;

  constructor(clock: Clock, bark: () => void) {
    this.clock = clock;
    this.bark = bark;
  }

  alarm(): void {
    if (this.alarmed !== undefined) return;
    this.alarmed = new AbortController();
    this.clock.sleep(PATIENCE_MS, this.alarmed.signal).then(this.bark, () => {});
  }

  calm(): void {
    this.alarmed?.abort();
    this.alarmed = undefined;
  }
}

function createClient({ apiUrl }: ConnectionOptions): Client {
  return new Client({
    intents: [GatewayIntentBits.Guilds],
    partials: [Partials.Channel],
    allowedMentions: { parse: [] },
    waitGuildTimeout: GUILDS_WITHIN_MS,
    rest: { api: apiUrl, timeout: 15_000, retries: 1 },
    // Whoever speaks to the bot is remembered by the library: without a limit, strangers could fill the memory.
    makeCache: Options.cacheWithLimits({
      ...Options.DefaultMakeCacheSettings,
      MessageManager: 0,
      GuildMemberManager: { maxSize: CACHED, keepOverLimit: ({ id, client }) => id === client.user.id },
      UserManager: { maxSize: CACHED, keepOverLimit: ({ id, client }) => id === client.user.id },
    }),
  });
}

function endOfClose(code: number): End {
  const refusal = REFUSALS.get(code);
  if (refusal === undefined) return { kind: 'lost', detail: `Discord closed the connection (${code})` };
  return { kind: 'refused', error: new HoldfastError('usage', `Discord ${refusal.what}`, { advice: refusal.advice }) };
}

function endOfLogin(error: unknown): End {
  const isTokenInvalid = error instanceof DiscordjsError && error.code === DiscordjsErrorCodes.TokenInvalid;
  if (isTokenInvalid || isBadToken(error)) return endOfClose(GatewayCloseCodes.AuthenticationFailed);
  return { kind: 'lost', detail: `Discord cannot be reached: ${explain(error)}` };
}
