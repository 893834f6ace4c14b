import type { CommandSource } from '../../commands/command.ts';
import { loadWhole } from '../../commands/registry.ts';
import type { ButtonPurpose } from '../../state/document.ts';
import type { View } from '../../view/view.ts';
import { splitWords } from '../split-words.ts';
import { parseWords } from '../text-grammar.ts';

/** A View whose actions became something to press. */
export interface Acted {
  view: View;
  actions: { label: string; purpose: ButtonPurpose }[];
}

/** Takes the actions that can be pressed here out of a View. Others stay, for people to type elsewhere. */
export async function takeActions(view: View, commands: CommandSource): Promise<Acted> {
  if (view.kind === 'stack') {
    const parts = await Promise.all(view.views.map((part) => takeActions(part, commands)));
    return {
      view: { kind: 'stack', views: parts.map((part) => part.view) },
      actions: parts.flatMap(({ actions }) => actions),
    };
  }
  if (view.kind !== 'action') return { view, actions: [] };
  const purpose = await purposeOf(view.command, commands);
  if (purpose === undefined) return { view, actions: [] };
  return { view: { kind: 'stack', views: [] }, actions: [{ label: view.label, purpose }] };
}

async function purposeOf(line: string, commands: CommandSource): Promise<ButtonPurpose | undefined> {
  const words = splitWords(line);
  for (const length of [2, 1]) {
    const name = words.slice(0, length).join(' ');
    const command = commands.names().includes(name) ? await loadWhole(name) : undefined;
    if (command !== undefined) {
      return { kind: 'run', command: name, raw: parseWords(name, command.input, words.slice(length)) };
    }
  }
  return undefined;
}
