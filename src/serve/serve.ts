import type { ChildProcess } from 'node:child_process';
import { loadChatCommands } from '../bot/chat/chat-commands.ts';
import type { Platform } from '../bot/platform.ts';
import type { LogLine } from '../bot/platform-options.ts';
import { loadConfig } from '../config/load-config.ts';
import { resolveSecret } from '../config/secrets.ts';
import type { SecretReference } from '../config/values.ts';
import type { Clock } from '../shared/clock.ts';
import { ERROR_EXITS, HoldfastError } from '../shared/errors.ts';
import { printableText } from '../shared/printable.ts';
import type { ProcessIdentity } from '../shared/process-identity.ts';
import type { RandomSource } from '../shared/random.ts';
import { createScrubber } from '../shared/scrub.ts';
import { type Bot, openBot } from './bot.ts';
import { jobServices, sharedServices } from './engine-services.ts';
import { makePlatforms } from './make-platforms.ts';
import { openTerminal, type TerminalHost } from './open-terminal.ts';

/** The process that the bot runs in. */
export interface ServeHost {
  environment: Readonly<Record<string, string | undefined>>;
  clock: Clock;
  random: RandomSource;
  identity: ProcessIdentity;
  version: string;
  /** Writes one line for whoever runs the process. */
  write: (line: string) => void;
  /** Calls `listener` for every request to stop until the returned function is called. */
  onStop(listener: () => void): () => void;
  startEngine: () => ChildProcess;
  /** Calls `listener` for every failure that nobody waits for: one in a library must not end the bot for everybody else. */
  onStray(listener: (reason: unknown) => void): void;
  /** The terminal, where there is one, for `platforms.console`. */
  terminal: TerminalHost | undefined;
}

/**
 * Runs the bot until it is asked to stop.
 *
 * @returns the exit status: 0 when it was stopped, 2 when no platform can ever be reached
 * @throws HoldfastError `config`, `locked`, `damaged`, and others from before the bot was up
 */
export async function serve(file: string, host: ServeHost): Promise<number> {
  const { clock, random, version, write } = host;
  const config = await loadConfig(file);
  const secrets: string[] = [];
  const resolve = async (reference: SecretReference, what: string): Promise<string> => {
    const secret = await resolveSecret(reference, what, host.environment);
    secrets.push(secret);
    return secret;
  };
  const log = ({ level, message }: LogLine): void =>
    write(`${level}: ${printableText(createScrubber(secrets)(message))}`);
  host.onStray((reason) => log({ level: 'error', message: reason instanceof Error ? reason.message : String(reason) }));
  const passphrase = await resolve(config.repository.passphrase, 'repository.passphrase');
  const commands = await loadChatCommands();
  const platforms = await makePlatforms(config, { commands, clock, random, log, version }, resolve);
  const engine = { start: host.startEngine, location: config.repository.location, passphrase, now: clock.now };
  const services = sharedServices(engine);
  const stop = Promise.withResolvers<number>();
  const wanted = config.platforms.console ? host.terminal : undefined;
  const terminal = wanted && openTerminal(wanted, { commands, onLeave: () => stop.resolve(0) });
  const endStops = host.onStop(() => stop.resolve(0));
  const bot = await openBot({
    config,
    commands,
    local: terminal === undefined ? [] : [terminal.person],
    services,
    openJobServices: () => jobServices(engine),
    clock,
    random,
    identity: host.identity,
    scrub: createScrubber(secrets),
    log,
  });
  const all = terminal === undefined ? platforms : [...platforms, terminal.platform];
  try {
    for (const message of config.warnings) log({ level: 'warning', message });
    if (bot.owners.none && platforms.length > 0) write(await claimWords(bot, random));
    services
      .repository()
      .catch((error: Error) => log({ level: 'error', message: `The repository cannot be opened: ${error.message}` }));
    void startAll(bot, all, log).then((status) => status !== undefined && stop.resolve(status));
    return await stop.promise;
  } finally {
    endStops();
    await bot.stop(all);
  }
}

async function claimWords({ owners }: Bot, random: RandomSource): Promise<string> {
  const code = await owners.issueCode(random);
  return `No owner is configured. Whoever sends this to the bot within an hour owns it: /claim ${code}`;
}

/** Starts platforms independently of each other. Gives an exit status once none of them can ever be reached. */
async function startAll(
  bot: Bot,
  platforms: readonly Platform[],
  log: (line: LogLine) => void,
): Promise<number | undefined> {
  if (platforms.length === 0) {
    log({ level: 'error', message: 'There is no platform to listen on: the console needs a terminal' });
    return ERROR_EXITS.config;
  }
  const outcomes = await Promise.all(
    platforms.map(async (platform) => {
      try {
        await bot.start(platform);
        return true;
      } catch (error) {
        const advice = error instanceof HoldfastError ? ` ${error.advice ?? ''}` : '';
        log({
          level: 'error',
          message: `${platform.name}: ${error instanceof Error ? error.message : error}.${advice}`,
        });
        return false;
      }
    }),
  );
  return outcomes.includes(true) ? undefined : ERROR_EXITS.config;
}
