import type { MissedPolicy } from '../../config/unattended.ts';
import type { ScheduleClass } from '../../config/unattended-schema.ts';
import type { DayWindow } from '../../shared/day-window.ts';
import type { StoredPerson } from '../../state/people.ts';
import type { EffectiveSchedule, EffectiveSetting, Origin } from './effective.ts';
import type { Scheduler } from './scheduler.ts';
import type { Schedules } from './schedules.ts';

const SHOWN_RUNS = 5;

/** A schedule as people see it. */
export interface ScheduleInfo {
  source: string;
  class: ScheduleClass;
  cron: string;
  timeZone: string;
  jitterMs: number;
  /** Minutes since midnight. */
  window: DayWindow | null;
  missed: MissedPolicy;
  enabled: boolean;
  origin: Origin;
  /** When the next runs begin, ISO 8601; none while it is paused. */
  next: string[];
}

/** What commands may do with schedules. */
export interface ScheduleControl {
  /** Names of the configured sources. */
  readonly sources: readonly string[];
  /** Zone of what does not say one. */
  readonly timeZone: string;
  /** In the order of the configuration; without those that were deleted. */
  list(): ScheduleInfo[];
  find(source: string, name: ScheduleClass): ScheduleInfo | undefined;
  /** When the next backup of a source begins, whichever schedule asks for it. */
  nextRunOf(source: string): string | undefined;
  /** Takes effect at once; null deletes it. */
  set(source: string, name: ScheduleClass, setting: EffectiveSetting | null): Promise<void>;
}

export interface DeskParts {
  sources: readonly string[];
  timeZone: string;
  schedules: Schedules;
  scheduler: Scheduler;
  /** Hears that there are other rules now, and is waited for. */
  onChanged: () => Promise<void>;
}

/** Schedules for commands. */
export class ScheduleDesk {
  readonly #parts: DeskParts;

  constructor(parts: DeskParts) {
    this.#parts = parts;
  }

  /** For commands of one person, who changes what they change. */
  as(by: StoredPerson): ScheduleControl {
    const { sources, timeZone, schedules, scheduler } = this.#parts;
    return {
      sources,
      timeZone,
      list: () => schedules.all.map((one) => this.#info(one)),
      find: (source, name) => {
        const found = schedules.find(source, name);
        return found === undefined ? undefined : this.#info(found);
      },
      nextRunOf: (source) => scheduler.nextRunOf(source),
      set: async (source, name, setting) => {
        await schedules.set(source, name, setting, by);
        await this.#parts.onChanged();
      },
    };
  }

  #info({ window, ...schedule }: EffectiveSchedule): ScheduleInfo {
    const { source, class: name } = schedule;
    return { ...schedule, window: window ?? null, next: this.#parts.scheduler.nextRuns(source, name, SHOWN_RUNS) };
  }
}
