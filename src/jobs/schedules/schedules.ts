import type { SourceCare } from '../../config/unattended.ts';
import type { ScheduleClass } from '../../config/unattended-schema.ts';
import type { Clock } from '../../shared/clock.ts';
import type { StoredPerson } from '../../state/people.ts';
import type { State } from '../../state/state.ts';
import type { ScheduleChange } from '../../state/unattended-records.ts';
import {
  digestOf,
  type EffectiveSchedule,
  type EffectiveSetting,
  effectiveSchedules,
  outdatedChanges,
  plain,
  scheduleKey,
} from './effective.ts';

export interface SchedulesParts {
  sources: Readonly<Record<string, SourceCare>>;
  state: State;
  clock: Pick<Clock, 'now'>;
}

/** When each source is backed up: what the configuration says, with what was said in a chat. */
export class Schedules {
  readonly #parts: SchedulesParts;
  /** As worked out after the last change: asked for by every sweep. */
  #all: readonly EffectiveSchedule[] | undefined;

  constructor(parts: SchedulesParts) {
    this.#parts = parts;
  }

  /** In the order of the configuration; without those that were deleted. */
  get all(): readonly EffectiveSchedule[] {
    this.#all ??= effectiveSchedules(this.#parts.sources, this.#changes);
    return this.#all;
  }

  find(source: string, name: ScheduleClass): EffectiveSchedule | undefined {
    return this.all.find((one) => one.source === source && one.class === name);
  }

  /** Says otherwise than the configuration, until that says something new; null deletes it. What is as configured needs no change. */
  async set(source: string, name: ScheduleClass, setting: EffectiveSetting | null, by: StoredPerson): Promise<void> {
    const configured = this.#parts.sources[source]?.schedules[name];
    const kept = setting === null ? null : plain(setting);
    const isAsConfigured = JSON.stringify(kept) === JSON.stringify(configured === undefined ? null : plain(configured));
    const { platform, id, name: called } = by;
    const change: ScheduleChange = {
      over: digestOf(configured),
      setting: kept,
      by: { platform, id, name: called },
      at: new Date(this.#parts.clock.now()).toISOString(),
    };
    this.#all = undefined;
    await this.#parts.state.update(({ unattended: { scheduleChanges } }) => {
      if (isAsConfigured) delete scheduleChanges[scheduleKey(source, name)];
      else scheduleChanges[scheduleKey(source, name)] = change;
    });
  }

  /** To be called once at start: the configuration wins where it says something new. Gives what was dropped, in words. */
  async dropOutdated(): Promise<string[]> {
    const changes = this.#changes;
    const outdated = outdatedChanges(this.#parts.sources, changes);
    if (outdated.length === 0) return [];
    const words = outdated.map((key) => {
      const { by, at } = changes[key] as ScheduleChange;
      return `What ${by.name} said of the schedule ${key} on ${at.slice(0, 10)} ends: the configuration says something new of it`;
    });
    this.#all = undefined;
    await this.#parts.state.update(({ unattended: { scheduleChanges } }) => {
      for (const key of outdated) delete scheduleChanges[key];
    });
    return words;
  }

  get #changes(): Readonly<Record<string, ScheduleChange>> {
    return this.#parts.state.document.unattended.scheduleChanges;
  }
}
