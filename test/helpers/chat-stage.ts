import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadChatCommands } from '../../src/bot/chat/chat-commands.ts';
import type { OpenServices } from '../../src/bot/chat/requests.ts';
import type { Person, Place } from '../../src/bot/platform.ts';
import type { Owner } from '../../src/config/config.ts';
import { type Bot, openBot } from '../../src/serve/bot.ts';
import { type Clock, systemClock } from '../../src/shared/clock.ts';
import { readProcessIdentity } from '../../src/shared/process-identity.ts';
import { systemRandom } from '../../src/shared/random.ts';
import type { AuditEntry } from '../../src/state/audit-entry.ts';
import { type FakeBehaviour, fakeRepository, summary } from './fake-engine.ts';
import { buttonOf, MemoryPlatform, type ShownMessage, wordsOf } from './memory-platform.ts';
import { NO_HOOKS, unattendedOf } from './unattended.ts';

export const ANN: Person = { platform: 'memory', id: '1', name: 'Ann' };
export const BEN: Person = { platform: 'memory', id: '2', name: 'Ben' };
export const EVE: Person = { platform: 'memory', id: '3', name: 'Eve' };
export const HERE: Place = { platform: 'memory', channel: 'c1', direct: false };
export const ELSEWHERE: Place = { platform: 'memory', channel: 'c2', direct: false };

export interface StageOptions {
  behaviour?: FakeBehaviour;
  owners?: Owner[];
  isProtected?: boolean;
  restoreRoots?: string[];
}

/** The bot on a fake repository and a chat in memory: what it is asked, what is seen, and time to move on. */
export class ChatStage {
  readonly platform = new MemoryPlatform();
  readonly behaviour: FakeBehaviour;
  readonly repository;
  readonly logged: string[] = [];
  readonly folder = mkdtempSync(join(tmpdir(), 'holdfast-chat-'));
  /** Set it before a start to have the state elsewhere. */
  stateFolder = join(this.folder, 'state');
  owners: Owner[];
  aheadMs = 0;
  bot!: Bot;
  readonly #options: StageOptions;

  static async open(options: StageOptions = {}): Promise<ChatStage> {
    const stage = new ChatStage(options);
    stage.repository.snapshots.push(summary(1, { source: 'app' }));
    await stage.start();
    return stage;
  }

  private constructor(options: StageOptions) {
    this.#options = options;
    this.behaviour = options.behaviour ?? {};
    this.repository = fakeRepository(this.behaviour);
    this.owners = options.owners ?? [ANN, BEN];
  }

  async start(): Promise<void> {
    const clock: Clock = { ...systemClock, now: () => systemClock.now() + this.aheadMs };
    const { isProtected = false, restoreRoots = [] } = this.#options;
    this.bot = await openBot({
      version: '0.0.0',
      config: {
        repository: { location: '/repository', passphrase: { env: 'PASSPHRASE' } },
        file: join(this.folder, 'holdfast.yaml'),
        sources: [{ name: 'app', paths: ['/srv/app'], exclude: ['*.tmp'], protected: isProtected }],
        owners: this.owners,
        notify: { memory: 'c9' },
        routes: [],
        restoreRoots,
        state: this.stateFolder,
        unattended: unattendedOf({ app: '' }),
      },
      commands: await loadChatCommands(),
      local: [],
      services: await this.#services(clock),
      openJobServices: () => this.#services(clock),
      clock,
      random: systemRandom,
      identity: readProcessIdentity(),
      hooks: NO_HOOKS,
      diskSpace: async () => undefined,
      scrub: (text) => text,
      log: ({ level, message }) => this.logged.push(`${level}: ${message}`),
    });
    await this.bot.start(this.platform);
  }

  stop(): Promise<void> {
    return this.bot.stop([this.platform]);
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** What is seen after a command. */
  async say(person: Person, command: string, raw = {}, place = HERE): Promise<ShownMessage> {
    const from = this.platform.messages.length;
    await this.platform.command(person, place, command, raw);
    return this.platform.messages.slice(from).at(-1) as ShownMessage;
  }

  /** What is said after a press, wherever it is said. */
  async press(person: Person, message: ShownMessage, label: string, place = HERE): Promise<string> {
    return this.pressId(person, buttonOf(message.view, label) ?? `no ${label}`, message, place);
  }

  async pressId(person: Person, id: string, message: ShownMessage, place = HERE): Promise<string> {
    const from = this.platform.messages.length;
    await this.platform.press(person, place, id, message.ref);
    const said = this.platform.messages[from];
    return wordsOf((said ?? message).view);
  }

  /** Which operations the repository was asked for. */
  count(call: string): number {
    return this.repository.calls.filter((name) => name === call).length;
  }

  /** Stops the bot; what it noted. */
  async audited(): Promise<AuditEntry[]> {
    await this.stop();
    const lines = readFileSync(join(this.stateFolder, 'audit.jsonl'), 'utf8').trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line));
  }

  async #services(clock: Clock): Promise<OpenServices> {
    const engine = await this.repository.open({ location: '/repo', passphrase: () => 'secret' });
    const unavailable = (): never => {
      throw new Error('not in a chat');
    };
    return {
      now: clock.now,
      repository: async () => engine,
      create: unavailable,
      otherRepository: unavailable,
      newPassphrase: unavailable,
      standardInput: unavailable,
      standardOutput: unavailable,
      close: () => engine.close(),
    };
  }
}
