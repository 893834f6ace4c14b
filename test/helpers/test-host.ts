import { PassThrough, Readable, Writable } from 'node:stream';
import type { Environment, Host, LocalCommand } from '../../src/cli/host.ts';
import { runCli } from '../../src/cli/run.ts';
import type { FakeRepository } from './fake-engine.ts';

class Capture extends Writable {
  text = '';
  isTTY = false;
  columns: number | undefined;

  override _write(piece: Buffer, _encoding: string, done: () => void): void {
    this.text += piece.toString('utf8');
    done();
  }
}

export interface Outcome {
  status: number;
  output: string;
  messages: string;
}

export interface Circumstances {
  environment?: Environment;
  input?: string;
  /** Lines that a person types at the terminal, one for each question. */
  terminal?: string[];
  locals?: LocalCommand[];
  configuration?: Host['configuration'];
  /** Given the function that asks the process to stop. */
  onStart?: (stop: () => void) => void;
}

/** Runs a command line in this process against a fake repository, at 2026-11-20 12:00 UTC. */
export async function runFake(
  words: string[],
  repository: FakeRepository,
  circumstances: Circumstances = {},
): Promise<Outcome> {
  const [output, messages] = [new Capture(), new Capture()];
  const terminal = circumstances.terminal;
  const input = terminal === undefined ? Readable.from([circumstances.input ?? '']) : new PassThrough();
  if (terminal !== undefined) {
    messages.isTTY = true;
    messages.columns = 80;
    for (const line of terminal) (input as PassThrough).write(`${line}\n`);
  }
  let monotonicMs = 0;
  const host: Host = {
    environment: { HOLDFAST_REPO: '/repo', HOLDFAST_PASSWORD: 'secret', NO_COLOR: '1', ...circumstances.environment },
    input,
    output,
    messages,
    canAsk: terminal !== undefined,
    now: () => Date.UTC(2026, 10, 20, 12),
    monotonic: () => ++monotonicMs,
    user: () => 'tester@here',
    version: () => '1.2.3',
    door: repository,
    configuration: circumstances.configuration ?? (() => Promise.reject(new Error('no configuration'))),
    onStop(listener) {
      circumstances.onStart?.(listener);
      return () => {};
    },
    exit(status) {
      throw new Error(`exit ${status}`);
    },
  };
  const status = await runCli(words, host, circumstances.locals ?? []);
  return { status, output: output.text, messages: messages.text };
}
