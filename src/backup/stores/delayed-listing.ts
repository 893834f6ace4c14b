import type { Clock } from '../../shared/clock.ts';
import type { ObjectInfo } from '../ports.ts';

/** Turns true listings into those of a store whose listings lag behind puts and deletes. */
export class DelayedListing {
  readonly #untilMs: () => number;
  readonly #clock: Clock;
  readonly #hidden = new Map<string, number>();
  readonly #ghosts = new Map<string, { info: ObjectInfo; untilMs: number }>();

  /** `untilMs` gives for each change the time of `clock.now()` from which listings show it. */
  constructor(untilMs: () => number, clock: Clock) {
    this.#untilMs = untilMs;
    this.#clock = clock;
  }

  notePut(name: string): void {
    if (this.#ghosts.delete(name)) return;
    this.#hidden.set(name, this.#untilMs());
  }

  noteDelete(info: ObjectInfo): void {
    if (this.#isHidden(info.name)) return;
    this.#ghosts.set(info.name, { info, untilMs: this.#untilMs() });
  }

  /** What a listing of `prefix` shows when `current` is the truth. */
  show(prefix: string, current: ObjectInfo[]): ObjectInfo[] {
    const names = new Set(current.map(({ name }) => name));
    const shown = current.filter(({ name }) => !this.#isHidden(name));
    for (const [name, { info, untilMs }] of this.#ghosts) {
      if (untilMs <= this.#clock.now()) this.#ghosts.delete(name);
      else if (name.startsWith(prefix) && !names.has(name)) shown.push(info);
    }
    return shown;
  }

  #isHidden(name: string): boolean {
    const untilMs = this.#hidden.get(name);
    if (untilMs === undefined) return false;
    if (untilMs > this.#clock.now()) return true;
    this.#hidden.delete(name);
    return false;
  }
}
