import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface GroupOutcome {
  status: number | null;
  signal: NodeJS.Signals | null;
  output: string;
  messages: string;
  durationMs: number;
}

/**
 * A command in a process group of its own, so that it can be killed with everything that it has started. Only this group is ever sent a
 * signal, and only while it has not been waited for: its ID cannot have been given to anybody else.
 */
export class ProcessGroup {
  readonly #child: ChildProcess;
  readonly #started = performance.now();
  readonly finished: Promise<GroupOutcome>;
  #over = false;

  constructor(argv: readonly string[], env: NodeJS.ProcessEnv) {
    const [program, ...words] = argv as [string, ...string[]];
    this.#child = spawn(program, words, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    this.finished = this.#wait();
  }

  /** Sends a signal to all of the group; nothing where it has ended. */
  signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (this.#over || pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  /** Kills the group after a time, unless it has ended by then; gives what came of it. */
  async killAfter(ms: number): Promise<GroupOutcome> {
    const timer = setTimeout(() => this.signal('SIGKILL'), ms);
    try {
      return await this.finished;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Kills the group some time after it has written `text` to its standard error. */
  async killAtMessage(text: string, afterMs: number): Promise<GroupOutcome> {
    let timer: NodeJS.Timeout | undefined;
    let seen = '';
    this.#child.stderr?.on('data', (piece: Buffer) => {
      if (timer !== undefined) return;
      seen = `${seen.slice(-text.length)}${piece}`;
      if (seen.includes(text)) timer = setTimeout(() => this.signal('SIGKILL'), afterMs);
    });
    try {
      return await this.finished;
    } finally {
      clearTimeout(timer);
    }
  }

  async #wait(): Promise<GroupOutcome> {
    this.#child.once('exit', () => {
      this.#over = true;
    });
    const gather = async (stream: NodeJS.ReadableStream | null): Promise<string> => {
      const pieces: Buffer[] = [];
      for await (const piece of stream ?? []) pieces.push(Buffer.from(piece));
      return Buffer.concat(pieces).toString('utf8');
    };
    const [output, messages, [status, signal]] = await Promise.all([
      gather(this.#child.stdout),
      gather(this.#child.stderr),
      once(this.#child, 'close'),
    ]);
    return { status, signal, output, messages, durationMs: performance.now() - this.#started };
  }
}
