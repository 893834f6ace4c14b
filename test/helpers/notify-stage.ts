import type { Route } from '../../src/config/config.ts';
import type { HappenedEvent } from '../../src/notify/event.ts';
import { Notifier } from '../../src/notify/notifier.ts';
import type { Chats } from '../../src/notify/postman.ts';
import type { OutboxButton, RunError } from '../../src/state/unattended-records.ts';
import type { Button } from '../../src/view/view.ts';
import { ManualClock } from './manual-clock.ts';
import { MemoryPlatform, wordsOf } from './memory-platform.ts';
import { MemoryState } from './memory-state.ts';
import { runRecord } from './run-record.ts';
import { SeededRandom } from './seeded-random.ts';
import { unattendedOf } from './unattended.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

export interface NotifyStageOptions {
  sources?: readonly string[];
  routes?: readonly Route[];
  seed?: number;
  /** More keys of the configuration, as YAML. */
  all?: string;
}

/** The notifier with a clock that a test moves and a chat in memory, over restarts. */
export class NotifyStage {
  readonly clock = new ManualClock(Date.UTC(2030, 0, 1, 0, 0, 30));
  readonly platform = new MemoryPlatform();
  readonly warnings: string[] = [];
  /** What the buttons of messages do, by ID. */
  readonly pressed = new Map<string, OutboxButton>();
  state = new MemoryState();
  isUp = true;
  notifier: Notifier;
  readonly #options: NotifyStageOptions;
  readonly #random: SeededRandom;
  #jobs = 0;

  constructor(options: NotifyStageOptions = {}) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed ?? 1);
    this.notifier = this.#open();
  }

  #open(): Notifier {
    const {
      sources = ['app', 'db'],
      routes = [{ platform: 'memory', channel: 'c1', from: 'info' }],
      all,
    } = this.#options;
    const chats: Chats = {
      has: () => this.isUp,
      post: (place, view, key) => this.platform.post(place.channel, view, { key }),
      edit: (message, view) => this.platform.edit(message, view),
      makeButtons: async (buttons) => buttons.map((button) => this.#button(button)),
    };
    const notifier = new Notifier({
      state: this.state,
      config: {
        sources: sources.map((name) => ({ name, paths: [`/srv/${name}`], exclude: [], protected: false })),
        routes,
        unattended: unattendedOf(Object.fromEntries(sources.map((name) => [name, ''])), all),
      },
      chats,
      clock: this.clock,
      random: this.#random,
      scrub: (text) => text.replaceAll('hunter2', '[secret]'),
      forecast: () => 12.5,
      onWarning: (message) => this.warnings.push(message),
    });
    notifier.start();
    return notifier;
  }

  #button(button: OutboxButton): Button {
    const id = `b${this.pressed.size}`;
    this.pressed.set(id, button);
    return { id, label: button.label };
  }

  /** The process dies at this moment, and another one takes over. */
  restart(): void {
    this.notifier.stop();
    this.state = this.state.reopened();
    this.notifier = this.#open();
    this.notifier.wake();
  }

  async happens(...events: HappenedEvent[]): Promise<void> {
    for (const event of events) this.notifier.happened(event);
    await this.pass(0);
  }

  fails(source: string, error: Partial<RunError> = {}): Promise<void> {
    return this.happens({ kind: 'run', run: this.#run(source, 'failed', error) });
  }

  succeeds(source: string): Promise<void> {
    return this.happens({ kind: 'run', run: this.#run(source, 'completed') });
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
    // What was decided at the last moment is delivered.
    for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** What is to be read in a channel, oldest first. */
  said(channel = 'c1'): string[] {
    return this.platform.messages.filter(({ ref }) => ref.channel === channel).map(({ view }) => wordsOf(view));
  }

  #run(source: string, status: 'failed' | 'completed', error: Partial<RunError> = {}) {
    const now = new Date(this.clock.now()).toISOString();
    const id = `job${++this.#jobs}`;
    const run = runRecord(this.clock.now() - 5000, {
      id,
      source,
      status,
      ended: now,
      error:
        status === 'failed'
          ? { code: 'store_failed', message: 'The disk is gone', advice: null, phase: 'storing', ...error }
          : null,
      snapshot: status === 'failed' ? null : `${id}00000000`,
    });
    this.state.document.unattended.runs.push(run);
    return run;
  }
}
