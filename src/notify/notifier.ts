import type { Clock } from '../shared/clock.ts';
import type { RandomSource } from '../shared/random.ts';
import { scrubValue } from '../shared/scrub.ts';
import type { State } from '../state/state.ts';
import type { Incident, RunRecord, UnattendedState } from '../state/unattended-records.ts';
import { decide, nextDue, tellWhatIsDue } from './decide.ts';
import type { Desk, Forecast, NotifyConfig } from './desk.ts';
import { MINUTE_MS } from './desk.ts';
import { sayDigest } from './digest.ts';
import type { EventSink, HappenedEvent } from './event.ts';
import { acknowledge, openIncidents, snooze } from './incidents.ts';
import { type Chats, Postman } from './postman.ts';

/** The clock may be set meanwhile: nothing is slept through for longer. */
const LONGEST_NAP_MS = 5 * MINUTE_MS;
const ID_BYTES = 2;

export interface NotifierOptions {
  state: State;
  config: NotifyConfig;
  chats: Chats;
  clock: Clock;
  random: RandomSource;
  /** What runs by itself may have printed secrets into its errors. */
  scrub: (text: string) => string;
  forecast: Forecast;
  onWarning: (message: string) => void;
}

/** What commands may do with troubles. */
export interface IncidentControl {
  /** Open ones, oldest first. */
  list(): readonly Incident[];
  /** An open one or one that ended lately, by its ID or the beginning of one. */
  find(id: string): Incident | undefined;
  /** The runs that failed because of it, as far as they are remembered; oldest first. */
  runsOf(incident: Incident): readonly RunRecord[];
  acknowledge(incident: Incident, by: string): Promise<void>;
  snooze(incident: Incident, forMs: number): Promise<void>;
}

/**
 * Decides what is told, to whom and when, from what is remembered alone, so that a restart tells nothing twice and forgets nothing. Everything it says goes
 * through the outbox, and is delivered when the chat can be reached.
 */
export class Notifier implements EventSink {
  readonly #options: NotifierOptions;
  readonly #postman: Postman;
  readonly #stopped = new AbortController();
  #napping = new AbortController();
  readonly incidents: IncidentControl;

  constructor(options: NotifierOptions) {
    this.#options = options;
    this.#postman = new Postman(options);
    const all = (): readonly Incident[] => options.state.document.unattended.incidents;
    this.incidents = {
      list: () => openIncidents(options.state.document.unattended),
      find: (id) => all().findLast((incident) => incident.id.startsWith(id)),
      runsOf: ({ affected, since, ended }) =>
        options.state.document.unattended.runs.filter(
          ({ source, status, ended: at }) =>
            status === 'failed' &&
            at !== null &&
            at >= since &&
            (ended === null || at <= ended) &&
            affected.some(({ what, name }) => what === 'source' && name === source),
        ),
      acknowledge: (incident, by) => this.#change((state) => acknowledge(state, incident, by)),
      snooze: (incident, forMs) => this.#change((state, { nowMs }) => snooze(state, incident, nowMs + forMs)),
    };
  }

  /** Begins to tell what is due. */
  start(): void {
    this.#watch().catch((error: Error) => this.#options.onWarning(error.message));
  }

  /** A platform has come, and with it what waited for it. */
  wake(): void {
    this.#postman.wake();
  }

  happened(event: HappenedEvent): void {
    const clean = scrubValue(event, this.#options.scrub) as HappenedEvent;
    this.#change((state, desk) => decide(state, desk, clean)).catch(() => {});
  }

  /** Posts the digest of today, unless that was done. */
  digest(): void {
    this.#change(sayDigest).catch(() => {});
  }

  stop(): void {
    this.#stopped.abort(new Error('stopped'));
    this.#napping.abort();
    this.#postman.stop();
  }

  /** Decides at once, in memory; resolves when that is on disk. A disk that is full keeps nobody from being told. */
  async #change(change: (state: UnattendedState, desk: Desk) => void): Promise<void> {
    const { state, onWarning } = this.#options;
    try {
      await state.update(({ unattended }) => change(unattended, this.#desk()));
    } catch (error) {
      onWarning(`What is to be told could not be written down: ${error instanceof Error ? error.message : error}`);
    }
    this.#postman.wake();
    this.#napping.abort();
  }

  async #watch(): Promise<void> {
    const { state, clock } = this.#options;
    while (!this.#stopped.signal.aborted) {
      const now = clock.now();
      const dueMs = nextDue(state.document.unattended);
      if (dueMs <= now) await this.#change(tellWhatIsDue);
      else await this.#nap(Math.min(dueMs - now, LONGEST_NAP_MS));
    }
  }

  /** Until then, or until something happened. */
  async #nap(ms: number): Promise<void> {
    this.#napping = new AbortController();
    await this.#options.clock.sleep(ms, this.#napping.signal, { background: true }).catch(() => {});
  }

  #desk(): Desk {
    const { clock, config, random, forecast } = this.#options;
    return { nowMs: clock.now(), config, forecast, newId: () => random.bytes(ID_BYTES).toString('hex') };
  }
}
