import type { Services } from '../../commands/command.ts';
import { type EngineDoor, repositoryServices, type Secrets } from '../../commands/repository-services.ts';
import { HoldfastError } from '../../shared/errors.ts';
import { printableText } from '../../shared/printable.ts';
import { chooseStyle } from '../../terminal/style.ts';
import { complete } from '../complete.ts';
import { openCandidates } from './candidates.ts';
import type { ConsoleRepository } from './console-repository.ts';
import type { Screen, ScreenStreams } from './screen.ts';
import { openScriptScreen } from './script-screen.ts';
import { consoleCommands, PROMPT, Session } from './session.ts';
import { openTerminalScreen } from './terminal-screen.ts';

export interface ConsoleOptions extends ScreenStreams {
  /** True where input and output are a terminal; else the input is a script. */
  interactive: boolean;
  environment: Readonly<Record<string, string | undefined>>;
  repository: ConsoleRepository;
  /** For passphrases other than the repository's own. */
  secrets: Secrets;
  door: EngineDoor;
  user: () => string;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Milliseconds that never go back. */
  monotonic: () => number;
  /** Calls the listener for every request to stop that does not come through the terminal's keys. */
  onStop: (listener: () => void) => () => void;
  /** Ends the process at once. */
  exit: (status: number) => never;
  messages: NodeJS.WritableStream;
}

const INTERRUPTED = 130;

/** Runs the console until its input ends. Exit status: 0; a script gives 1 when any command failed; 130 when interrupted. */
export async function runConsole(options: ConsoleOptions): Promise<number> {
  const services = openServices(options);
  // Before the terminal is read by lines: a passphrase may have to be asked for, and a wrong one ends the console.
  await services.repository();
  try {
    return await converse(options, services);
  } finally {
    await services.close();
  }
}

async function converse(options: ConsoleOptions, services: Services): Promise<number> {
  const { repository, monotonic, interactive } = options;
  const style = chooseStyle(interactive, options.environment);
  const screen = openScreen(options, services, (halfTyped) => stop(halfTyped));
  const identity = { name: options.user(), access: 'owner' } as const;
  const session = new Session({ screen, services, identity, style, monotonic });
  let stoppedAtLine: number | undefined;
  let interrupted = false;
  const leave = (): void => {
    interrupted = true;
    screen.close();
    if (session.isRunning()) options.exit(INTERRUPTED);
  };
  const stop = (halfTyped: boolean): void => {
    if (halfTyped || session.cancel()) {
      stoppedAtLine = undefined;
      return;
    }
    if (interactive && !session.isRunning() && stoppedAtLine !== session.linesRead) {
      stoppedAtLine = session.linesRead;
      screen.print('Ctrl-C once more leaves; so does /quit.\n');
      return;
    }
    leave();
  };
  const endStops = options.onStop(() => {
    if (!session.cancel()) leave();
  });
  try {
    await session.show(repository.greeting);
    const failures = await session.run();
    if (interrupted) return INTERRUPTED;
    return failures > 0 && !interactive ? 1 : 0;
  } finally {
    endStops();
    screen.close();
  }
}

function openServices({
  door,
  repository,
  secrets,
  now,
  messages,
}: ConsoleOptions): ReturnType<typeof repositoryServices> {
  const unavailable = (): never => {
    throw new HoldfastError('usage', 'The console has no pipes for content', {
      advice: 'Name a file, or use the command line.',
    });
  };
  return repositoryServices({
    door,
    location: () => repository.location,
    secrets: { ...secrets, current: repository.passphrase },
    onWarning: (message) => messages.write(`warning: ${printableText(message)}\n`),
    now,
    standardInput: unavailable,
    standardOutput: unavailable,
  });
}

function openScreen(options: ConsoleOptions, services: Services, stop: (halfTyped: boolean) => void): Screen {
  if (!options.interactive) return openScriptScreen(options);
  const candidates = openCandidates(services, consoleCommands);
  return openTerminalScreen({
    ...options,
    now: options.monotonic,
    prompt: PROMPT,
    onInterrupt: stop,
    async complete(line) {
      const words = line.replace(/^\s*\//, '').split(/\s+/);
      const partial = words.pop() ?? '';
      const found = await complete(consoleCommands, words, partial, candidates);
      const slash = words.length === 0 && line.trimStart().startsWith('/') ? '/' : '';
      const shown = found.map((candidate) => (candidate.endsWith('/') ? candidate : `${candidate} `));
      return [shown.map((candidate) => slash + candidate), slash + partial];
    },
  });
}
