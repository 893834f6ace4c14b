import type { Clock } from '../../shared/clock.ts';

/** How long a request may be held back by rate limits in all. Two hundred messages in one channel take Slack over three minutes. */
const PATIENCE_MS = 10 * 60_000;
/** Slack takes about one message a second in a channel. Also how long to wait where it does not say. */
const USUAL_MS = 1000;

interface Line {
  /** Ends when the last request in the line is through. */
  last: Promise<unknown>;
  waiting: number;
  opensMs: number;
}

export interface RateGateOptions {
  clock: Clock;
  /** Ends every wait. */
  signal: AbortSignal;
  /** Whether an error says that there were too many requests, and how long to wait then. */
  isLimited(error: unknown): { waitMs: number | undefined } | undefined;
}

/**
 * Requests of one kind go at once until Slack says that there are too many. From then on they stand in line and go one by one, in order, as Slack allows, until nobody
 * waits: if all of them tried again at the same moment, most would be refused again.
 */
export class RateGate {
  readonly #options: RateGateOptions;
  readonly #lines = new Map<string, Line>();

  constructor(options: RateGateOptions) {
    this.#options = options;
  }

  /** Rejects as `attempt` does; with the rate limit only when patience has ended. */
  async run<T>(kind: string, attempt: () => Promise<T>): Promise<T> {
    const endMs = this.#options.clock.monotonic() + PATIENCE_MS;
    if (this.#lines.has(kind)) return this.#standInLine(kind, attempt, endMs);
    try {
      return await attempt();
    } catch (error) {
      const limited = this.#options.isLimited(error);
      if (limited === undefined) throw error;
      this.#close(this.#lineOf(kind), limited.waitMs);
      return this.#standInLine(kind, attempt, endMs);
    }
  }

  #lineOf(kind: string): Line {
    const line = this.#lines.get(kind) ?? { last: Promise.resolve(), waiting: 0, opensMs: 0 };
    this.#lines.set(kind, line);
    return line;
  }

  #close(line: Line, waitMs = USUAL_MS): void {
    line.opensMs = Math.max(line.opensMs, this.#options.clock.monotonic() + waitMs);
  }

  #standInLine<T>(kind: string, attempt: () => Promise<T>, endMs: number): Promise<T> {
    const line = this.#lineOf(kind);
    line.waiting++;
    const turn = line.last.then(() => this.#takeTurn(line, attempt, endMs));
    line.last = turn
      .catch(() => {})
      .then(() => {
        if (--line.waiting === 0) this.#lines.delete(kind);
      });
    return turn;
  }

  async #takeTurn<T>(line: Line, attempt: () => Promise<T>, endMs: number): Promise<T> {
    const { clock, signal, isLimited } = this.#options;
    for (;;) {
      await clock.sleep(Math.max(line.opensMs - clock.monotonic(), 0), signal);
      try {
        const result = await attempt();
        // Whoever is next would only be refused if they followed at once.
        this.#close(line, USUAL_MS);
        return result;
      } catch (error) {
        const limited = isLimited(error);
        if (limited === undefined) throw error;
        this.#close(line, limited.waitMs);
        if (line.opensMs > endMs) throw error;
      }
    }
  }
}
