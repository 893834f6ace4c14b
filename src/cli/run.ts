import { dispatch, type Execution, type Surface } from '../bot/dispatch.ts';
import type { AnyCommand, CommandSource, Confirmation } from '../commands/command.ts';
import { parseInput } from '../commands/parse-input.ts';
import { optionSection } from '../commands/parts/help-page.ts';
import { commandNames, loadCommand } from '../commands/registry.ts';
import { repositoryServices } from '../commands/repository-services.ts';
import { ERROR_EXITS, HoldfastError } from '../shared/errors.ts';
import { renderView } from '../terminal/render.ts';
import type { RenderOptions } from '../terminal/render-options.ts';
import { chooseStyle } from '../terminal/style.ts';
import { askOnTerminal } from './confirm.ts';
import { EXIT_STATUSES } from './exit-statuses.ts';
import { asksForJson, type Globals, globalFields } from './globals.ts';
import type { Host, LocalCommand, OutputStream } from './host.ts';
import { jsonDocument } from './json-output.ts';
import { type Output, openOutput } from './output.ts';
import { passphrases } from './passphrase.ts';
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
  const services = repositoryServices({
    door: host.door,
    location: () => repositoryOf(globals, host),
    secrets: passphrases(host, globals.passwordFile),
    onWarning: reporter.warn,
    now: host.now,
    standardInput: () => host.input,
    standardOutput: () => output.take(),
  });
  try {
    const identity = { name: host.user(), access: 'owner' } as const;
    const invocation = { command: command as AnyCommand, raw, identity, answered: globals.yes, signal };
    const execution = await dispatch(invocation, surfaceOf(host, locals, reporter), services);
    reporter.clear();
    if (execution === undefined) throw new HoldfastError('refused', 'Cancelled; nothing was changed');
    await print(execution, globals, host, output);
    return execution.outcome === undefined ? 0 : ERROR_EXITS[execution.outcome];
  } finally {
    reporter.clear();
    await services.close();
  }
}

function repositoryOf({ repo }: Globals, { environment }: Host): string {
  const location = repo ?? environment.HOLDFAST_REPO;
  if (location) return location;
  throw new HoldfastError('usage', 'It is not said which repository is meant', {
    advice: 'Use --repo R or the variable HOLDFAST_REPO.',
  });
}

function surfaceOf(host: Host, locals: readonly LocalCommand[], reporter: Reporter): Surface {
  const ask = (confirmation: Confirmation): Promise<boolean> => {
    reporter.clear();
    return askOnTerminal(host, confirmation, renderOptions(host, host.messages));
  };
  return {
    commands: commandSource(locals),
    guided: false,
    onProgress: reporter.progress,
    onWarning: reporter.warn,
    ...(host.canAsk && { ask }),
  };
}

function commandSource(locals: readonly LocalCommand[]): CommandSource {
  const rows = locals.map(({ name, summary }) => ({ name, summary }));
  return {
    form: 'shell',
    names: () => commandNames,
    load: loadCommand,
    sections: [
      { title: 'Only here', rows },
      optionSection('Options of every command', globalFields),
      { title: 'Exit status', rows: EXIT_STATUSES.map(([status, summary]) => ({ name: String(status), summary })) },
    ],
  };
}

/** A result goes to standard output, unless a command's own output went there. */
async function print(execution: Execution, { json }: Globals, host: Host, output: Output): Promise<void> {
  const stream = output.isTaken() ? host.messages : host.output;
  const pieces = json ? jsonDocument(execution.result) : renderView(execution.view, renderOptions(host, stream));
  for await (const piece of pieces) {
    if (output.isTaken()) host.messages.write(piece);
    else await output.write(piece);
  }
}

function styleOf({ environment }: Host, stream: OutputStream): RenderOptions['style'] {
  return chooseStyle(stream.isTTY === true, environment);
}

function renderOptions(host: Host, stream: OutputStream): RenderOptions {
  // Some terminals say that they have no columns: as good as not knowing.
  const columns = (stream.isTTY && stream.columns) || undefined;
  const style = styleOf(host, stream);
  return { style, nowMs: host.now(), columns, commandPrefix: 'holdfast ', rawFiles: !stream.isTTY };
}
