/** Runs edits of one thing in order, one at a time. Of those that wait only the newest is run: it replaces what the others would have shown. */
export class EditLane {
  readonly #lanes = new Map<string, Lane>();

  /** Resolves when this edit, or a newer one in its place, was made. */
  async run(key: string, edit: () => Promise<void>): Promise<void> {
    const lane = this.#lanes.get(key);
    if (lane === undefined) return this.#start(key, edit);
    lane.waiting ??= { edit, done: lane.running.then(nothing, nothing).then(() => this.#next(key)) };
    lane.waiting.edit = edit;
    return lane.waiting.done;
  }

  #start(key: string, edit: () => Promise<void>): Promise<void> {
    const running = edit();
    const lane: Lane = { running };
    this.#lanes.set(key, lane);
    const clear = (): void => {
      if (lane.waiting === undefined) this.#lanes.delete(key);
    };
    running.then(clear, clear);
    return running;
  }

  #next(key: string): Promise<void> {
    const waiting = this.#lanes.get(key)?.waiting;
    return waiting === undefined ? Promise.resolve() : this.#start(key, waiting.edit);
  }
}

interface Lane {
  running: Promise<void>;
  waiting?: { edit: () => Promise<void>; done: Promise<void> };
}

const nothing = (): void => {};
