/**
 * Work for several threads, in an order in which neighbours are best done by the same one: each has a stretch of its own. Who has come to
 * the end of it takes the farther half of the longest that is left.
 */
export class Lanes<Work> {
  readonly #lanes: { work: Work[]; next: number }[];

  constructor(width: number) {
    this.#lanes = Array.from({ length: width }, () => ({ work: [], next: 0 }));
  }

  /** What has not been taken yet. */
  get length(): number {
    return this.#lanes.reduce((sum, { work, next }) => sum + work.length - next, 0);
  }

  /** Adds a run of work behind what is there. */
  add(work: readonly Work[]): void {
    this.#lanes.forEach((lane, number) => {
      const [from, to] = [number, number + 1].map((part) => Math.round((part * work.length) / this.#lanes.length));
      lane.work = [...lane.work.slice(lane.next), ...work.slice(from, to)];
      lane.next = 0;
    });
  }

  /** The next piece of work for a thread; undefined where none is left for anyone. */
  take(thread: number): Work | undefined {
    const own = this.#lanes[thread] as { work: Work[]; next: number };
    if (own.next === own.work.length) this.#steal(own);
    return own.next < own.work.length ? own.work[own.next++] : undefined;
  }

  clear(): void {
    for (const lane of this.#lanes) lane.next = lane.work.length;
  }

  #steal(own: { work: Work[]; next: number }): void {
    const left = ({ work, next }: { work: Work[]; next: number }) => work.length - next;
    const longest = this.#lanes.reduce((most, lane) => (left(lane) > left(most) ? lane : most));
    own.work = longest.work.splice(longest.work.length - Math.ceil(left(longest) / 2));
    own.next = 0;
  }
}
