import { describe, expect, it } from 'vitest';
import { parseCron } from '../../../src/shared/cron.ts';
import { dueTimes } from '../../../src/shared/cron-times.ts';
import { openZone } from '../../../src/shared/zone.ts';
import { QuickRandom } from '../../helpers/quick-random.ts';
import { testSeed } from '../../helpers/seeded-random.ts';
import { unattendedOf } from '../../helpers/unattended.ts';
import { ScheduleStage } from './stage.ts';
import { YearLedger } from './year-ledger.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const START = '2030-01-01T00:00Z';
const END_MS = Date.parse('2031-01-01T00:00Z');

const SOURCES = {
  app: "schedules: { daily: { cron: '30 2 * * *', timeZone: Europe/Zurich, jitter: 20 min } }",
  shop: `schedules:
  hourly: false
  daily: { cron: '0,30 2 * * *', timeZone: America/New_York, window: '02:00-05:00', missed: alert }
  weekly: { cron: '30 2 * * sun', timeZone: America/New_York, missed: skip }`,
  logs: `schedules:
  hourly: { cron: '15 * * * *', timeZone: Australia/Lord_Howe, jitter: 10 min }
  daily: { cron: '15 2 * * *', timeZone: Australia/Lord_Howe }
  weekly: false
  monthly: false`,
};

/** A year in which the process is killed, stopped, suspended and kept waiting at random. */
class Year {
  readonly stage = new ScheduleStage(unattendedOf(SOURCES), START);
  readonly ledger: YearLedger;
  readonly #random: QuickRandom;

  constructor(seed: number) {
    // Nothing ever comes of zero.
    this.#random = new QuickRandom(seed);
    this.ledger = new YearLedger(this.stage.unattended.sources, Date.parse(START));
  }

  async play(): Promise<void> {
    while (this.stage.nowMs < END_MS) {
      await this.#live(this.#random.between(HOUR_MS, 10 * 24 * HOUR_MS));
      await (this.#random.chance(2) ? this.#kill() : this.#stop());
      const most = this.#random.chance(3) ? 60 * HOUR_MS : this.#random.chance(2) ? 3 * HOUR_MS : 6 * MINUTE_MS;
      this.stage.nowMs += this.#random.between(1000, most);
      this.stage.start();
      this.ledger.begin();
    }
    // What waits at the end of the year gets its time.
    await this.#live(8 * 24 * HOUR_MS, false);
  }

  async #live(forMs: number, harmed = true): Promise<void> {
    const endMs = this.stage.nowMs + forMs;
    while (this.stage.nowMs < endMs) {
      await this.#sweep();
      for (const run of this.stage.begun) if (this.#random.chance(8)) await this.#end(run);
      if (harmed && this.#random.chance(400))
        this.stage.busy = new Set(['app', 'shop', 'logs'].filter(() => this.#random.chance(2)));
      else if (this.#random.chance(40)) this.stage.busy.clear();
      const isSuspended = harmed && this.#random.chance(2000);
      this.stage.nowMs += isSuspended
        ? this.#random.between(MINUTE_MS, 30 * HOUR_MS)
        : this.#random.between(4 * MINUTE_MS, 5 * MINUTE_MS);
    }
    this.stage.busy.clear();
  }

  async #sweep(): Promise<void> {
    const from = { runs: this.stage.begun.length, events: this.stage.events.length };
    await this.stage.at(0);
    if (!this.stage.writes) return;
    this.ledger.swept(this.stage.nowMs, this.stage.events.slice(from.events), this.stage.begun.slice(from.runs));
  }

  async #end(run: ScheduleStage['begun'][number], how: 'ended' | 'given up' = 'ended'): Promise<void> {
    const from = this.stage.begun.length;
    this.stage.begun.splice(this.stage.begun.indexOf(run), 1);
    await run.end(how);
    this.ledger.swept(this.stage.nowMs, [], this.stage.begun.slice(from - 1));
  }

  /** Loses what the last sweep wrote, and with it the runs that it began. */
  async #kill(): Promise<void> {
    this.stage.writes = false;
    await this.#sweep();
    this.stage.writes = true;
    this.stage.begun = [];
  }

  async #stop(): Promise<void> {
    const quiet = this.stage.scheduler.stop();
    for (const run of [...this.stage.begun]) {
      this.ledger.givenUp(run);
      await this.#end(run, 'given up');
    }
    await quiet;
  }
}

describe('a year with a process that is down at random, and clocks that are changed twice', () => {
  it('has every due time run, merged, or told as missed, exactly once', async () => {
    const seed = testSeed();
    const year = new Year(seed);
    await year.play();
    expect(year.ledger.problems, `HOLDFAST_SEED=${seed}`).toEqual([]);
    const { run, told, dropped, repeated } = year.ledger.counts;
    // All of it happened in that year.
    expect([run > 5000, told > 50, dropped > 5, repeated > 0], `HOLDFAST_SEED=${seed}`).toEqual(Array(4).fill(true));
    expect(year.stage.warnings).toEqual([]);
  });

  it('has as many real hours as a year has', () => {
    const hours = dueTimes(parseCron('0 * * * *'), openZone('Europe/Zurich'), Date.parse(START), END_MS);
    expect([...hours]).toHaveLength(365 * 24);
  });
});
