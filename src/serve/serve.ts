import type { ChildProcess } from 'node:child_process';
import { loadChatCommands } from '../bot/chat/chat-commands.ts';
import type { Platform } from '../bot/platform.ts';
import type { LogLine } from '../bot/platform-options.ts';
import { configuredSecrets } from '../config/configured-secrets.ts';
import { loadConfig } from '../config/load-config.ts';
import { resolveSecret } from '../config/secrets.ts';
import type { SecretReference } from '../config/values.ts';
import { diskSpace } from '../jobs/watch/disk-space.ts';
import { PicturePainter } from '../pictures/picture-painter.ts';
import type { Clock } from '../shared/clock.ts';
import { ERROR_EXITS, HoldfastError } from '../shared/errors.ts';
import { printableText } from '../shared/printable.ts';
import type { ProcessIdentity } from '../shared/process-identity.ts';
import type { RandomSource } from '../shared/random.ts';
import { createScrubber } from '../shared/scrub.ts';
import { type Bot, openBot } from './bot.ts';
import { hookEnvironment } from './engine-environment.ts';
import { jobServices, sharedServices } from './engine-services.ts';
import { makePlatforms } from './make-platforms.ts';
import { openTerminal, type TerminalHost } from './open-terminal.ts';

const INTERRUPTED = 130;

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
  onStop(listener: (signal: NodeJS.Signals) => void): () => void;
  startEngine: () => ChildProcess;
  /** Calls `listener` for every failure that nobody waits for: one in a library must not end the bot for everybody else. */
  onStray(listener: (reason: unknown) => void): void;
  /** The terminal, where there is one, for `platforms.console`. */
  terminal: TerminalHost | undefined;
  /** True where the bot was started to be used at that terminal: an interrupt then cancels what runs, and only trouble is told there. */
  inFront: boolean;
}

/**
 * Runs the bot until it is asked to stop.
 *
 * @returns the exit status: 0 when it was stopped, 2 when no platform can ever be reached; in front 1 after a script of which a command failed, 130 when it was interrupted
 * @throws HoldfastError `config`, `locked`, `damaged`, and others from before the bot was up
 */
export async function serve(file: string, host: ServeHost): Promise<number> {
  const { clock, random, version, inFront } = host;
  const config = await loadConfig(file);
  const { references, plain } = configuredSecrets(config);
  const scrub = createScrubber(plain);
  const resolve = async (reference: SecretReference, what: string): Promise<string> => {
    const secret = await resolveSecret(reference, what, host.environment);
    scrub.add(secret);
    return secret;
  };
  let terminal: ReturnType<typeof openTerminal> | undefined;
  // What is written beside a prompt would be painted over.
  const write = (line: string): void => {
    const told = host.terminal?.interactive === true && terminal?.platform.tell(line);
    if (!told) host.write(line);
  };
  const log = ({ level, message }: LogLine): void => {
    if (!inFront || level !== 'info') write(`${level}: ${printableText(scrub(message))}`);
  };
  host.onStray((reason) => log({ level: 'error', message: reason instanceof Error ? reason.message : String(reason) }));
  const passphrase = await resolve(config.repository.passphrase, 'repository.passphrase');
  // A secret is known before the first word is written, not when it is first needed. Whoever needs one that cannot be read says so.
  await Promise.all(references.map(({ reference, what }) => resolve(reference, what).catch(() => {})));
  const commands = await loadChatCommands();
  const painter = new PicturePainter({ clock });
  const platforms = await makePlatforms(
    config,
    { commands, clock, random, log, version, paint: painter.paint },
    resolve,
  );
  let running: Bot | undefined;
  const engine = {
    start: host.startEngine,
    location: config.repository.location,
    passphrase,
    now: clock.now,
    facts: async () => (running === undefined ? {} : { audit: await running.auditHead() }),
  };
  const services = sharedServices(engine);
  const stop = Promise.withResolvers<number>();
  const leave = (status: number): void => {
    // However short a script is, a repository that cannot be opened is told.
    if (inFront && host.terminal?.interactive === false)
      services.repository().then(() => stop.resolve(status), stop.reject);
    else stop.resolve(status);
  };
  const wanted = config.platforms.console ? host.terminal : undefined;
  terminal = wanted && openTerminal(wanted, { commands, onLeave: leave });
  const endStops = host.onStop((signal) => {
    if (!inFront || terminal === undefined) stop.resolve(0);
    else if (signal === 'SIGINT') terminal.platform.interrupt();
    else stop.resolve(INTERRUPTED);
  });
  const bot = await openBot({
    version,
    config,
    commands,
    local: terminal === undefined ? [] : [terminal.person],
    services,
    openJobServices: () => jobServices(engine),
    clock,
    random,
    identity: host.identity,
    scrub,
    hooks: { environment: hookEnvironment(host.environment), resolve },
    diskSpace,
    log,
  });
  running = bot;
  const all = terminal === undefined ? platforms : [...platforms, terminal.platform];
  try {
    for (const message of config.warnings) log({ level: 'warning', message });
    if (bot.owners.none && platforms.length > 0) write(await claimWords(bot, random));
    services.repository().then(
      () => bot.checkAudit().catch(() => log({ level: 'warning', message: 'The audit log could not be checked' })),
      (error: Error) => {
        // Whoever sits in front starts it again; a service waits until the repository is back.
        if (inFront) stop.reject(error);
        else log({ level: 'error', message: `The repository cannot be opened: ${error.message}` });
      },
    );
    await bot.begin();
    void startAll(bot, all, log).then((status) => status !== undefined && stop.resolve(status));
    return await stop.promise;
  } finally {
    endStops();
    await bot.stop(all);
    await painter.close();
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
