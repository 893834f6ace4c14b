import { dispatch, type Execution, type Surface } from '../bot/dispatch.ts';
import type { AnyCommand, CommandSource, Confirmation } from '../commands/command.ts';
import { parseInput } from '../commands/parse-input.ts';
import { optionSection } from '../commands/parts/help-page.ts';
import { commandNames, configuredNames, loadForOperator } from '../commands/registry.ts';
import { repositoryServices } from '../commands/repository-services.ts';
import type { ControlClient } from '../control/control-client.ts';
import { ERROR_EXITS, HoldfastError } from '../shared/errors.ts';
import { renderView } from '../terminal/render.ts';
import { stack, type View } from '../view/view.ts';
import { askOnTerminal } from './confirm.ts';
import { EXIT_STATUSES } from './exit-statuses.ts';
import { asksForJson, type Globals, globalFields } from './globals.ts';
import type { ConfiguredPlace, Host, LocalCommand } from './host.ts';
import { jsonDocument } from './json-output.ts';
import { type Output, openOutput } from './output.ts';
import { passphrases } from './passphrase.ts';
import { absolutePaths, isDoneByBot, placeOf, requirePlace, takesBot } from './place.ts';
import { renderOptions, styleOf } from './render-options.ts';
import { reportError } from './report-error.ts';
import { createReporter, type Reporter } from './reporter.ts';
import { type Request, understand } from './request.ts';
import { watchStops } from './stops.ts';

/** Runs one command line and gives the exit status. Never rejects. */
export async function runCli(words: readonly string[], host: Host, locals: readonly LocalCommand[]): Promise<number> {
  let request: Request;
  const stops = watchStops(host, asksForJson(words));
  const output = openOutput(host, stops.abort);
  try {
    request = await understand(words, locals, host.now());
    const local = locals.find(({ name }) => name === request.command.name);
    if (local !== undefined) {
      stops.end();
      return await local.run(parseInput(local.input, request.raw, { nowMs: host.now() }), request.globals);
    }
    return await runCommand(request, host, locals, output, stops.signal);
  } catch (error) {
    if (output.readerLeft() && !output.isTaken()) return 0;
    return await reportError(error, { host, output, json: asksForJson(words), signal: stops.signal });
  } finally {
    stops.end();
    await output.flush();
  }
}

async function runCommand(
  { command, globals, raw }: Request,
  host: Host,
  locals: readonly LocalCommand[],
  output: Output,
  signal: AbortSignal,
): Promise<number> {
  if (globals.version) {
    await output.write(`${host.version()}\n`);
    return 0;
  }
  const reporter = createReporter(host, { ...globals, style: styleOf(host, host.messages) });
  const place = await placeOf(globals, host);
  const asked = { command: command as AnyCommand, raw, globals };
  const bot = await place?.connect();
  try {
    if (bot !== undefined && isDoneByBot(asked.command, raw)) {
      return await runInBot(bot, asked, { host, output, reporter, signal });
    }
    requirePlace(asked.command, place);
    const here = { host, locals, output, reporter, signal, place };
    return bot === undefined ? await runHere(asked, here) : await runAnnounced(bot, asked, here);
  } finally {
    reporter.clear();
    await bot?.close();
  }
}

interface Asked {
  command: AnyCommand;
  raw: Request['raw'];
  globals: Globals;
}

interface Circumstances {
  host: Host;
  output: Output;
  reporter: Reporter;
  signal: AbortSignal;
}

/** The bot does it, with what it remembers, one writer for each source, and its audit log; here it is asked and shown. */
async function runInBot(
  bot: ControlClient,
  { command, raw, globals }: Asked,
  { host, output, reporter, signal }: Circumstances,
): Promise<number> {
  const execution = await bot.run(
    {
      user: host.user(),
      command: command.name,
      raw: absolutePaths(command, raw),
      answered: globals.yes,
      wants: globals.json ? 'result' : 'view',
    },
    { onProgress: reporter.progress, onWarning: reporter.warn, signal, ...askOf(host, reporter) },
  );
  return finish(execution, globals, { host, output, reporter });
}

/** What the bot does not do is done here, and noted there. */
async function runAnnounced(bot: ControlClient, asked: Asked, here: Parameters<typeof runHere>[1]): Promise<number> {
  const { command, raw } = asked;
  const end = await bot.announce({ user: here.host.user(), command: command.name, raw });
  try {
    const status = await runHere(asked, here);
    await end('completed', status === 0 ? undefined : `exit status ${status}`);
    return status;
  } catch (error) {
    await end(here.signal.aborted ? 'cancelled' : 'failed', error instanceof Error ? error.message : String(error));
    throw error;
  }
}

