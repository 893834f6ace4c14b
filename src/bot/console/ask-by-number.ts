import type { Confirmation } from '../../commands/command.ts';
import type { Choice, View } from '../../view/view.ts';
import type { Screen } from './screen.ts';

/**
 * Asks with numbered buttons. Only a line typed after the question counts. A line that begins with `/` is no answer: it cancels
 * and is given back as the next command; so does the end of the input.
 */
export async function askByNumber(
  screen: Screen,
  { question, label }: Confirmation,
  show: (view: View) => Promise<void>,
): Promise<{ confirmed: boolean; command?: string }> {
  const choices: Choice[] = [
    { label, answer: 'go' },
    { label: 'Cancel', answer: 'cancel' },
  ];
  await show({ kind: 'confirm', question, choices });
  for (;;) {
    const line = await screen.readLine('1 or 2> ', true);
    if (line === undefined) return { confirmed: false };
    if (line.trimStart().startsWith('/')) return { confirmed: false, command: line };
    const chosen = choose(choices, line.trim());
    if (chosen !== undefined) return { confirmed: chosen.answer === 'go' };
    await show({ kind: 'text', text: `Type 1 to ${label.toLowerCase()} or 2 to cancel.`, tone: 'quiet' });
  }
}

function choose(choices: readonly Choice[], typed: string): Choice | undefined {
  return choices[Number(typed) - 1] ?? choices.find(({ label }) => label.toLowerCase() === typed.toLowerCase());
}
