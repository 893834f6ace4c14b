import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { abortError, throwIfAborted } from '../../../shared/abort.ts';
import { HoldfastError, systemCode } from '../../../shared/errors.ts';
import { printableText } from '../../../shared/printable.ts';
import { TailBuffer } from '../../../shared/tail-buffer.ts';

export interface CommandOptions {
  /** The program and its arguments. No shell looks at them. */
  argv: readonly string[];
  signal?: AbortSignal | undefined;
  /** The whole environment of the command; absent: that of this process. */
  env?: Record<string, string>;
}

export interface RunningCommand {
  /**
   * What it prints, read only as fast as it is consumed. After the last bytes it waits for `finished` and throws its error, so that the output of
   * a failed command never looks complete. Leaving the loop early ends the command.
   */
  stdout: AsyncIterable<Uint8Array>;
  /**
   * Resolves when the command ended with status 0. Rejects with `command_failed` (status, signal or why it could not start, and the end of its
   * standard error), or with the signal's error once all of its process group is gone. It need not be awaited where `stdout` is.
   */
  finished: Promise<void>;
}

const STDERR_BYTES = 4096;
/** How long a command may take to end by itself after SIGTERM. */
const GRACE_MS = 3_000;
const LAST_WORDS_MS = 500;

/**
 * Runs a program in a process group of its own, without input. Through node:child_process and not through execa: a process group has to be ended as
 * a whole, which execa leaves to its caller, and loading it takes 70 ms of every start.
 */
export function runCommand(options: CommandOptions): RunningCommand {
  const { argv, signal, env } = options;
  throwIfAborted(signal);
  const [program = '', ...rest] = argv;
  if (program === '') {
    throw new HoldfastError('usage', 'There is no command to run.', { advice: "Put one after '--'." });
  }
  const child = start(program, rest, env);
  const stderr = new TailBuffer(STDERR_BYTES);
  child.stderr?.on('data', (bytes: Buffer) => stderr.add(bytes));
  const end = () => endGroup(child);
  signal?.addEventListener('abort', end, { once: true });
  const finished = ended(child, program)
    .finally(() => signal?.removeEventListener('abort', end))
    .then(({ status, killedBy }) => {
      if (signal?.aborted) throw abortError(signal);
      if (status !== 0) throw failure(program, status, killedBy, stderr);
    });
  // Whoever reads the output is told there; nobody else has to listen.
  finished.catch(() => {});
  return { stdout: output(child, finished), finished };
}

function start(program: string, rest: string[], env: Record<string, string> | undefined): ChildProcess {
  try {
    return spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, env });
  } catch (error) {
    throw startFailure(program, error);
  }
}

async function* output(child: ChildProcess, finished: Promise<void>): AsyncGenerator<Uint8Array> {
  let complete = false;
  try {
    // Where the program could not start there may be no pipe either.
    if (child.stdout !== null && child.stdout !== undefined) yield* child.stdout;
    complete = true;
    await finished;
  } finally {
    if (!complete) endGroup(child);
  }
}

/** Waits for the end of the program, and where it failed for the rest of what it said. */
async function ended(
  child: ChildProcess,
  program: string,
): Promise<{ status: number | null; killedBy: NodeJS.Signals | null }> {
  const end = await new Promise<{ status: number | null; killedBy: NodeJS.Signals | null }>((resolve, reject) => {
    child.once('error', (error) => reject(startFailure(program, error)));
    child.once('exit', (status, killedBy) => resolve({ status, killedBy }));
  });
  if (end.status !== 0) {
    signalGroup(child, 'SIGKILL');
    // A process that left the group may hold standard error open for ever.
    const stderr = child.stderr as Readable;
    if (!stderr.closed) await Promise.race([once(stderr, 'close'), delay(LAST_WORDS_MS, undefined, { ref: false })]);
  }
  return end;
}

/** SIGTERM to the whole process group, SIGKILL to what is left of it when the program has ended or the grace is over. */
function endGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), GRACE_MS);
  child.once('exit', () => {
    clearTimeout(timer);
    signalGroup(child, 'SIGKILL');
  });
  signalGroup(child, 'SIGTERM');
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-(child.pid as number), signal);
  } catch (error) {
    if (systemCode(error) !== 'ESRCH') throw error;
  }
}

/** Arguments may be secrets, so only the program is named. */
function failure(program: string, status: number | null, killedBy: string | null, stderr: TailBuffer): HoldfastError {
  const how = status === null ? `was ended by ${killedBy}` : `failed with exit status ${status}`;
  const said = stderr.lines().map((line) => `\n  ${printableText(line)}`);
  const message = `The command '${printableText(program)}' ${how}${said.length > 0 ? ` and said:${said.join('')}` : '.'}`;
  return new HoldfastError('command_failed', message, {
    advice: 'Run the command by itself, repair what it reports, and back up again: nothing was kept of its output.',
    details: { status, signal: killedBy },
  });
}

function startFailure(program: string, error: unknown): HoldfastError {
  const code = systemCode(error);
  const shown = `The command '${printableText(program)}'`;
  if (code === 'ENOENT') {
    return new HoldfastError('command_failed', `${shown} was not found.`, {
      advice: 'Check its spelling and PATH, or give its absolute path.',
      cause: error,
    });
  }
  if (code === 'EACCES') {
    return new HoldfastError('command_failed', `${shown} may not be executed.`, {
      advice: 'Make it executable (chmod +x), or name the program that runs it.',
      cause: error,
    });
  }
  return new HoldfastError('command_failed', `${shown} could not be started: ${code ?? String(error)}.`, {
    cause: error,
  });
}
