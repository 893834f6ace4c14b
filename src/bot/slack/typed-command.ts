import type { AnyCommand } from '../../commands/command.ts';
import type { RawInput } from '../../commands/parse-input.ts';
import { closest } from '../../commands/suggest.ts';
import { HoldfastError } from '../../shared/errors.ts';
import type { ChatCommands } from '../chat/chat-commands.ts';
import { parseSaid } from '../said-words.ts';
import { splitWords } from '../split-words.ts';
import { MAIN_COMMAND, wordsOf } from './command-names.ts';

/** What was typed after a slash command. */
export type Typed =
  | { is: 'command'; command: AnyCommand; raw: RawInput }
  /** Only the main command: nothing was chosen yet. */
  | { is: 'nothing' }
  /** No command at all, or one with words that cannot be its own. `name` is what was typed for it. */
  | { is: 'mistake'; name: string; error: HoldfastError };

/** What a slash command with its text means. */
export function readTyped(slash: string, text: string, commands: ChatCommands): Typed {
  const first = wordsOf(slash);
  let name = first.join(' ');
  try {
    const words = [...first, ...splitWords(untouched(text))];
    if (words.length === 0) return { is: 'nothing' };
    const found = findCommand(words, commands);
    name = found?.name ?? words.join(' ');
    const command = commands.all.find((one) => one.name === found?.name);
    if (command === undefined || found === undefined) return { is: 'mistake', name, error: unknown(words, commands) };
    return { is: 'command', command, raw: parseSaid(command.name, command.input, found.rest) };
  } catch (error) {
    if (error instanceof HoldfastError) return { is: 'mistake', name, error };
    throw error;
  }
}

/** What keyboards and Slack make of quotes, dashes and the three escaped characters, undone. */
function untouched(text: string): string {
  return text
    .replace(/[“”„]/g, '"')
    .replace(/[‘’]/g, "'")
    .replace(/(^|\s)—(?=\w)/g, '$1--')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

function findCommand(
  words: readonly string[],
  commands: ChatCommands,
): { name: string; rest: readonly string[] } | undefined {
  for (const length of [2, 1]) {
    const name = words.slice(0, length).join(' ').toLowerCase();
    if (words.length >= length && commands.names().includes(name)) return { name, rest: words.slice(length) };
  }
  return undefined;
}

function unknown(words: readonly string[], commands: ChatCommands): HoldfastError {
  const [typed = '', next] = words;
  const family = commands.names().filter((name) => name.startsWith(`${typed.toLowerCase()} `));
  if (family.length > 0) {
    const others = family.map((name) => name.split(' ')[1]).join(', ');
    const what =
      next === undefined ? `It is not said what to do with ${typed}` : `There is no command ${typed} ${next}`;
    return new HoldfastError('usage', what, { advice: `Add one of: ${others}.` });
  }
  const meant = closest(typed, commands.names());
  return new HoldfastError('usage', `There is no command ${JSON.stringify(typed)}`, {
    advice: meant === undefined ? `Type /${MAIN_COMMAND} help to see all.` : `Did you mean /${MAIN_COMMAND} ${meant}?`,
  });
}
