import { readFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createConfigCommand } from './admin/config/config-command.ts';
import { createDoctorCommand } from './admin/doctor/doctor-command.ts';
import { createSetupCommand } from './admin/setup/setup-command.ts';
import { createManifestCommand } from './bot/slack/manifest-command.ts';
import { asksForJson, type Globals } from './cli/globals.ts';
import type { Host, LocalCommand } from './cli/host.ts';
import { reportUnexpected } from './cli/report-error.ts';
import { runCli } from './cli/run.ts';
import { text } from './commands/field.ts';
import type { ServeHost } from './serve/serve.ts';
import { systemClock } from './shared/clock.ts';
import { ERROR_EXITS } from './shared/errors.ts';
import { systemRandom } from './shared/random.ts';
import type { View } from './view/view.ts';

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

const host: Host & Pick<ServeHost, 'onStop'> = {
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
  configuration: async (file) =>
    (await import('./serve/configured-place.ts')).openConfiguredPlace(file, process.env, readVersion()),
  onStop(listener) {
    for (const signal of STOP_SIGNALS) process.on(signal, listener);
    return () => {
      for (const signal of STOP_SIGNALS) process.off(signal, listener);
    };
  },
  exit: (status) => process.exit(status),
};

/** The bot knows secrets that must not be told, and takes this over. */
let tellOfCrash = (error: unknown): number => reportUnexpected(error, host, asksForJson(process.argv.slice(2)));

const interactive = host.canAsk && process.stdout.isTTY === true;

/** A prompt on the repository that is named. */
async function startPrompt(location: string, globals: Globals): Promise<number> {
  const { runConsole } = await import('./bot/console/run-console.ts');
  const { namedRepository } = await import('./bot/console/console-repository.ts');
  const { passphrases } = await import('./cli/passphrase.ts');
  const repository = namedRepository(location, passphrases(host, globals.passwordFile).current);
  // Once the console reads the terminal, nobody else may ask on it.
  const secrets = passphrases({ ...host, canAsk: false }, globals.passwordFile);
  return runConsole({ ...host, interactive, repository, secrets });
}

/** The bot at this terminal, on a configuration of its own below `folder`. */
async function startConsole(folder: string): Promise<number> {
  const { prepareFirstStart } = await import('./serve/first-start.ts');
  const { consoleGreeting } = await import('./serve/greeting.ts');
  const start = await prepareFirstStart(folder, { door: host.door, random: systemRandom });
  return startServing(start.config, consoleGreeting(start), true);
}

const consoleCommand: LocalCommand = {
  name: 'console',
  summary: 'Open a prompt: the bot with a sample app, or a repository that is named',
  input: { data: text('Where the configuration and all else of the bot are kept', { placeholder: 'DIR' }) },
  run: async ({ data }, globals) => {
    const named = globals.repo ?? (data === undefined ? host.environment.HOLDFAST_REPO : undefined);
    if (named) return startPrompt(named, globals);
    return startConsole(typeof data === 'string' ? resolve(data) : fileURLToPath(new URL('../data', import.meta.url)));
  },
};

/** The bot on the platforms that a configuration names. */
async function startServing(file: string, greeting: View, inFront: boolean): Promise<number> {
  const { serve } = await import('./serve/serve.ts');
  const { engineEnvironment } = await import('./serve/engine-environment.ts');
  const { startEngineProcess } = await import('./jobs/engine-process/start-engine-process.ts');
  const { readProcessIdentity } = await import('./shared/process-identity.ts');
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
    isRead: process.stderr.isTTY === true,
    process: () => ({
      version: readVersion(),
      node: process.version,
      startedMs: systemClock.now() - process.uptime() * 1000,
      memory: process.memoryUsage(),
    }),
    onCrash: (tell) => {
      tellOfCrash = tell;
    },
    onStray: (listener) => void process.on('unhandledRejection', listener),
    startEngine: () => startEngineProcess(environment),
    inFront,
    // A service has no terminal; what it is given as input is no script.
    terminal: interactive || inFront ? { ...host, interactive, user: host.user(), greeting } : undefined,
  });
}

const serveCommand: LocalCommand = {
  name: 'serve',
  summary: 'Run the bot on the platforms that a configuration names',
  input: {
    config: text('Configuration; else HOLDFAST_CONFIG, or holdfast.yaml here', {
      placeholder: 'FILE',
      completes: 'local-path',
    }),
  },
  run: async ({ config }) => {
    const { servingGreeting } = await import('./serve/greeting.ts');
    const file = typeof config === 'string' ? config : (host.environment.HOLDFAST_CONFIG ?? 'holdfast.yaml');
    return startServing(file, servingGreeting(file), false);
  },
};

const manifestCommand = createManifestCommand({
  loadCommands: async () => (await import('./bot/chat/chat-commands.ts')).loadChatCommands(),
  write: (manifest) => void process.stdout.write(manifest),
});

const doctorCommand = createDoctorCommand(host, async () => {
  const { openStore } = await import('./backup/stores/open.ts');
  const { nativeProblem } = await import('./backup/posix/open-posix.ts');
  const { connectIn } = await import('./control/address.ts');
  const { readProcessIdentity } = await import('./shared/process-identity.ts');
  return {
    environment: process.env,
    clock: systemClock,
    random: systemRandom,
    version: readVersion(),
    node: process.version,
    nativeProblem,
    door: host.door,
    openStore,
    identity: readProcessIdentity(),
    isRunning: async (state) => {
      const socket = await connectIn(state);
      socket?.destroy();
      return socket !== undefined;
    },
  };
});

const setupCommand = createSetupCommand({
  ...host,
  random: systemRandom,
  run: (words) => runCli(words, { ...host, output: host.messages }, []),
});

// A promise that nobody waits for is a mistake of the program: it is told in a line, like any other.
process.on('uncaughtException', (error) => {
  let status: number = ERROR_EXITS.internal;
  try {
    status = tellOfCrash(error);
  } finally {
    // Node would print what fails here as it is.
    process.exit(status);
  }
});
// Where somebody wants Node's own reports, they hold no variables: secrets may be among them.
process.report.excludeEnv = true;

// The process ends by itself here: a handle that is left open somewhere must not keep a finished command alive.
process.exit(
  await runCli(process.argv.slice(2), host, [
    consoleCommand,
    serveCommand,
    createConfigCommand(host),
    doctorCommand,
    setupCommand,
    manifestCommand,
  ]),
);
