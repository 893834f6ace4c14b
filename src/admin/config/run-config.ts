import { jsonText } from '../../cli/json-output.ts';
import { configJsonSchema } from '../../config/json-schema.ts';
import { parseConfig, readConfigFile } from '../../config/load-config.ts';
import type { Problem } from '../../config/problem.ts';
import { ERROR_EXITS, HoldfastError } from '../../shared/errors.ts';
import { printableText } from '../../shared/printable.ts';
import { good, stack, warning } from '../../view/view.ts';
import { type PrintingHost, print } from '../print.ts';
import { showConfig } from './show-config.ts';

export type ConfigHost = PrintingHost & { messages: PrintingHost['output'] };

/** Each gives the exit status. `file` is the configuration's path. */
export async function validate(file: string, host: PrintingHost, json: boolean): Promise<number> {
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

export async function show(file: string, host: ConfigHost, json: boolean): Promise<number> {
  const { yaml, settings, without } = await showConfig(file);
  if (without !== undefined) {
    host.messages.write(json ? `${jsonText({ type: 'warning', message: without })}\n` : `warning: ${without}\n`);
  }
  if (json) host.output.write(`${jsonText({ file, settings })}\n`);
  else for (const line of yaml.trimEnd().split('\n')) host.output.write(`${printableText(line)}\n`);
  return 0;
}

/** Gives the exit status. */
export function schema(host: ConfigHost): number {
  host.output.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
  return 0;
}
