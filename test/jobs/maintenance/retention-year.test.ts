import { describe, expect, it } from 'vitest';
import type { Engine } from '../../../src/backup/engine.ts';
import { applyRetention, type RetentionItem } from '../../../src/backup/repository/retention.ts';
import type { RetentionRuleSet } from '../../../src/backup/types.ts';
import { forgetByRules } from '../../../src/jobs/maintenance/forget.ts';
import type { RunEnd } from '../../../src/jobs/schedules/scheduler.ts';
import { summary } from '../../helpers/fake-engine.ts';
import { QuickRandom } from '../../helpers/quick-random.ts';
import { modelKept } from '../../helpers/retention-model.ts';
import { testSeed } from '../../helpers/seeded-random.ts';
import { unattendedOf } from '../../helpers/unattended.ts';
import { scaled } from '../../soak/scale.ts';
import { ScheduleStage } from '../schedules/stage.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 365 * DAY_MS;
const START = '2030-01-01T00:00Z';
const END_MS = Date.parse('2031-01-01T00:00Z');

/** What the configuration says of each source, and what that means. All have the four schedules. */
const SOURCES: Readonly<Record<string, { written: string; rules: RetentionRuleSet }>> = {
  app: {
    written: '',
    rules: { hourly: 24, daily: 7, weekly: 4, monthly: 12, triggers: { 'pre-migration': YEAR_MS } },
  },
  shop: {
    written: 'retention: { hourly: 24h, daily: 30d, weekly: 6 months, triggers: { manual: 2 weeks } }',
    rules: {
      withinHourly: DAY_MS,
      withinDaily: 30 * DAY_MS,
      withinWeekly: 180 * DAY_MS,
      triggers: { manual: 14 * DAY_MS, 'pre-migration': YEAR_MS },
    },
  },
  logs: {
    written: 'retention: { last: 3, hourly: 2, daily: 3d, yearly: 2, tags: [keep], triggers: { pre-migration: 60d } }',
    rules: {
      last: 3,
      hourly: 2,
      withinDaily: 3 * DAY_MS,
      yearly: 2,
      tags: ['keep'],
      triggers: { 'pre-migration': 60 * DAY_MS },
    },
  },
  /** By the class of the schedule alone. */
  mail: {
    written: 'retention: { classes: { daily: 7d, weekly: 30d, monthly: 365d } }',
    rules: {
      classes: { daily: 7 * DAY_MS, weekly: 30 * DAY_MS, monthly: YEAR_MS },
      triggers: { 'pre-migration': YEAR_MS },
    },
  },
};

/** Zones with the two days of the year on which clocks are changed. */
const ZONES = [
  { zone: 'Europe/Zurich', changes: ['2030-03-31', '2030-10-27'] },
  { zone: 'America/New_York', changes: ['2030-03-10', '2030-11-03'] },
  { zone: 'Australia/Lord_Howe', changes: ['2030-04-07', '2030-10-06'] },
];

/** A year of backups and forgetting through the real scheduler, in which the process is killed and stopped at random, but for the days of changed clocks. */
class Year {
  readonly stage: ScheduleStage;
  /** All snapshots that there ever were, and those that are left. */
  readonly all: RetentionItem[] = [];
  left: RetentionItem[] = [];
  readonly problems: string[] = [];
  readonly expired: string[] = [];
  forgets = 0;
  readonly #zone: string;
  readonly #changes: readonly number[];
  readonly #random: QuickRandom;

  constructor({ zone, changes }: (typeof ZONES)[number], seed: number) {
    const written = Object.fromEntries(Object.entries(SOURCES).map(([name, source]) => [name, source.written]));
    this.stage = new ScheduleStage(unattendedOf(written, `timeZone: ${zone}`), START);
    this.#zone = zone;
    this.#changes = changes.map((day) => Date.parse(`${day}T00:00Z`));
    // Nothing ever comes of zero.
    this.#random = new QuickRandom(seed);
  }

