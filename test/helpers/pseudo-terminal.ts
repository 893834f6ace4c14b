import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { stripVTControlCharacters } from 'node:util';

/** A program on a terminal of its own, which `script` of util-linux makes. */
export class PseudoTerminal {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown[]>;
  #shown = '';

  /** @param command a line for the shell */
  constructor(command: string, environment: Readonly<Record<string, string>>) {
    const line = `stty cols 90 rows 40; exec ${command}`;
    const env = { ...process.env, ...environment, NO_COLOR: '1', TERM: 'xterm' };
    this.#child = spawn('script', ['-qefc', line, '/dev/null'], {
      env,
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: true,
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#shown += stripVTControlCharacters(text);
    });
    this.#ended = once(this.#child, 'close');
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Waits until the terminal has shown `text` since the last call; gives what was shown. */
  async until(text: string | RegExp): Promise<string> {
    const end = performance.now() + 20_000;
    const isShown = (): boolean => (typeof text === 'string' ? this.#shown.includes(text) : text.test(this.#shown));
    while (!isShown()) {
      if (performance.now() > end) throw new Error(`no ${text} in ${JSON.stringify(this.#shown)}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const shown = this.#shown;
    this.#shown = '';
    return shown;
  }

  /** Presses Tab until the terminal shows `text`: completion gives nothing rather than be late. */
  async tab(text: string): Promise<void> {
    const pressing = setInterval(() => this.type('\t'), 2000);
    try {
      this.type('\t');
      await this.until(text);
    } finally {
      clearInterval(pressing);
    }
  }

  /** Ends the program, however far it is: for what a failed test leaves behind. */
  kill(): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL');
  }

  async status(): Promise<number> {
    const [status] = await this.#ended;
    return status as number;
  }
}
