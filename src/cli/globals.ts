import { type Field, flag, text } from '../commands/field.ts';
import { optionName } from '../commands/parse-input.ts';

/** Options that every command takes, before or after its name. */
export const globalFields = {
  repo: text('Repository; else HOLDFAST_REPO', { short: 'r', placeholder: 'REPO' }),
  config: text('Configuration of a bot: its repository, its sources, and the bot where it runs; else HOLDFAST_CONFIG', {
    placeholder: 'FILE',
    completes: 'local-path',
  }),
  passwordFile: text('File that holds the passphrase; else HOLDFAST_PASSWORD_FILE, HOLDFAST_PASSWORD, or a prompt', {
    short: 'p',
    placeholder: 'FILE',
  }),
  json: flag('Print one JSON document; progress goes to standard error as a JSON object a line'),
  quiet: flag('Print no progress', { short: 'q' }),
  verbose: flag('Print progress also where standard error is no terminal', { short: 'v' }),
  yes: flag('Answer every question with yes', { short: 'y' }),
  help: flag('Explain the command', { short: 'h' }),
  version: flag('Print the version', { short: 'V' }),
};

export type Globals = { [K in keyof typeof globalFields]: (typeof globalFields)[K] extends Field<infer T> ? T : never };

/** Takes the words up to and without the command's name apart from those after it; `name` is undefined when there is none. */
export function splitCommand(words: readonly string[]): {
  name: string | undefined;
  before: string[];
  after: string[];
} {
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (!word.startsWith('-') || word === '-')
      return { name: word, before: words.slice(0, i), after: words.slice(i + 1) };
    if (takesValue(word)) i++;
  }
  return { name: undefined, before: [...words], after: [] };
}

function takesValue(word: string): boolean {
  return Object.entries(globalFields).some(
    ([key, field]) => field.kind !== 'flag' && (word === `--${optionName(key)}` || word === `-${field.short}`),
  );
}

/** Whether JSON is asked for, also where the words cannot be understood otherwise. */
export function asksForJson(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return words.slice(0, end < 0 ? words.length : end).includes('--json');
}
