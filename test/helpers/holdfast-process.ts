import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const program = fileURLToPath(new URL('../../bin/holdfast', import.meta.url));

export interface Finished {
  status: number | null;
  output: string;
  messages: string;
}

export interface RunOptions {
  environment?: Record<string, string>;
  input?: string | Buffer;
  folder?: string;
  /** The launcher of another checkout. */
  launcher?: string;
}

/** Starts bin/holdfast with nothing of this process's own configuration. */
export function startHoldfast(
  words: readonly string[],
  { environment = {}, folder, launcher = program }: RunOptions = {},
): ChildProcess {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('HOLDFAST_'));
  const env = { ...Object.fromEntries(inherited), NO_COLOR: '1', ...environment };
  return spawn(launcher, words, { env, cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] });
}

/** Sends a signal to a started process, unless it has ended, and waits for its end; gives the exit status. */
export async function endProcess(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<number | null> {
  if (child === undefined || child.exitCode !== null) return child?.exitCode ?? null;
  const ended = once(child, 'exit');
  child.kill(signal);
  const [status] = await ended;
  return status as number | null;
}

/** Waits for a started process; gives what it wrote. */
export async function finish(child: ChildProcess, input: string | Buffer = ''): Promise<Finished> {
  const gather = async (stream: NodeJS.ReadableStream | null): Promise<string> => {
    const pieces: Buffer[] = [];
    for await (const piece of stream ?? []) pieces.push(Buffer.from(piece));
    return Buffer.concat(pieces).toString('utf8');
  };
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  const [output, messages, [status]] = await Promise.all([
    gather(child.stdout),
    gather(child.stderr),
    once(child, 'close'),
  ]);
  return { status: status as number | null, output, messages };
}

export function holdfast(words: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return finish(startHoldfast(words, options), options.input);
}
