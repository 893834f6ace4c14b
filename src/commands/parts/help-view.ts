import { command, type Value } from '../../view/value.ts';
import { heading, hint, stack, text, type View } from '../../view/view.ts';
import type { HelpSection } from '../command.ts';
import { type HelpPage, isWholeLine } from './help-page.ts';

function sectionView({ title, rows }: HelpSection): View[] {
  if (rows.length === 0) return [];
  return [heading(title), { kind: 'fields', fields: rows.map(({ name, summary }) => [name, summary] as const) }];
}

/** One command explained. */
export function helpPageView(page: HelpPage, sections: readonly HelpSection[]): View {
  return stack(
    heading('Usage: ', command(page.usage)),
    text(page.summary),
    ...page.details.map((paragraph) => text(paragraph)),
    ...sectionView({ title: 'Arguments', rows: page.arguments }),
    ...sectionView({ title: 'Options', rows: page.options }),
    ...sections.flatMap(sectionView),
    ...(page.examples.length > 0
      ? [heading('Examples'), { kind: 'list', items: page.examples.map(example) } as const]
      : []),
  );
}

const example = (line: string): Value => (isWholeLine(line) ? line : command(line));

/** All commands in a line each. */
export function overviewView(
  commands: readonly { name: string; summary: string }[],
  sections: readonly HelpSection[],
): View {
  return stack(
    ...[{ title: 'Commands', rows: commands }, ...sections].flatMap(sectionView),
    hint('Explain one: ', command('help COMMAND')),
  );
}
