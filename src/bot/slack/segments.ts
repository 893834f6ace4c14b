import { printableText } from '../../shared/printable.ts';
import { DETAILS_FILE } from '../../terminal/attached-files.ts';
import { fixedTable } from '../../terminal/fixed-table.ts';
import { displayWidth, pad, shorten } from '../../terminal/width.ts';
import type { SettledPart, SettledTable } from '../../view/settle-view.ts';
import { formatCount, formatSentence, formatValue, type Wording } from '../../view/units.ts';
import type { Sentence, SeriesPoint, Tone } from '../../view/view.ts';
import { LIMITS } from './limits.ts';
import { bold, codeLine, escapeSlack, type Line, toLine } from './mrkdwn.ts';
import { progressSegments } from './progress-segments.ts';
import type { Segment } from './segment.ts';

/** Characters of a label in a chart. */
const LABEL_COLUMNS = 20;
const SERIES_CELLS = 24;

const MARKS: Readonly<Record<Tone, string>> = { plain: '', good: '✅ ', warning: '⚠️ ', bad: '❌ ', quiet: '' };

/** What a part of a message looks like; none for what is shown otherwise. `tableFile` is the name under which a table would be attached. */
export function segmentsOf(part: SettledPart, wording: Wording, tableFile: string): Segment[] {
  const line = (sentence: Sentence, before = '', dress?: (marked: string) => string): Line =>
    toLine(sentence, wording, before, dress);
  switch (part.kind) {
    case 'heading':
      return [heading(part.text, wording)];
    case 'text':
      return [
        part.tone === 'quiet'
          ? segment('quiet', [line(part.text)])
          : segment('text', [line(part.text, MARKS[part.tone ?? 'plain'])]),
      ];
    case 'status':
      return [
        segment('text', [
          line(part.text, MARKS[part.tone], bold),
          ...(part.next === undefined ? [] : [line(part.next)]),
        ]),
      ];
    case 'fields':
      return [
        segment(
          'text',
          part.fields.map(([name, value]) => joined(line(name, '', bold), line(value))),
        ),
      ];
    case 'table':
      return table(part, wording, tableFile);
    case 'list':
      return [
        segment(
          'text',
          part.items.map((item) => line(item, '• ')),
        ),
        ...remaining(part.items.length, part.total),
      ];
    case 'progress':
      return progressSegments(part.progress, wording);
    case 'series':
      return [segment('text', [line(part.title, '', bold)]), segment('code', seriesLines(part.points, wording))];
    case 'picture':
      return [segment('text', [line(part.title)])];
    case 'file':
      return [segment('quiet', [line(['Attached: ', part.name])])];
    case 'action':
      return [segment('text', [line([`${part.label}: `, { is: 'command', command: part.command }])])];
    case 'buttons':
      return [];
    case 'select':
      return part.prompt === '' ? [] : [segment('text', [line(part.prompt)])];
    case 'confirm': {
      const choices = part.choices.map(({ label }, i) => `${i + 1}) ${label}`).join('  ');
      return [segment('text', [line(part.question, '', bold), line(choices)])];
    }
  }
}

function segment(style: Segment['style'], lines: readonly Line[], wholeIn = DETAILS_FILE): Segment {
  return { style, lines, wholeIn };
}

/** Headers hold 150 characters and no markup at all; a longer heading is bold text. */
function heading(text: Sentence, wording: Wording): Segment {
  const plain = escapeSlack(formatSentence(text, wording));
  if (plain.trim() !== '' && plain.length <= LIMITS.header) return segment('header', [{ marked: undefined, plain }]);
  return segment('text', [toLine(text, wording, '', bold)]);
}

const joined = (name: Line, value: Line): Line => ({
  marked: name.marked === undefined || value.marked === undefined ? undefined : `${name.marked}: ${value.marked}`,
  plain: `${name.plain}: ${value.plain}`,
});

function remaining(shown: number, total: number | undefined): Segment[] {
  const left = (total ?? shown) - shown;
  return left > 0
    ? [segment('quiet', [toLine(`… and ${formatCount(left)} more`, { nowMs: 0, commandPrefix: '' })])]
    : [];
}

function layOut({ columns, rows }: SettledTable, wording: Wording) {
  return fixedTable(columns, rows, { ...wording, clean: printableText });
}

function table(part: SettledTable, wording: Wording, file: string): Segment[] {
  if (part.rows.length === 0) return [segment('text', [toLine(part.empty, wording)])];
  const { head, rows, hidden } = layOut(part, wording);
  const notes = [
    ...(hidden.length > 0 ? [`Not shown: ${hidden.join(', ')}; all of it is in the file ${file}`] : []),
    ...(part.cutOff
      ? [`There is more than a file can hold: ${file} has the first ${formatCount(part.rows.length)} rows`]
      : []),
  ];
  return [
    segment('code', [head, ...rows].map(codeLine), file),
    ...(notes.length > 0
      ? [
          segment(
            'quiet',
            notes.map((note) => toLine(note, wording)),
          ),
        ]
      : []),
  ];
}

/** Whether the table has to be attached although all its rows are shown: something of a row is not. */
export function needsFile(part: SettledTable, wording: Wording): boolean {
  if (part.rows.length === 0) return false;
  const { hidden, squeezed } = layOut(part, wording);
  return hidden.length > 0 || squeezed || part.cutOff;
}

function seriesLines(points: readonly SeriesPoint[], wording: Wording): Line[] {
  const labels = points.map(({ label }) => shorten(printableText(label), LABEL_COLUMNS));
  const width = Math.max(0, ...labels.map(displayWidth));
  const largest = Math.max(0, ...points.map(({ size }) => size));
  return points.map(({ size, value }, i) => {
    const bar = '█'.repeat(largest > 0 ? Math.round((Math.max(size, 0) / largest) * SERIES_CELLS) : 0);
    const shown = printableText(formatValue(value, wording));
    return codeLine(`${pad(labels[i] ?? '', width, 'left')}  ${pad(bar, SERIES_CELLS, 'left')}  ${shown}`);
  });
}
