import type { SourceCare } from '../../config/unattended.ts';
import type { EventSink } from '../../notify/event.ts';
import type { Clock } from '../../shared/clock.ts';
import type { State } from '../../state/state.ts';
import type { RunHistory } from '../run-history.ts';
import { setLatch } from './latches.ts';

export interface FreshnessWatchParts {
  state: State;
  history: RunHistory;
  care: Readonly<Record<string, Pick<SourceCare, 'freshness'>>>;
  clock: Clock;
  sink: EventSink;
}

export type Age = 'fresh' | 'ageing' | 'stale';

export function ageOf(ageMs: number, { freshMs, staleMs }: SourceCare['freshness']): Age {
  if (ageMs < freshMs) return 'fresh';
  return ageMs < staleMs ? 'ageing' : 'stale';
}

const STALE = 1;

/**
 * Tells once when a source's newest good backup is older than it may be, and once when there is a new one; also across restarts. A source that has none is given as
 * long from when it was first seen.
 */
export class FreshnessWatch {
  readonly #parts: FreshnessWatchParts;

  constructor(parts: FreshnessWatchParts) {
    this.#parts = parts;
  }

  async check(): Promise<void> {
    for (const [source, care] of Object.entries(this.#parts.care)) await this.#checkSource(source, care.freshness);
  }

  async #checkSource(source: string, freshness: SourceCare['freshness']): Promise<void> {
    const { state, history, clock, sink } = this.#parts;
    const name = `stale:${source}`;
    const at = new Date(clock.now()).toISOString();
    const latch = state.document.unattended.latches[name];
    if (latch === undefined) return setLatch(state, { name, level: 0, at });
    const since = history.lastGood(source)?.started ?? null;
    const isStale = ageOf(clock.now() - Date.parse(since ?? latch.at), freshness) === 'stale';
    if (isStale === (latch.level === STALE)) return;
    await setLatch(state, { name, level: isStale ? STALE : 0, at }, () =>
      sink.happened(
        isStale ? { kind: 'stale', source, since, limitMs: freshness.staleMs } : { kind: 'fresh_again', source },
      ),
    );
  }
}
