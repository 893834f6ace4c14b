import { join } from 'node:path';
import { loadChatCommands } from '../../../src/bot/chat/chat-commands.ts';
import type { Platform, PlatformEvents } from '../../../src/bot/platform.ts';
import type { LogLine } from '../../../src/bot/platform-options.ts';
import { startEngineProcess } from '../../../src/jobs/engine-process/start-engine-process.ts';
import { type Bot, openBot } from '../../../src/serve/bot.ts';
import { jobServices, sharedServices } from '../../../src/serve/engine-services.ts';
import { type Clock, systemClock } from '../../../src/shared/clock.ts';
import { readProcessIdentity } from '../../../src/shared/process-identity.ts';
import { systemRandom } from '../../../src/shared/random.ts';
import { NO_HOOKS, unattendedOf } from '../unattended.ts';
import type { Stage } from './chat-driver.ts';

/** Tells when an event that a test has sent is over. Events are numbered as they arrive: an earlier one may end after a later one. */
export class EventWatch {
  readonly #onOver: () => void;
  readonly #over = new Set<number>();
  /** What the next event will be called. */
  next = 0;

  constructor(onOver: () => void = () => {}) {
    this.#onOver = onOver;
  }

  isOver(number: number): boolean {
    return this.#over.has(number);
  }

  watch(platform: Platform): Platform {
    return {
      name: platform.name,
      pace: platform.pace,
      ...(platform.help !== undefined && { help: platform.help }),
      start: (events) => platform.start(this.#counting(events)),
      stop: () => platform.stop(),
      post: (channel, view, options) => platform.post(channel, view, options),
      edit: (message, view) => platform.edit(message, view),
    };
  }

  #counting(events: PlatformEvents): PlatformEvents {
    const counted = (work: Promise<void>): Promise<void> => {
      const number = this.next++;
      return work.finally(() => {
        this.#over.add(number);
        this.#onOver();
      });
    };
    return {
      ...events,
      onCommand: (event, reply) => counted(events.onCommand(event, reply)),
      onPress: (event, reply) => counted(events.onPress(event, reply)),
    };
  }
}

export function logErrors({ level, message }: LogLine): void {
  if (level === 'error') console.error(message);
}

export interface StageBotOptions {
  clock?: Clock;
  /** Where what happens by itself is told; nowhere unless given. */
  channel?: string;
}

/** The bot of a conversation on one platform, with real engine processes. `owners` are the platform's IDs. */
export async function openStageBot(
  stage: Stage,
  platform: Platform,
  owners: readonly string[],
  { clock = systemClock, channel }: StageBotOptions = {},
): Promise<Bot> {
  const commands = await loadChatCommands();
  const engine = {
    start: () =>
      startEngineProcess({ PATH: process.env.PATH ?? '', HOLDFAST_STATE_DIR: join(stage.folder, platform.name) }),
    location: stage.repository,
    passphrase: stage.passphrase,
    now: clock.now,
  };
  const bot = await openBot({
    version: '0.0.0',
    commands,
    clock,
    random: systemRandom,
    log: logErrors,
    config: {
      repository: { location: stage.repository, passphrase: { env: 'PASSPHRASE' } },
      file: join(stage.folder, 'holdfast.yaml'),
      sources: [{ name: 'app', paths: [stage.data], exclude: [], protected: false }],
      owners: owners.map((id) => ({ platform: platform.name, id })),
      notify: {},
      routes: channel === undefined ? [] : [{ platform: platform.name, channel, from: 'info' }],
      restoreRoots: [stage.restoreRoot],
      state: join(stage.folder, 'state'),
      unattended: unattendedOf({ app: '' }),
    },
    local: [],
    services: sharedServices(engine),
    openJobServices: () => jobServices(engine),
    identity: readProcessIdentity(),
    hooks: NO_HOOKS,
    diskSpace: async () => undefined,
    scrub: (text) => text,
  });
  await bot.start(platform);
  return bot;
}
