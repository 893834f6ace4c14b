import type { Globals } from '../../cli/globals.ts';
import type { LocalCommand } from '../../cli/host.ts';
import { jsonText } from '../../cli/json-output.ts';
import { choice, required } from '../../commands/field.ts';
import { configJsonSchema } from '../../config/json-schema.ts';
import { parseConfig, readConfigFile } from '../../config/load-config.ts';
import type { Problem } from '../../config/problem.ts';
import { ERROR_EXITS, HoldfastError } from '../../shared/errors.ts';
import { printableText } from '../../shared/printable.ts';
import { good, stack, warning } from '../../view/view.ts';
import { configFile } from '../config-file.ts';
import { type PrintingHost, print } from '../print.ts';
import { showConfig } from './show-config.ts';

const ACTIONS = ['validate', 'show', 'schema'] as const;

/** `holdfast config validate|show|schema`. */
export function createConfigCommand(host: PrintingHost & { messages: PrintingHost['output'] }): LocalCommand {
  const run = {
    validate: (globals: Globals) => validate(configFile(globals, host), host, globals.json),
    show: (globals: Globals) => show(configFile(globals, host), host, globals.json),
    schema: async (): Promise<number> => {
      host.output.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
      return 0;
    },
  } satisfies Record<(typeof ACTIONS)[number], (globals: Globals) => Promise<number>>;
  return {
    name: 'config',
    summary: 'Check a configuration, show it with every default and where each setting comes from, or print its schema',
    details: [
      '`validate` tells every mistake with line and column, and gives exit status 2 where there is one. `show` prints the configuration with every default and, beside each setting, where it comes from: the file, a default, or a chat. Secrets are shown as references alone. `schema` prints the JSON Schema.',
      'With `--json`: `validate` gives `{file, valid, problems, warnings}`, `show` `{file, settings}`, an array of `{setting, value, from, line, by, at}`.',
    ],
    input: { action: required(choice('What to do: validate, show or schema', ACTIONS, { position: 'ACTION' })) },
    run: ({ action }, globals) => run[action as (typeof ACTIONS)[number]](globals),
  };
}

async function validate(file: string, host: PrintingHost, json: boolean): Promise<number> {
  const content = await readConfigFile(file);
  try {
    const { warnings } = parseConfig(content, file);
    const view = stack(...warnings.map((words) => warning(words)), good(`OK: ${file}`));
    await print(host, json, { file, valid: true, problems: [], warnings }, view);
    return 0;
  } catch (error) {
    if (!(error instanceof HoldfastError) || !Array.isArray(error.details.problems)) throw error;
    const problems = error.details.problems as Problem[];
    const view = stack(...problems.map((problem) => problemView(file, problem)));
    await print(host, json, { file, valid: false, problems, warnings: [] }, view);
    return ERROR_EXITS.config;
  }
}

const problemView = (file: string, { line, column, message, advice }: Problem) =>
  ({
    kind: 'status',
    tone: 'bad',
    text: `${file}:${line}:${column}: ${message}`,
    ...(advice !== undefined && { next: `  ${advice}` }),
  }) as const;

async function show(file: string, host: Parameters<typeof createConfigCommand>[0], json: boolean): Promise<number> {
  const { yaml, settings, without } = await showConfig(file);
  if (without !== undefined) {
    host.messages.write(json ? `${jsonText({ type: 'warning', message: without })}\n` : `warning: ${without}\n`);
  }
  if (json) host.output.write(`${jsonText({ file, settings })}\n`);
  else for (const line of yaml.trimEnd().split('\n')) host.output.write(`${printableText(line)}\n`);
  return 0;
}
