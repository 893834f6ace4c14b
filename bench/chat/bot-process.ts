import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { getPriority, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../bin/holdfast', import.meta.url));
const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 30_000;
/** How far the measuring side goes before everything that it measures. */
const AHEAD = 5;

/** Goes before the bot, so that what is measured is the bot. False where that takes rights that this process does not have. */
export function goAhead(): boolean {
  try {
    setPriority(getPriority() - AHEAD);
    return true;
  } catch {
    return false;
  }
}

export interface BotProcess {
  /** Resolves once it has written this. */
  says(words: string): Promise<void>;
  stop(): Promise<void>;
}

/** `bin/holdfast serve`, at the priority that the bench itself was started with. */
export function startBot(config: string, environment: Readonly<Record<string, string>>, isAhead: boolean): BotProcess {
  const words = [PROGRAM, 'serve', '--config', config];
  const [program = '', ...args] = isAhead ? ['nice', '-n', String(AHEAD), ...words] : words;
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('HOLDFAST_'));
  const env = { ...Object.fromEntries(inherited), ...environment };
  const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (piece) => {
    said += piece;
  });
  return {
    async says(wanted) {
      const endMs = performance.now() + READY_WITHIN_MS;
      while (!said.includes(wanted)) {
        if (hasEnded(child) || performance.now() > endMs) throw new Error(`The bot never said "${wanted}": ${said}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    async stop() {
      if (hasEnded(child)) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
      await ended;
      clearTimeout(late);
    },
  };
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;
