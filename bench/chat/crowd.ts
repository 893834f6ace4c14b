import type { Deed, Phase, PlatformName, Sample } from './sample.ts';

/** An event that was sent. */
export interface Sent {
  /** Resolves with the milliseconds until the acknowledgement, or undefined where none came. */
  readonly acknowledged: Promise<number | undefined>;
  /** Whether it has its final message by now. */
  isFinal(): boolean;
  /** Whether nothing was suggested, once it was acknowledged. */
  isEmpty?(): boolean;
}

/** The people of one platform. */
export interface People {
  readonly platform: PlatformName;
  /** Does it as one of them; `turn` says whose turn it is. */
  send(deed: Deed, turn: number): Sent;
}

/** Messages are looked at so often: what is final is known no more exactly. */
const LOOK_EVERY_MS = 10;

/** Sends events and notes what becomes of each. */
export class Crowd {
  readonly samples: Sample[] = [];
  readonly #people: Readonly<Record<PlatformName, People>>;
  readonly #open = new Set<{ sample: Sample; sent: Sent; sentMs: number }>();
  readonly #acknowledging = new Set<Promise<void>>();
  readonly #round: number;
  readonly #looking: NodeJS.Timeout;
  #turn = 0;

  constructor(people: Readonly<Record<PlatformName, People>>, round: number) {
    this.#people = people;
    this.#round = round;
    this.#looking = setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  do(phase: Phase, platform: PlatformName, deed: Deed): void {
    const unknown = { acknowledgedMs: undefined, finalMs: undefined, empty: false };
    const sample: Sample = { round: this.#round, phase, platform, deed, sentAt: Date.now(), ...unknown };
    this.samples.push(sample);
    const sentMs = performance.now();
    const sent = this.#people[platform].send(deed, this.#turn++);
    this.#open.add({ sample, sent, sentMs });
    const acknowledged = sent.acknowledged.then((ms) => {
      sample.acknowledgedMs = ms;
      sample.empty = sent.isEmpty?.() ?? false;
    });
    this.#acknowledging.add(acknowledged);
    acknowledged.finally(() => this.#acknowledging.delete(acknowledged));
  }

  /** Resolves when everything has its final message, or after so long. */
  async settle(withinMs: number): Promise<void> {
    const endMs = performance.now() + withinMs;
    while ((this.#open.size > 0 || this.#acknowledging.size > 0) && performance.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    this.#open.clear();
  }

  leave(): void {
    clearInterval(this.#looking);
  }

  #look(): void {
    for (const one of this.#open) {
      if (!one.sent.isFinal()) continue;
      one.sample.finalMs = performance.now() - one.sentMs;
      this.#open.delete(one);
    }
  }
}

/** Does `step` so often a second until `isOver`, whatever becomes of what was begun; late steps are caught up with. */
export async function atRate(
  rate: number,
  isOver: (done: number) => boolean,
  step: (n: number) => void,
): Promise<void> {
  const startMs = performance.now();
  for (let n = 0; !isOver(n); ) {
    const due = startMs + (n * 1000) / rate - performance.now();
    if (due > 0) await new Promise((resolve) => setTimeout(resolve, due));
    else step(n++);
  }
}
