import { spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { endedChildrenCpuMs, readTreeMemory } from './process-tree.ts';

/** What to run. Without `cwd` it runs in the folder of the bench. */
export interface Command {
  readonly argv: readonly string[];
  readonly cwd?: string;
}

/** What one command took. */
export interface Measurement {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakBytes: number;
}

const sampleEveryMs = 20;

/**
 * Runs a command alone and measures it. Its output goes to `logFile`. Wall time is from the start of the process
 * to its end; processor time is that of the command and every descendant that was waited for; peak memory is the
 * larger of the sampled sum over the tree (every 20 ms) and the kernel's own highest mark of any one process.
 * Throws an Error with the end of the output when the command does not end with status 0. Run one at a time.
 */
export async function measure(
  command: Command,
  environment: Readonly<Record<string, string>>,
  logFile: string,
): Promise<Measurement> {
  // What earlier commands left to be written must not slow this one down.
  spawnSync('sync');
  const output = openSync(logFile, 'a');
  const cpuBefore = endedChildrenCpuMs();
  try {
    const { status, wallMs, peakBytes } = await runSampled(command, environment, output);
    if (status !== 0) throw new Error(`${command.argv.join(' ')} ended with ${status}: ${tailOf(logFile)}`);
    return { wallMs, cpuMs: endedChildrenCpuMs() - cpuBefore, peakBytes };
  } finally {
    closeSync(output);
  }
}

interface Ended {
  readonly status: number | string;
  readonly wallMs: number;
  readonly peakBytes: number;
}

function runSampled(command: Command, environment: Readonly<Record<string, string>>, output: number): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const [program, ...args] = command.argv as [string, ...string[]];
    const started = performance.now();
    const child = spawn(program, args, { cwd: command.cwd, env: environment, stdio: ['ignore', output, output] });
    let peakBytes = 0;
    const sampler = setInterval(() => {
      const memory = readTreeMemory(child.pid as number);
      peakBytes = Math.max(peakBytes, memory.residentBytes, memory.highestBytes);
    }, sampleEveryMs);
    child.once('error', (error) => {
      clearInterval(sampler);
      reject(error);
    });
    child.once('exit', (code, signal) => {
      const wallMs = performance.now() - started;
      clearInterval(sampler);
      resolve({ status: code ?? String(signal), wallMs, peakBytes });
    });
  });
}

function tailOf(logFile: string): string {
  return readFileSync(logFile, 'utf8').trim().split('\n').slice(-15).join('\n');
}
