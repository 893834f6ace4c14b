import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { loadChatCommands } from '../bot/chat/chat-commands.ts';
import type { Platform } from '../bot/platform.ts';
import type { Config } from '../config/config.ts';
import { configuredSecrets, type NamedReference } from '../config/configured-secrets.ts';
import { loadConfig } from '../config/load-config.ts';
import { resolveSecret } from '../config/secrets.ts';
import type { SecretReference } from '../config/values.ts';
import type { Metric } from '../http/prometheus.ts';
import type { StatusServer } from '../http/status-server.ts';
import { diskSpace } from '../jobs/watch/disk-space.ts';
import { PicturePainter } from '../pictures/picture-painter.ts';
import type { Clock } from '../shared/clock.ts';
import { ERROR_EXITS, HoldfastError } from '../shared/errors.ts';
import type { ProcessIdentity } from '../shared/process-identity.ts';
import type { RandomSource } from '../shared/random.ts';
import { createScrubber } from '../shared/scrub.ts';
import { scrubError } from '../shared/scrub-error.ts';
import { type Bot, openBot } from './bot.ts';
import { botMetrics, type ProcessFacts } from './bot-metrics.ts';
import { hookEnvironment } from './engine-environment.ts';
import { jobServices, sharedServices } from './engine-services.ts';
import { Health } from './health.ts';
import { createLogger, type Log } from './logger.ts';
import { makePlatforms } from './make-platforms.ts';
import { openTerminal, type TerminalHost } from './open-terminal.ts';

const INTERRUPTED = 130;
/** Below `TimeoutStopSec` of the service: an engine process may take 20 s, and a hook what it needs to end. */
const STOP_WITHIN_MS = 60_000;

/** The process that the bot runs in. */
export interface ServeHost {
  environment: Readonly<Record<string, string | undefined>>;
  clock: Clock;
  random: RandomSource;
  identity: ProcessIdentity;
  version: string;
  /** Writes one line for whoever runs the process. */
  write: (line: string) => void;
  /** True where a person reads those lines on a terminal. */
  isRead: boolean;
  /** What of the process is for monitors. */
  process: () => ProcessFacts;
  /** Calls `listener` for every request to stop until the returned function is called. */
  onStop(listener: (signal: NodeJS.Signals) => void): () => void;
  startEngine: () => ChildProcess;
  /** Calls `listener` for every failure that nobody waits for: one in a library must not end the bot for everybody else. */
  onStray(listener: (reason: unknown) => void): void;
  /** From now on `tell` tells of a failure that ends the process, and gives its exit status. */
  onCrash(tell: (error: unknown) => number): void;
  /** The terminal, where there is one, for `platforms.console`. */
  terminal: TerminalHost | undefined;
  /** True where the bot was started to be used at that terminal: an interrupt then cancels what runs, and only trouble is told there. */
  inFront: boolean;
}

/**
 * Runs the bot until it is asked to stop.
 *
 * @returns the exit status: 0 when it was stopped, 2 when there are platforms and none of them can ever be reached; in front 1 after a script of which a command failed, 130 when it was interrupted
 * @throws HoldfastError `config`, `locked`, `damaged`, and others from before the bot was up
 */
export async function serve(file: string, host: ServeHost): Promise<number> {
  const config = await loadConfig(file);
  const { references, plain } = configuredSecrets(config);
  const scrub = createScrubber(plain);
  const resolve = async (reference: SecretReference, what: string): Promise<string> => {
    const secret = await resolveSecret(reference, what, host.environment);
    scrub.add(secret);
    return secret;
  };
  try {
    return await serveOn(config, { host, scrub, resolve, references });
  } catch (error) {
    throw scrubError(error, scrub);
  }
}

interface Secrets {
  scrub: (text: string) => string;
  resolve: (reference: SecretReference, what: string) => Promise<string>;
  references: readonly NamedReference[];
}

