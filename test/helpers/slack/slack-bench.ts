import { setTimeout as delay } from 'node:timers/promises';
import type { ChatCommands } from '../../../src/bot/chat/chat-commands.ts';
import type {
  Audience,
  CommandEvent,
  CompletionEvent,
  Person,
  Platform,
  PlatformEvents,
  PlatformState,
  PressEvent,
  Reply,
  Suggestion,
} from '../../../src/bot/platform.ts';
import type { LogLine } from '../../../src/bot/platform-options.ts';
import { createSlackPlatform } from '../../../src/bot/slack/slack-platform.ts';
import { type AnyCommand, defineCommand } from '../../../src/commands/command.ts';
import { choice, deniableFlag, duration, list, required, text } from '../../../src/commands/field.ts';
import type { Clock } from '../../../src/shared/clock.ts';
import { good } from '../../../src/view/view.ts';
import { SeededRandom } from '../seeded-random.ts';
import { APP_TOKEN, BOT_TOKEN, type FakeSlack, SIGNING_SECRET, TEAM } from './fake-slack.ts';

/** The time of the fake, with every wait a hundred times as short. */
function hastyClock(slack: FakeSlack): Clock {
  return {
    now: () => slack.nowMs(),
    monotonic: () => performance.now() * 100,
    sleep: async (ms, signal) => {
      await delay(ms / 100, undefined, { signal, ref: false }).catch(() => signal?.throwIfAborted());
    },
  };
}

const shared = {
  access: 'owner',
  destructive: false,
  json: {},
  present: () => good('ran'),
} as const;

/** Commands with fields of every kind that a form can ask for. */
const COMMANDS: readonly AnyCommand[] = [
  defineCommand({
    ...shared,
    name: 'backup',
    summary: 'Back up',
    input: { source: text('What', { completes: 'source' }) },
    run: async () => ({}),
  }),
  defineCommand({ ...shared, name: 'status', summary: 'How things are', input: {}, run: async () => ({}) }),
  defineCommand({
    ...shared,
    name: 'help',
    summary: 'Help',
    input: { command: text('Which', { position: 'COMMAND' }) },
    run: async () => ({}),
  }),
  defineCommand({
    ...shared,
    name: 'pin',
    summary: 'Keep a snapshot',
    input: {
      backup: required(text('Which', { position: 'ID', completes: 'snapshot' })),
      tag: list('Tags', { completes: 'tag' }),
      note: list('Notes'),
      depth: choice('How deep', ['quick', 'deep']),
      verified: deniableFlag('Verified'),
      keepFor: duration('How long'),
    },
    run: async () => ({}),
  }),
];

function chatCommands(all: readonly AnyCommand[]): ChatCommands {
  return {
    all,
    form: 'chat',
    sections: [],
    names: () => all.map(({ name }) => name),
    load: async (name) => all.find((one) => one.name === name),
  };
}

export interface Seen<E> {
  event: E;
  reply: Reply;
}

/** A Slack platform on a fake Slack, with everything that it hands on. */
export class SlackBench implements PlatformEvents {
  readonly slack: FakeSlack;
  readonly platform: Platform;
  readonly commands: Seen<CommandEvent>[] = [];
  readonly presses: Seen<PressEvent>[] = [];
  readonly completions: CompletionEvent[] = [];
  readonly states: PlatformState[] = [];
  /** What was said of the states. */
  readonly said: string[] = [];
  readonly rejected: string[] = [];
  readonly lines: LogLine[] = [];
  owners = new Set([`${TEAM}/U0001`]);
  whom: Audience = 'place';
  suggestions: readonly Suggestion[] = [];

  constructor(slack: FakeSlack, how: { mode?: 'socket' | 'http'; botToken?: string; appToken?: string } = {}) {
    this.slack = slack;
    const { mode = 'socket', botToken = BOT_TOKEN, appToken = APP_TOKEN } = how;
    this.platform = createSlackPlatform({
      ...(mode === 'socket' ? { mode, appToken } : { mode, signingSecret: SIGNING_SECRET, port: 0 }),
      botToken,
      apiUrl: slack.apiUrl,
      commands: chatCommands(COMMANDS),
      clock: hastyClock(slack),
      random: new SeededRandom(1),
      log: (line) => this.lines.push(line),
      version: '0.0.0',
    });
  }

  async start(): Promise<this> {
    await this.platform.start(this);
    return this;
  }

  audience(event: CommandEvent | PressEvent): Audience {
    return this.knows(event.person) ? this.whom : 'person';
  }

  knows({ id }: Person): boolean {
    return this.owners.has(id);
  }

  async onCommand(event: CommandEvent, reply: Reply): Promise<void> {
    this.commands.push({ event, reply });
    this.slack.stir();
  }

  async onPress(event: PressEvent, reply: Reply): Promise<void> {
    this.presses.push({ event, reply });
    this.slack.stir();
  }

  async onCompletion(event: CompletionEvent): Promise<readonly Suggestion[]> {
    this.completions.push(event);
    return this.knows(event.person) ? this.suggestions : [];
  }

  onState(state: PlatformState, detail?: string): void {
    this.states.push(state);
    if (detail !== undefined) this.said.push(detail);
    const port = /port (\d+)/.exec(detail ?? '')?.[1];
    if (port !== undefined) this.slack.requestUrl = `http://127.0.0.1:${port}/slack/events`;
    this.slack.stir();
  }

  onRejected({ reason }: { reason: string }): void {
    this.rejected.push(reason);
    this.slack.stir();
  }

  nextCommand(n = 1): Promise<Seen<CommandEvent>> {
    return this.slack.until(() => this.commands[n - 1], `command ${n}`);
  }

  nextPress(n = 1): Promise<Seen<PressEvent>> {
    return this.slack.until(() => this.presses[n - 1], `press ${n}`);
  }

  async stop(): Promise<void> {
    await this.platform.stop();
    await this.slack.goDown();
  }
}
