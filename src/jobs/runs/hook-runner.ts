import { execa } from 'execa';
import { isLikelySecret } from '../../config/configured-secrets.ts';
import type { Hook } from '../../config/unattended.ts';
import type { SecretReference } from '../../config/values.ts';
import type { Clock } from '../../shared/clock.ts';
import { formatDuration } from '../../shared/durations.ts';
import { HoldfastError, systemCode } from '../../shared/errors.ts';
import { printableText } from '../../shared/printable.ts';
import { createScrubber } from '../../shared/scrub.ts';
import { TailBuffer } from '../../shared/tail-buffer.ts';

/** When a hook runs. */
export type HookTime = 'before' | 'after';

/** What a hook is told, as variables. */
export interface HookFacts {
  HOLDFAST_SOURCE: string;
  HOLDFAST_TRIGGER: string;
  HOLDFAST_STATUS?: string;
  HOLDFAST_SNAPSHOT?: string;
  HOLDFAST_ERROR?: string;
}

export interface HookParts {
  /** What hooks see of the bot's variables. */
  environment: Readonly<Record<string, string>>;
  /** @throws HoldfastError `config` where the secret is missing */
  resolve: (reference: SecretReference, what: string) => Promise<string>;
  clock: Clock;
}

const OUTPUT_BYTES = 4096;
/** From SIGTERM to SIGKILL. */
const GRACE_MS = 5000;
/** What a hook leaves running in the background may hold its output open for ever. */
const LAST_WORDS_MS = 500;

/**
 * Runs a hook in a process group of its own, without input, and without a shell unless it asks for one. Where it takes too long, or `signal` is aborted, the whole group is
 * ended.
 *
 * @throws HoldfastError `command_failed` with the end of what it said, secrets taken out; `timed_out`; `config` where a secret is missing
 */
export async function runHook(
  hook: Hook,
  { time, facts, signal }: { time: HookTime; facts: HookFacts; signal?: AbortSignal | undefined },
  { environment, resolve, clock }: HookParts,
): Promise<void> {
  const what = `The hook ${time} a backup of ${facts.HOLDFAST_SOURCE}`;
  const { variables, secrets } = await variablesOf(hook, `sources.${facts.HOLDFAST_SOURCE}.hooks.${time}.env`, resolve);
  signal?.throwIfAborted();
  const [program = '', ...words] = hook.command;
  const said = new TailBuffer(OUTPUT_BYTES);
  const running = execa(program, words, {
    shell: hook.shell,
    env: { ...environment, ...facts, ...variables },
    extendEnv: false,
    stdin: 'ignore',
    all: true,
    buffer: false,
    reject: false,
    timeout: hook.timeoutMs,
    killDescendants: true,
    forceKillAfterDelay: GRACE_MS,
    ...(signal !== undefined && { cancelSignal: signal }),
  });
  running.all.on('data', (bytes: Buffer) => said.add(bytes));
  running.nodeChildProcess.once('exit', () => {
    void clock.sleep(LAST_WORDS_MS, undefined, { background: true }).then(() => {
      running.stdout.destroy();
      running.stderr.destroy();
    });
  });
  const { exitCode, timedOut, isCanceled, signal: killedBy, code } = await running;
  if (timedOut || isCanceled) endRest(running.pid);
  if (isCanceled) signal?.throwIfAborted();
  if (exitCode === 0 && !timedOut) return;
  const lines = said.lines().map((line) => `\n  ${createScrubber(secrets)(printableText(line))}`);
  const tail = lines.length > 0 ? ` and said:${lines.join('')}` : '';
  const advice = 'Run it by itself, and repair what it reports.';
  if (timedOut) {
    throw new HoldfastError('timed_out', `${what} took longer than ${formatDuration(hook.timeoutMs)}${tail}`, {
      advice,
    });
  }
  if (exitCode === undefined && killedBy === undefined) {
    throw new HoldfastError('command_failed', `${what} could not be started: ${startProblem(program, code)}`, {
      advice: 'Give the absolute path of a program that this user may execute.',
    });
  }
  const how = exitCode === undefined ? `was ended by ${killedBy}` : `failed with exit status ${exitCode}`;
  throw new HoldfastError('command_failed', `${what} ${how}${tail}`, { advice });
}

async function variablesOf(
  { env }: Hook,
  what: string,
  resolve: HookParts['resolve'],
): Promise<{ variables: Record<string, string>; secrets: string[] }> {
  const variables: Record<string, string> = {};
  const secrets: string[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (typeof value === 'string') {
      variables[name] = value;
      if (isLikelySecret(value)) secrets.push(value);
      continue;
    }
    variables[name] = await resolve(value, `${what}.${name}`);
    secrets.push(variables[name]);
  }
  return { variables, secrets };
}

/** Processes of the group that have not ended with its first. */
function endRest(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (systemCode(error) !== 'ESRCH') throw error;
  }
}

/** Arguments may be secrets, so only the program is named. */
function startProblem(program: string, code: string | undefined): string {
  const shown = printableText(program);
  if (code === 'ENOENT') return `${shown} was not found`;
  return code === 'EACCES' ? `${shown} may not be executed` : `${shown} (${code ?? 'for an unknown reason'})`;
}
