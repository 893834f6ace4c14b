import type { Engine } from '../backup/engine.ts';
import type { SnapshotSummary } from '../backup/types.ts';
import type { EventSink } from '../notify/event.ts';
import type { Clock } from '../shared/clock.ts';
import { HoldfastError } from '../shared/errors.ts';
import type { State } from '../state/state.ts';
import type { Hold } from '../state/unattended-records.ts';
import { remember } from './remember.ts';

export interface HoldParts {
  state: State;
  clock: Clock;
  sink: EventSink;
}

/** What is known when a source becomes held. */
export type NewHold = Pick<Hold, 'source' | 'snapshot' | 'suspect' | 'reasons'>;

const REASON = 'held: a later run was far from the usual';
const FOUND_PINNED = 'It was held before the state was lost';

/** Sources whose last good snapshot is held until an owner has looked at a run that was far from the usual. */
export class Holds {
  readonly #parts: HoldParts;

  constructor(parts: HoldParts) {
    this.#parts = parts;
  }

  get all(): readonly Hold[] {
    return this.#parts.state.document.unattended.holds;
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

  /** Since when sizes are usual by an owner's word; undefined where nobody ever had to say so. */
  acceptedSince(source: string): string | undefined {
    return this.#parts.state.document.unattended.latches[acceptance(source)]?.at;
  }

  /** Holds and tells. The snapshot is pinned at once or, where that fails now, by `pinAll`. */
  async place(hold: NewHold, repository: Pick<Engine, 'find' | 'pin'>): Promise<void> {
    const { state, clock, sink } = this.#parts;
    const { source, snapshot, suspect, reasons } = hold;
    const since = new Date(clock.now()).toISOString();
    const saved = remember(state, ({ unattended }) => {
      unattended.holds.push({ ...hold, since, pin: 'wanted', confirmed: false, messages: [] });
    });
    // People look at a backup, and know nothing of the run that made it.
    const run = state.document.unattended.runs.find(({ id }) => id === suspect);
    sink.happened({ kind: 'hold', source, suspect: run?.snapshot ?? suspect, kept: snapshot, reasons });
    await saved;
    await this.pinAll(repository);
  }

  /** Pins what is held and not pinned yet. What cannot be pinned now is tried again at the next call. */
  async pinAll(repository: Pick<Engine, 'find' | 'pin'>): Promise<void> {
    for (const { source, snapshot } of this.all.filter(({ pin }) => pin === 'wanted')) {
      const pin = await pinned(repository, snapshot);
      await remember(this.#parts.state, ({ unattended }) => {
        const hold = unattended.holds.find((one) => one.source === source && one.snapshot === snapshot);
        if (hold !== undefined) hold.pin = pin;
      });
    }
  }

  /**
   * Holds again what the repository says is held and the state does not know of: it was lost. Whoever is asked then does not know what was answered before, so
   * nothing of the time between becomes usual by itself.
   */
  async adopt(listed: readonly SnapshotSummary[], sources: readonly string[]): Promise<void> {
    const { state, clock, sink } = this.#parts;
    const since = new Date(clock.now()).toISOString();
    for (const source of sources.filter((one) => !this.isHeld(one))) {
      const own = listed.filter((one) => one.source === source);
      const pinned = own.find(({ pinReason }) => pinReason === REASON);
      if (pinned === undefined) continue;
      const hold = { source, snapshot: pinned.id, suspect: (own[0] ?? pinned).id.slice(0, 8), reasons: [FOUND_PINNED] };
      const saved = remember(state, ({ unattended }) => {
        unattended.holds.push({ ...hold, since, pin: 'ours', confirmed: true, messages: [] });
      });
      sink.happened({ kind: 'hold', source, suspect: hold.suspect, kept: pinned.id, reasons: hold.reasons });
      await saved;
    }
  }

  /**
   * An owner says that all looks right: what is now becomes usual, and forget and prune go on.
   *
   * @throws HoldfastError `not_found` where the source is not held
   */
  async accept(source: string, by: string, repository: Pick<Engine, 'unpin'>): Promise<Hold> {
    const { state, sink } = this.#parts;
    const hold = this.#require(source);
    if (hold.pin === 'ours') await repository.unpin(hold.snapshot, `${by} says that all looks right`);
    const runs = state.document.unattended.runs.filter((run) => run.source === source && run.snapshot !== null);
    // What an owner has called wrong never becomes usual: only what is there now does.
    const first = hold.confirmed ? runs.at(-1) : runs.find(({ id }) => id === hold.suspect);
    const saved = state.update(({ unattended }) => {
      unattended.holds = unattended.holds.filter((one) => one.source !== source);
      unattended.latches[acceptance(source)] = { level: 1, at: first?.started ?? hold.since };
    });
    sink.happened({ kind: 'hold_answered', source, verdict: 'looks right', by });
    await saved;
    return hold;
  }

  /**
   * An owner says that it is right to hold: nothing changes until somebody accepts.
   *
   * @throws HoldfastError `not_found` where the source is not held
   */
  async keep(source: string, by: string): Promise<Hold> {
    const { state, sink } = this.#parts;
    const hold = this.#require(source);
    const saved = state.update(() => {
      hold.confirmed = true;
    });
    sink.happened({ kind: 'hold_answered', source, verdict: 'keep holding', by });
    await saved;
    return hold;
  }

  #require(source: string): Hold {
    const hold = this.of(source);
    if (hold !== undefined) return hold;
    const held = this.all.map((one) => one.source).join(', ');
    throw new HoldfastError('not_found', `${source} is not held`, {
      advice: held === '' ? 'Nothing is held.' : `Held: ${held}.`,
    });
  }
}

const acceptance = (source: string): string => `accepted:${source}`;

async function pinned(repository: Pick<Engine, 'find' | 'pin'>, snapshot: string): Promise<Hold['pin']> {
  try {
    if ((await repository.find(snapshot)).pinned) return 'theirs';
    await repository.pin(snapshot, REASON);
    return 'ours';
  } catch {
    return 'wanted';
  }
}
