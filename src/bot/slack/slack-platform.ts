import { App, type Logger } from '@slack/bolt';
import type { View } from '../../view/view.ts';
import type { MessageRef, Platform, PlatformEvents, PostOptions } from '../platform.ts';
import type { SlackOptions } from '../platform-options.ts';
import { SAID_GRAMMAR } from '../said-words.ts';
import { boltLogger } from './bolt-logger.ts';
import { type Acknowledge, EventRouter } from './event-router.ts';
import { HttpDoor } from './http-door.ts';
import { PLATFORM } from './identify.ts';
import { Messenger } from './messenger.ts';
import { type Answer, SlackApi, webClientOptions } from './slack-api.ts';
import { failureOf, isBadToken } from './slack-failure.ts';
import { badToken, SocketLink } from './socket-link.ts';

/** An edit a second is what Slack allows; this leaves room for other messages. */
const PACE = { editEveryMs: 3000, renewAfterMs: 60 * 60_000 } as const;
/** What is under way when the platform stops may take so long. */
const FINISH_WITHIN_MS = 3000;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;

/** Why there is no connection, and what to do about it. */
const disconnectedWords = (why: string): string =>
  why === 'link_disabled'
    ? 'Socket Mode is switched off for the app: switch it on on its page Socket Mode; trying again'
    : `Slack cannot be reached (${why}); trying again`;

export function createSlackPlatform(options: SlackOptions): Platform {
  return new SlackPlatform(options);
}

class SlackPlatform implements Platform {
  readonly name = PLATFORM;
  readonly pace = PACE;
  readonly help = [SAID_GRAMMAR];
  readonly #options: SlackOptions;
  readonly #logger: Logger;
  readonly #api: SlackApi;
  readonly #messenger: Messenger;
  /** Ends the connection. */
  readonly #stopping = new AbortController();
  /** Ends every wait of what is still under way. */
  readonly #stopped = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  #close: () => Promise<void> = async () => {};
  #state: PlatformEvents['onState'] = () => {};

  constructor(options: SlackOptions) {
    const { botToken, apiUrl, clock, random, log } = options;
    const secret = options.mode === 'socket' ? options.appToken : options.signingSecret;
    this.#options = options;
    this.#logger = boltLogger(log, [botToken, secret]);
    const signal = this.#stopped.signal;
    this.#api = new SlackApi({ token: botToken, apiUrl, clock, random, logger: this.#logger, signal });
    this.#messenger = new Messenger({ api: this.#api, clock, random, paint: options.paint });
  }

  async start(events: PlatformEvents): Promise<void> {
    this.#state = events.onState.bind(events);
    this.#state('starting');
    const bot = await this.#introduce();
    if (bot === undefined) return;
    await (this.#options.mode === 'http' ? this.#openDoor(events, bot) : this.#openLink(events, bot));
  }

  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    await this.#close();
    const late = this.#options.clock.sleep(FINISH_WITHIN_MS, undefined, { background: true });
    await Promise.race([Promise.allSettled(this.#underWay), late]);
    this.#stopped.abort();
    this.#state('stopped');
  }

  post(channel: string, view: View, { key }: PostOptions = {}): Promise<MessageRef> {
    return this.#messenger.postOnce(channel, view, key);
  }

  edit(message: MessageRef, view: View): Promise<void> {
    return this.#messenger.edit(message, view);
  }

  /** Who the token belongs to; undefined where the platform was stopped before Slack could be reached. */
  async #introduce(): Promise<Answer | undefined> {
    const { clock } = this.#options;
    for (let failures = 0; !this.#stopping.signal.aborted; failures++) {
      try {
        return await this.#api.callOnce('auth.test');
      } catch (error) {
        const failure = failureOf(error);
        if (isBadToken(failure)) throw badToken(failure.reason, error);
        this.#state('disconnected', `Slack cannot be reached (${failure.reason}); trying again`);
        const waitMs = failure.waitMs ?? Math.min(FIRST_WAIT_MS * 2 ** failures, LONGEST_WAIT_MS);
        await clock.sleep(waitMs, this.#stopping.signal).catch(() => {});
      }
    }
    return undefined;
  }

  async #openDoor(events: PlatformEvents, bot: Answer): Promise<void> {
    if (this.#options.mode !== 'http') return;
    const { signingSecret, port, clock } = this.#options;
    const onRejected = events.onRejected.bind(events);
    const door = new HttpDoor({ signingSecret, port, logger: this.#logger, now: clock.now, onRejected });
    this.#buildApp(door.receiver, events, bot);
    const listening = await door.open();
    this.#close = () => door.close();
    this.#state('connected', `listening on port ${listening}`);
  }

  /** Resolves with the first connection; the link is kept from then on. */
  async #openLink(events: PlatformEvents, bot: Answer): Promise<void> {
    if (this.#options.mode !== 'socket') return;
    const { appToken, apiUrl, clock, random } = this.#options;
    await new Promise<void>((resolve, reject) => {
      const link = new SocketLink({
        appToken,
        apiUrl,
        logger: this.#logger,
        clock,
        random,
        onConnected: () => {
          this.#state('connected');
          resolve();
        },
        onDisconnected: (why) => this.#state('disconnected', why && disconnectedWords(why)),
      });
      this.#buildApp(link.receiver, events, bot);
      this.#close = () => link.stop();
      link.keep(this.#stopping.signal).then(resolve, reject);
    });
  }

  #buildApp(receiver: SocketLink['receiver'] | HttpDoor['receiver'], events: PlatformEvents, bot: Answer): void {
    const { commands, clock, log, botToken } = this.#options;
    const router = new EventRouter({ commands, events, api: this.#api, messenger: this.#messenger, clock, log });
    const authorization = { botToken, botId: String(bot.bot_id), botUserId: String(bot.user_id) };
    const app = new App({
      receiver,
      authorize: async () => authorization,
      logger: this.#logger,
      clientOptions: webClientOptions({ apiUrl: this.#options.apiUrl, logger: this.#logger }),
      convoStore: false,
      ignoreSelf: false,
    });
    app.use(async (given) => {
      const { body, ack } = given as unknown as { body: unknown; ack?: Acknowledge };
      const handled = router.handle(body, ack);
      this.#underWay.add(handled);
      await handled;
      this.#underWay.delete(handled);
    });
  }
}
