import type { State } from '../state/state.ts';
import type { Hold } from '../state/unattended-records.ts';

/** Sources whose last good snapshot is held until an owner has looked at a run that was far from the usual. */
export class Holds {
  readonly #state: State;

  constructor(state: State) {
    this.#state = state;
  }

  get all(): readonly Hold[] {
    return this.#state.document.unattended.holds;
  }

  of(source: string): Hold | undefined {
    return this.all.find((hold) => hold.source === source);
  }

  /** Nothing of it is forgotten; and nothing at all is pruned while any source is held. */
  isHeld(source: string): boolean {
    return this.of(source) !== undefined;
  }

  get any(): boolean {
    return this.all.length > 0;
  }
}
