import type { AnyCommand } from '../../commands/command.ts';
import type { RawInput } from '../../commands/parse-input.ts';
import { formatSentence } from '../../view/units.ts';
import { stack, type View } from '../../view/view.ts';
import type { Execution } from '../dispatch.ts';
import type { Person, Place } from '../platform.ts';
import { takeActions } from './actions.ts';
import { type Buttons, DAY_MS, type NewButton } from './buttons.ts';
import type { ChatCommands } from './chat-commands.ts';

export interface Shown {
  command: AnyCommand;
  raw: RawInput;
  execution: Execution;
  person: Person;
  place: Place;
}

/** A result with buttons for what may follow: other pages, and what the result suggests. */
export async function resultView(shown: Shown, buttons: Buttons, commands: ChatCommands): Promise<View> {
  const { execution, person, place } = shown;
  const { view, actions } = await takeActions(execution.view, commands);
  const by = { only: person };
  const rows: NewButton[] = [
    ...pageButtons(shown).map((row) => ({ ...row, by })),
    ...actions.map((action) => ({ ...action, by })),
  ];
  if (rows.length === 0) return view;
  return stack(view, { kind: 'buttons', buttons: await buttons.create(rows, place, DAY_MS) });
}

function pageButtons({ command, raw, execution }: Shown): Omit<NewButton, 'by'>[] {
  const at = command.page?.(execution.result);
  if (at === undefined) return [];
  const { page, pages } = at;
  const to = (label: string, next: number): Omit<NewButton, 'by'> => ({
    label,
    purpose: { kind: 'run', command: command.name, raw: { ...raw, page: next } },
  });
  return [
    ...(page > 1 ? [to('Previous', Math.min(page - 1, pages))] : []),
    ...(page < pages ? [to('Next', page + 1)] : []),
  ];
}

/** The news of a result in a line, for the list of jobs. */
export function headline(view: View, nowMs: number): string {
  if (view.kind === 'status') return formatSentence(view.text, { nowMs, commandPrefix: '/' });
  if (view.kind !== 'stack') return '';
  return view.views.map((part) => headline(part, nowMs)).find((line) => line !== '') ?? '';
}
