import { printableText } from '../shared/printable.ts';
import { formatCount, formatSentence } from '../view/units.ts';
import type { Sentence, SeriesPoint, View } from '../view/view.ts';
import { progressText } from './progress-text.ts';
import type { RenderOptions } from './render-options.ts';
import type { Style } from './style.ts';
import { renderTable } from './table.ts';
import { displayWidth, pad, wrap } from './width.ts';

/**
 * A View as pieces of terminal output, line feeds included. Everything that comes from outside is escaped, so no name can
 * move the cursor or colour the screen; only a `file` View passes its bytes on untouched, where they do not go to a terminal.
 */
export async function* renderView(view: View, options: RenderOptions): AsyncGenerator<string | Uint8Array> {
  const { style } = options;
  const say = (sentence: Sentence): string => printableText(formatSentence(sentence, options));
  const lines = (sentence: Sentence): string[] => wrap(say(sentence), options.columns);
  switch (view.kind) {
    case 'stack':
      for (const part of view.views) yield* renderView(part, options);
      return;
    case 'heading':
      for (const line of lines(view.text)) yield `${style.bold(line)}\n`;
      return;
    case 'text':
      for (const line of lines(view.text)) yield `${style.tone(view.tone ?? 'plain', line)}\n`;
      return;
    case 'status':
      for (const line of lines(view.text)) yield `${style.tone(view.tone, line)}\n`;
      if (view.next !== undefined) for (const line of lines(view.next)) yield `${line}\n`;
      return;
    case 'fields':
      yield* renderFields(view.fields, say, style);
      return;
    case 'table':
      yield* renderTable(view, options);
      return;
    case 'list':
      for (const item of view.items) yield `  ${style.tone(view.tone ?? 'plain', say(item))}\n`;
      if ((view.total ?? 0) > view.items.length) {
        yield style.quiet(`  … and ${formatCount((view.total ?? 0) - view.items.length)} more`).concat('\n');
      }
      return;
    case 'progress':
      yield `${progressText(view.progress, options.columns)}\n`;
      return;
    case 'series':
      yield* renderSeries(view.title, view.points, say, style);
      return;
    case 'picture':
      yield* renderView(view.alternative, options);
      return;
    case 'file': {
      const path = await options.saveFile?.(view.name, view.content);
      if (path !== undefined) yield `${printableText(view.name)} is saved as ${printableText(path)}\n`;
      else yield* options.rawFiles ? view.content : printableLines(view.content);
      return;
    }
    case 'action':
      yield `${style.quiet(printableText(`${view.label}: ${options.commandPrefix}${view.command}`))}\n`;
      return;
    case 'buttons':
      yield `${renderChoices(view.buttons)}\n`;
      return;
    case 'select':
      yield `${style.bold(printableText(view.prompt))}\n`;
      for (const [i, { label, detail }] of view.options.entries()) {
        yield `  ${i + 1}) ${printableText(label)}${detail === undefined ? '' : `  ${style.quiet(printableText(detail))}`}\n`;
      }
      return;
    case 'confirm':
      yield `${style.bold(say(view.question))}\n${renderChoices(view.choices)}\n`;
      return;
  }
}

function* renderFields(
  fields: readonly (readonly [string, Sentence])[],
  say: (sentence: Sentence) => string,
  style: Style,
): Generator<string> {
  const width = Math.max(0, ...fields.map(([name]) => displayWidth(name)));
  for (const [name, value] of fields) yield `  ${style.quiet(pad(name, width, 'left'))}  ${say(value)}\n`;
}

const BAR_COLUMNS = 30;

function* renderSeries(
  title: string,
  points: readonly SeriesPoint[],
  say: (sentence: Sentence) => string,
  style: Style,
): Generator<string> {
  yield `${style.bold(printableText(title))}\n`;
  const labels = points.map(({ label }) => printableText(label));
  const width = Math.max(0, ...labels.map(displayWidth));
  const largest = Math.max(0, ...points.map(({ size }) => size));
  for (const [i, point] of points.entries()) {
    const bar = '█'.repeat(largest > 0 ? Math.round((Math.max(point.size, 0) / largest) * BAR_COLUMNS) : 0);
    yield `  ${pad(labels[i] ?? '', width, 'left')}  ${pad(bar, BAR_COLUMNS, 'left')}  ${say(point.value)}\n`;
  }
}

/** Buttons of a place without buttons: `1) Restore  2) Cancel`. */
export function renderChoices(choices: readonly { label: string }[]): string {
  return choices.map(({ label }, i) => `${i + 1}) ${printableText(label)}`).join('  ');
}

async function* printableLines(content: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of content) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield `${printableText(line)}\n`;
  }
  if (rest !== '') yield `${printableText(rest)}\n`;
}