  async play(): Promise<void> {
    this.#addForget();
    while (this.stage.nowMs < END_MS) {
      await this.#live(this.#random.between(HOUR_MS, 10 * DAY_MS));
      const downMs = this.#random.between(MINUTE_MS, this.#random.chance(3) ? 60 * HOUR_MS : 3 * HOUR_MS);
      if (this.#changes.some((ms) => this.stage.nowMs + downMs > ms - DAY_MS && this.stage.nowMs < ms + 2 * DAY_MS)) {
        continue;
      }
      if (this.#random.chance(2)) await this.#kill();
      else await this.stage.scheduler.stop();
      this.stage.nowMs += downMs;
      this.stage.start();
      this.#addForget();
    }
    await this.forget();
  }

  /** The scheduled forget, compared with what the model says of what was there before. */
  async forget(): Promise<RunEnd> {
    const { unattended, nowMs } = this.stage;
    const before = this.left;
    const engine: Pick<Engine, 'forget'> = {
      forget: async ({ policy = {}, filter, dryRun = false }) => {
        const meant = this.left.filter(({ source }) => source === filter?.source);
        const rules = applyRetention(meant, policy, nowMs);
        const isKept = ({ id }: RetentionItem): boolean => rules.get(id)?.length !== 0;
        if (!dryRun) this.left = this.left.filter(isKept);
        const shown = ({ id, source }: RetentionItem) => summary(0, { id, source, kept: rules.get(id) ?? [] });
        return {
          dryRun,
          forgotten: meant.filter((item) => !isKept(item)).map(shown),
          kept: meant.filter(isKept).map(shown),
          warnings: [],
        };
      },
    };
    const history = { letGo: async (ids: readonly string[]) => void this.expired.push(...ids) };
    await forgetByRules(engine, { unattended, holds: { isHeld: () => false }, history }, {});
    this.forgets++;
    this.#compare(before);
    return 'ended';
  }

  /** What the model keeps of `given`. */
  expected(given: readonly RetentionItem[]): string[] {
    return Object.entries(SOURCES)
      .flatMap(([name, { rules }]) => {
        const own = given.filter(({ source }) => source === name);
        return modelKept(own, { ...rules, timeZone: this.#zone }, this.stage.nowMs);
      })
      .sort();
  }

  get leftIds(): string[] {
    return this.left.map(({ id }) => id).sort();
  }

  #compare(before: readonly RetentionItem[]): void {
    const [expected, found] = [this.expected(before), this.leftIds];
    if (expected.join() === found.join() || this.problems.length > 5) return;
    this.problems.push(`${new Date(this.stage.nowMs).toISOString()}: ${found} is left of ${expected}`);
  }

  #addForget(): void {
    const { timeZone, maintenance } = this.stage.unattended;
    const rule = { cron: maintenance.forget as string, timeZone };
    this.stage.scheduler.addTask({ ...rule, name: 'forget', lane: 'maintenance', begin: () => this.forget() });
  }

  async #live(forMs: number): Promise<void> {
    const endMs = Math.min(this.stage.nowMs + forMs, END_MS);
    while (this.stage.nowMs < endMs) {
      await this.#sweep();
      for (const run of this.stage.begun.splice(0)) {
        this.#back(run.source, 'schedule', run.atMs, { classes: run.classes });
        await run.end();
      }
      for (const source of Object.keys(SOURCES)) {
        if (this.#random.chance(150)) this.#back(source, 'manual', this.stage.nowMs);
        if (this.#random.chance(900)) this.#back(source, 'pre-migration', this.stage.nowMs);
        if (this.#random.chance(600)) this.#back(source, 'pre-restore', this.stage.nowMs);
      }
      this.stage.nowMs += this.#random.between(10 * MINUTE_MS, 50 * MINUTE_MS);
    }
  }

  /** A forget that begins comes to its end before anything else happens. */
  async #sweep(): Promise<void> {
    await this.stage.at(0);
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** What the last sweep wrote is lost, and the runs that it began are left unfinished. */
  async #kill(): Promise<void> {
    this.stage.writes = false;
    await this.#sweep();
    this.stage.writes = true;
    for (const { source, atMs } of this.stage.begun.splice(0))
      this.#back(source, 'schedule', atMs, { confirmed: false });
  }

  #back(source: string, trigger: string, ms: number, more: Partial<RetentionItem> = {}): void {
    const item: RetentionItem = {
      id: `${this.all.length}`.padStart(6, '0'),
      time: new Date(ms).toISOString(),
      source,
      trigger,
      tags: this.#random.chance(500) ? ['keep'] : [],
      classes: [],
      confirmed: !this.#random.chance(300),
      damaged: this.#random.chance(100),
      pinned: this.#random.chance(700),
      ...more,
    };
    this.all.push(item);
    this.left.push(item);
  }
}

describe('a year of schedules and retention, with a process that is down at random', () => {
  // Half an hour of change is the hardest.
  it.each(scaled(ZONES.slice(-1), ZONES))('keeps exactly what the rules say in $zone', async (zone) => {
    const seed = testSeed();
    const year = new Year(zone, seed);
    await year.play();
    expect(year.problems, `HOLDFAST_SEED=${seed}`).toEqual([]);
    // In the end it is the same as if nobody had forgotten anything before.
    expect(year.leftIds, `HOLDFAST_SEED=${seed}`).toEqual(year.expected(year.all));
    expect(year.expired.length + year.left.length).toBe(year.all.length);
    // All of it happened in that year.
    expect([year.forgets > 250, year.all.length > 15_000, year.left.length < 800]).toEqual([true, true, true]);
  });
});
