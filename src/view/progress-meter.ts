import type { ProgressState } from './view.ts';

/** Counters of a running operation; each only grows within its phase. */
export interface ProgressCounters {
  phase: string;
  files?: number;
  bytes?: number;
  totalFiles?: number;
  totalBytes?: number;
  current?: string;
}

/** Rates are taken over about this long: shorter jumps, longer lags. */
const WINDOW_MS = 10_000;
/** A rate from less than this says nothing. */
const LEAST_MS = 1000;

/** Turns the raw counters of an operation into what a person wants to know: share, rate, time left. */
export class ProgressMeter {
  readonly #now: () => number;
  readonly #startedMs: number;
  #samples: { atMs: number; bytes: number }[] = [];
  #state: ProgressState | undefined;

  /** `now` gives monotonic milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
    this.#startedMs = now();
  }

  add(counters: ProgressCounters): ProgressState {
    const atMs = this.#now();
    if (counters.phase !== this.#state?.phase) this.#samples = [];
    const bytes = counters.bytes ?? 0;
    const bytesPerSecond = this.#rate(atMs, bytes);
    const share = shareOf(bytes, counters.totalBytes) ?? shareOf(counters.files ?? 0, counters.totalFiles);
    this.#state = {
      phase: counters.phase,
      files: counters.files ?? 0,
      bytes,
      totalFiles: counters.totalFiles,
      totalBytes: counters.totalBytes,
      current: counters.current,
      share,
      bytesPerSecond,
      remainingMs: remaining(bytes, counters.totalBytes, bytesPerSecond),
      elapsedMs: atMs - this.#startedMs,
    };
    return this.#state;
  }

  #rate(atMs: number, bytes: number): number | undefined {
    const last = this.#samples.at(-1);
    if (last === undefined || atMs - last.atMs >= WINDOW_MS / 20) this.#samples.push({ atMs, bytes });
    while (this.#samples.length > 2 && atMs - (this.#samples[0]?.atMs ?? atMs) > WINDOW_MS) this.#samples.shift();
    const first = this.#samples[0];
    if (first === undefined || atMs - first.atMs < LEAST_MS) return undefined;
    return ((bytes - first.bytes) * 1000) / (atMs - first.atMs);
  }
}

function shareOf(done: number, total: number | undefined): number | undefined {
  return total === undefined || total <= 0 ? undefined : Math.min(done / total, 1);
}

function remaining(bytes: number, total: number | undefined, bytesPerSecond: number | undefined): number | undefined {
  if (total === undefined || bytesPerSecond === undefined || bytesPerSecond <= 0) return undefined;
  return (Math.max(total - bytes, 0) / bytesPerSecond) * 1000;
}
