import { readFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { fileURLToPath } from 'node:url';
import { createManifestCommand } from './bot/slack/manifest-command.ts';
import { asksForJson, type Globals } from './cli/globals.ts';
import type { Host, LocalCommand } from './cli/host.ts';
import { reportUnexpected } from './cli/report-error.ts';
import { runCli } from './cli/run.ts';
import { text } from './commands/field.ts';
import { systemClock } from './shared/clock.ts';

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The version in package.json, the only place where it is written. */
function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return (manifest as { version: string }).version;
}

/** Containers run as users that have no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.()}`;
  }
}

const host: Host = {
  environment: process.env,
  input: process.stdin,
  output: process.stdout,
  messages: process.stderr,
  canAsk: process.stdin.isTTY === true && process.stderr.isTTY === true,
  now: systemClock.now,
  monotonic: systemClock.monotonic,
  user: () => `${userName()}@${hostname()}`,
  version: readVersion,
  door: {
    open: async (request) => (await import('./backup/index.ts')).openRepository(request),
    create: async (request) => (await import('./backup/index.ts')).createRepository(request),
  },
  onStop(listener) {
    for (const signal of STOP_SIGNALS) process.on(signal, listener);
    return () => {
      for (const signal of STOP_SIGNALS) process.off(signal, listener);
    };
  },
  exit: (status) => process.exit(status),
};

/** The console on the repository that is named, or else on one of its own in `folder`. */
async function startConsole(folder: string, globals: Globals): Promise<number> {
  const { runConsole } = await import('./bot/console/run-console.ts');
  const { embeddedRepository, namedRepository } = await import('./bot/console/console-repository.ts');
  const { passphrases } = await import('./cli/passphrase.ts');
  const { systemRandom } = await import('./shared/random.ts');
  const named = globals.repo ?? host.environment.HOLDFAST_REPO;
  const repository = named
    ? namedRepository(named, passphrases(host, globals.passwordFile).current)
    : await embeddedRepository(folder, host.door, systemRandom);
  // Once the console reads the terminal, nobody else may ask on it.
  const secrets = passphrases({ ...host, canAsk: false }, globals.passwordFile);
  const interactive = host.canAsk && process.stdout.isTTY === true;
  return runConsole({ ...host, interactive, repository, secrets });
}

const consoleCommand: LocalCommand = {
  name: 'console',
  summary: 'Open a prompt; where no repository is named, on one of its own with a sample app',
  input: { data: text('Where the repository and the sample app of the console are kept', { placeholder: 'DIR' }) },
  run: ({ data }, globals) => {
    const folder = typeof data === 'string' ? data : fileURLToPath(new URL('../data', import.meta.url));
    return startConsole(folder, globals);
  },
};

/** The bot on the platforms that a configuration names. */
async function startServing(file: string): Promise<number> {
  const { serve } = await import('./serve/serve.ts');
  const { engineEnvironment } = await import('./serve/engine-environment.ts');
  const { startEngineProcess } = await import('./jobs/engine-process/start-engine-process.ts');
  const { readProcessIdentity } = await import('./shared/process-identity.ts');
  const { systemRandom } = await import('./shared/random.ts');
  const write = (line: string): void => void process.stderr.write(`${line}\n`);
  const environment = engineEnvironment(process.env);
  return serve(file, {
    environment: process.env,
    clock: systemClock,
    random: systemRandom,
    identity: readProcessIdentity(),
    version: readVersion(),
    write,
    onStop: host.onStop,
    onStray: (listener) => void process.on('unhandledRejection', listener),
    startEngine: () => startEngineProcess(environment),
    terminal:
      host.canAsk && process.stdout.isTTY === true
        ? { ...host, input: process.stdin, output: process.stdout, user: host.user() }
        : undefined,
  });
}

const serveCommand: LocalCommand = {
  name: 'serve',
  summary: 'Run the bot on the platforms that a configuration names',
  input: {
    config: text('Configuration; holdfast.yaml here unless given', { placeholder: 'FILE', completes: 'local-path' }),
  },
  run: ({ config }) => startServing(typeof config === 'string' ? config : 'holdfast.yaml'),
};

const manifestCommand = createManifestCommand({
  loadCommands: async () => (await import('./bot/chat/chat-commands.ts')).loadChatCommands(),
  write: (manifest) => void process.stdout.write(manifest),
});

// A promise that nobody waits for is a mistake of the program: it is told in a line, like any other.
process.on('uncaughtException', (error) => {
  process.exit(reportUnexpected(error, host, asksForJson(process.argv.slice(2))));
});

// The process ends by itself here: a handle that is left open somewhere must not keep a finished command alive.
process.exit(await runCli(process.argv.slice(2), host, [consoleCommand, serveCommand, manifestCommand]));
