import type { AnyCommand, Fields } from './command.ts';
import { optionName } from './parse-input.ts';

const REMARK =
  'A bot does it, and the command line is one where none runs: name its configuration with `--config FILE`, or in `HOLDFAST_CONFIG`.';
/** Its asterisks are the shell's own. */
const CRON = /(?:[\d*,/L-]+ ){4}[\d*,/L-]+/;

/** A command that only bots have, as it is typed and explained at a shell. */
export function inShellWords(command: AnyCommand): AnyCommand {
  const { details = [], examples = [], input } = command;
  return {
    ...command,
    details: [...details, REMARK],
    examples: examples.map((example) => shellExample(example, input)),
  };
}

/** `charts sizes source:app` as `charts sizes --source app`. */
function shellExample(example: string, input: Fields): string {
  const options = new Map(Object.entries(input).map(([key, field]) => [optionName(key), field]));
  return example
    .split(' ')
    .map((word) => {
      const [, name = '', value = ''] = /^([a-z][a-z-]*):(.*)$/.exec(word) ?? [];
      const field = options.get(name);
      if (field === undefined) return word;
      return field.kind === 'flag' ? `--${name}` : `--${name} ${value}`;
    })
    .join(' ')
    .replace(CRON, (cron) => `'${cron}'`);
}