async function serveOn(
  config: Config,
  { host, scrub, resolve, references }: Secrets & { host: ServeHost },
): Promise<number> {
  const { clock, random, version, inFront } = host;
  let terminal: ReturnType<typeof openTerminal> | undefined;
  // What is written beside a prompt would be painted over.
  const write = (line: string): void => {
    const told = host.terminal?.interactive === true && terminal?.platform.tell(line);
    if (!told) host.write(line);
  };
  const format = inFront ? 'text' : (config.log.format ?? (host.isRead ? 'text' : 'json'));
  const level = inFront && config.log.level === 'info' ? 'warning' : config.log.level;
  const log = createLogger({ format, level, scrub, now: clock.now, write });
  host.onStray((error) => log({ level: 'error', message: messageOf(error), error }));
  host.onCrash((error) => {
    log({ level: 'error', message: `Unexpected error, the bot ends: ${messageOf(error)}`, error });
    return ERROR_EXITS.internal;
  });
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
  const health = new Health(platforms.map(({ name }) => name));
  const services = health.watched(sharedServices(engine));
  const stop = Promise.withResolvers<number>();
  const leave = (status: number): void => {
    // However short a script is, a repository that cannot be opened is told.
    if (inFront && host.terminal?.interactive === false)
      services.repository().then(() => stop.resolve(status), stop.reject);
    else stop.resolve(status);
  };
  const wanted = config.platforms.console ? host.terminal : undefined;
  terminal = wanted && openTerminal(wanted, { commands, onLeave: leave, pages: join(config.state, 'pages') });
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
    onPlatform: (name, state) => {
      if (platforms.some((one) => one.name === name)) health.platformIs(name, state);
    },
  });
  running = bot;
  const all = terminal === undefined ? platforms : [...platforms, terminal.platform];
  const status = await openStatus(config, { bot, health, host, log });
  try {
    for (const message of config.warnings) log({ level: 'warning', message });
    if (bot.owners.none && platforms.length > 0) log({ level: 'warning', message: await claimWords(bot, random) });
    services.repository().then(
      () => bot.checkAudit().catch(() => log({ level: 'warning', message: 'The audit log could not be checked' })),
      (error: Error) => {
        // Whoever sits in front starts it again; a service waits until the repository is back.
        if (inFront) stop.reject(error);
        else log({ level: 'error', message: `The repository cannot be opened: ${error.message}` });
      },
    );
    await bot.begin();
    void startAll(bot, all, { log, health }).then((status) => status !== undefined && stop.resolve(status));
    return await stop.promise;
  } finally {
    // Whoever asks once more is not heard any more: the process ends at once, as the system has it.
    endStops();
    health.stopping();
    await stopInTime(bot, all, { clock, log });
    await status?.close();
    await painter.close();
  }
}

/** Without it the bot works as well: a port in use is told, and no more. */
async function openStatus(
  { unattended: { http, storage }, sources }: Config,
  { bot, health, host, log }: { bot: Bot; health: Health; host: ServeHost; log: Log },
): Promise<StatusServer | undefined> {
  if (http === undefined) return undefined;
  const { openStatusServer } = await import('../http/status-server.ts');
  const metrics = (): Metric[] =>
    botMetrics(bot.facts, {
      sources: sources.map(({ name }) => name),
      capBytes: storage.capBytes,
      platforms: health.platforms,
      process: host.process(),
    });
  try {
    const server = await openStatusServer(http, { readiness: () => health.readiness(), metrics });
    log({ level: 'info', message: `Health and metrics are on ${server.address}` });
    return server;
  } catch (error) {
    log({ level: 'error', message: wordsOf(error) });
    return undefined;
  }
}

/** Jobs clean up and are written down; what hangs is told as interrupted by the next start. */
async function stopInTime(
  bot: Bot,
  platforms: readonly Platform[],
  { clock, log }: { clock: Clock; log: Log },
): Promise<void> {
  const inTime = new AbortController();
  const late = clock.sleep(STOP_WITHIN_MS, inTime.signal, { background: true }).then(
    () => log({ level: 'error', message: `What runs did not end within ${STOP_WITHIN_MS / 1000} s and is left` }),
    () => {},
  );
  await Promise.race([bot.stop(platforms).finally(() => inTime.abort(new Error('stopped'))), late]);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What happened, and what to do about it. */
function wordsOf(error: unknown): string {
  const advice = error instanceof HoldfastError ? error.advice : undefined;
  return [messageOf(error), advice].filter(Boolean).join('. ');
}

async function claimWords({ owners }: Bot, random: RandomSource): Promise<string> {
  const code = await owners.issueCode(random);
  return `No owner is configured. Whoever sends this to the bot within an hour owns it: /claim ${code}`;
}

/** Starts platforms independently of each other. Gives an exit status once none of those that there are can ever be reached. */
async function startAll(
  bot: Bot,
  platforms: readonly Platform[],
  { log, health }: { log: Log; health: Health },
): Promise<number | undefined> {
  if (platforms.length === 0) {
    log({
      level: 'warning',
      message: 'No chat is configured and there is no terminal: what is scheduled runs, and is told in this log alone',
    });
    return undefined;
  }
  const outcomes = await Promise.all(
    platforms.map(async (platform) => {
      try {
        await bot.start(platform);
        return true;
      } catch (error) {
        health.platformIs(platform.name, 'refused');
        log({ level: 'error', message: `${platform.name}: ${wordsOf(error)}`, platform: platform.name });
        return false;
      }
    }),
  );
  return outcomes.includes(true) ? undefined : ERROR_EXITS.config;
}
