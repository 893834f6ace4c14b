/** For whom a job runs: somebody waits for its message, or nobody does. */
export type Lane = 'person' | 'background';

interface Waiting {
  lane: Lane;
  begin: () => void;
}

/**
 * How many jobs run at once, and who is next: people before schedules, each in the order in which they came. Where schedules have taken every place, one job of a
 * person runs beyond the limit, so that a restore never waits for the night's backups.
 */
export class Places {
  readonly #atOnce: number;
  readonly #taken: Record<Lane, number> = { person: 0, background: 0 };
  #waiting: Waiting[] = [];

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** Calls `begin` at once where there is a place, else when it is its turn. The function that it gives ends the wait, or gives the place back. */
  enter(lane: Lane, begin: () => void): () => void {
    let state: 'waiting' | 'inside' | 'left' = 'waiting';
    const waiting: Waiting = {
      lane,
      begin: () => {
        state = 'inside';
        this.#taken[lane]++;
        begin();
      },
    };
    this.#waiting.push(waiting);
    this.#admit();
    return () => {
      if (state === 'inside') this.#taken[lane]--;
      else this.#waiting = this.#waiting.filter((one) => one !== waiting);
      if (state !== 'left') this.#admit();
      state = 'left';
    };
  }

  #admit(): void {
    for (const lane of ['person', 'background'] as const) {
      for (let next = this.#firstOf(lane); next !== undefined && this.#hasPlaceFor(lane); next = this.#firstOf(lane)) {
        this.#waiting.splice(this.#waiting.indexOf(next), 1);
        next.begin();
      }
    }
  }

  #firstOf(lane: Lane): Waiting | undefined {
    return this.#waiting.find((one) => one.lane === lane);
  }

  #hasPlaceFor(lane: Lane): boolean {
    const { person, background } = this.#taken;
    return person + background < this.#atOnce || (lane === 'person' && person === 0);
  }
}