async function runHere(
  { command, raw, globals }: Asked,
  {
    host,
    locals,
    output,
    reporter,
    signal,
    place,
  }: Circumstances & { locals: readonly LocalCommand[]; place: ConfiguredPlace | undefined },
): Promise<number> {
  const secrets = passphrases(host, globals.passwordFile);
  const services = repositoryServices({
    door: host.door,
    location: () => place?.location ?? repositoryOf(globals, host),
    secrets: place === undefined || globals.passwordFile ? secrets : { ...secrets, current: place.passphrase },
    onWarning: reporter.warn,
    now: host.now,
    standardInput: () => host.input,
    standardOutput: () => output.take(),
  });
  try {
    if (place !== undefined && takesBot(command, raw)) {
      return await runAsBot(place, services, { command, raw, globals }, { host, output, reporter, signal });
    }
    const identity = { name: host.user(), access: 'owner' } as const;
    const invocation = { command, raw, identity, answered: globals.yes, signal };
    const surface: Surface = {
      commands: commandSource(locals),
      guided: false,
      bot: place && { configured: place.configured, auditFolder: place.auditFolder },
      onProgress: reporter.progress,
      onWarning: reporter.warn,
      ...askOf(host, reporter),
    };
    return await finish(await dispatch(invocation, surface, services), globals, { host, output, reporter });
  } finally {
    reporter.clear();
    await services.close();
  }
}

/** No bot runs, and the command belongs into what one remembers: this process is one as long as it takes. */
async function runAsBot(
  place: ConfiguredPlace,
  services: ReturnType<typeof repositoryServices>,
  { command, raw, globals }: Asked,
  { host, output, reporter, signal }: Circumstances,
): Promise<number> {
  const bot = await place.becomeBot(services, reporter.warn);
  try {
    const asked = { user: host.user(), command: command.name, raw: absolutePaths(command, raw), answered: globals.yes };
    const surface = { onProgress: reporter.progress, onWarning: reporter.warn, signal, ...askOf(host, reporter) };
    return await finish(await bot.run(asked, surface), globals, { host, output, reporter });
  } finally {
    await bot.close();
  }
}

type Shown = Pick<Execution, 'outcome'> & { result: object | undefined; view: View | undefined };

async function finish(
  execution: Shown | undefined,
  globals: Globals,
  { host, output, reporter }: Omit<Circumstances, 'signal'>,
): Promise<number> {
  reporter.clear();
  if (execution === undefined) throw new HoldfastError('refused', 'Cancelled; nothing was changed');
  await print(execution, globals, host, output);
  return execution.outcome === undefined ? 0 : ERROR_EXITS[execution.outcome];
}

function repositoryOf({ repo }: Globals, { environment }: Host): string {
  const location = repo ?? environment.HOLDFAST_REPO;
  if (location) return location;
  throw new HoldfastError('usage', 'It is not said which repository is meant', {
    advice: 'Use --repo R or the variable HOLDFAST_REPO.',
  });
}

/** Where nobody can answer, there is nothing to ask with. */
function askOf(host: Host, reporter: Reporter): Pick<Surface, 'ask'> {
  if (!host.canAsk) return {};
  return {
    ask: (confirmation: Confirmation) => {
      reporter.clear();
      return askOnTerminal(host, confirmation, renderOptions(host, host.messages));
    },
  };
}

function commandSource(locals: readonly LocalCommand[]): CommandSource {
  const rows = locals.map(({ name, summary }) => ({ name, summary }));
  return {
    form: 'shell',
    names: () => commandNames,
    configuredNames: () => configuredNames,
    // What is explained is what both kinds have.
    load: async (name) =>
      (await loadForOperator(name)) ?? (locals.find((local) => local.name === name) as AnyCommand | undefined),
    sections: [
      { title: 'Only here', rows },
      optionSection('Options of every command', globalFields),
      { title: 'Exit status', rows: EXIT_STATUSES.map(([status, summary]) => ({ name: String(status), summary })) },
    ],
  };
}

/** A result goes to standard output, unless a command's own output went there. */
async function print({ result, view }: Shown, { json }: Globals, host: Host, output: Output): Promise<void> {
  const stream = output.isTaken() ? host.messages : host.output;
  const pieces = json ? jsonDocument(result ?? {}) : renderView(view ?? stack(), renderOptions(host, stream));
  for await (const piece of pieces) {
    if (output.isTaken()) host.messages.write(piece);
    else await output.write(piece);
  }
}
