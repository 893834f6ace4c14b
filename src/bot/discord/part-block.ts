import { formatDuration } from '../../shared/durations.ts';
import { formatBytes } from '../../shared/sizes.ts';
import { DETAILS_FILE } from '../../terminal/attached-files.ts';
import { type FixedTable, fixedTable } from '../../terminal/fixed-table.ts';
import { displayWidth, pad, shorten } from '../../terminal/width.ts';
import type { SettledPart, SettledTable } from '../../view/settle-view.ts';
import { formatCount, formatSentence, formatShare, formatValue, type Wording } from '../../view/units.ts';
import type { ProgressState, Sentence, Tone, View } from '../../view/view.ts';
import { clip } from './components.ts';
import { codeText, escapeMarkdown, inlineCode, markdownSentence } from './markdown.ts';
import { type BlockLine, cutToFit, type TextBlock } from './text-block.ts';

const BAR_CELLS = 20;
const SERIES_CELLS = 24;
/** Characters of a title: one that is longer is no title. */
const TITLE = 100;
/** Characters of a name below a progress bar. */
const CURRENT_COLUMNS = 64;

const MARKS: Readonly<Record<Tone, string>> = { plain: '', good: '✅ ', warning: '⚠️ ', bad: '❌ ', quiet: '' };

/** The text of one part of a message; undefined for parts that are not text. Tables name the file of theirs. */
export function partBlock(part: SettledPart, wording: Wording, tableFile: string): TextBlock | undefined {
  const line = (sentence: Sentence, dress: (piece: string) => string = (piece) => piece): BlockLine => ({
    text: dress(markdownSentence(sentence, wording)),
    cut: (room) => cutToFit(formatSentence(sentence, wording), room, (piece) => dress(escapeMarkdown(piece))),
  });
  switch (part.kind) {
    case 'heading':
      return plainBlock([line(part.text, (piece) => `### ${piece}`)]);
    case 'text':
      return plainBlock([line(part.text, tonedText(part.tone ?? 'plain'))]);
    case 'status': {
      const main = line(part.text, (piece) => `${MARKS[part.tone]}${bold(piece)}`);
      return plainBlock(part.next === undefined ? [main] : [main, line(part.next)]);
    }
    case 'fields':
      return plainBlock(
        part.fields.map(([name, value]) => line(value, (piece) => `**${escapeMarkdown(name)}:** ${piece}`)),
      );
    case 'table':
      return tableBlock(part, wording, tableFile);
    case 'list': {
      const items = part.items.map((item) => line(item, (piece) => `- ${MARKS[part.tone ?? 'plain']}${piece}`));
      const more = (part.total ?? 0) - part.items.length;
      return plainBlock(more > 0 ? [...items, line(`… and ${formatCount(more)} more`, quiet)] : items);
    }
    case 'progress':
      return plainBlock(progressLines(part.progress).map(wholeLine));
    case 'series':
      return seriesBlock(part, wording);
    case 'file':
    case 'picture':
      return undefined;
    case 'action':
      return plainBlock([
        wholeLine(`${escapeMarkdown(part.label)}: ${inlineCode(wording.commandPrefix + part.command)}`),
      ]);
    case 'buttons':
    case 'select':
      return undefined;
    case 'confirm': {
      const choices = part.choices.map(({ label }, i) => `${i + 1}) ${label}`).join('  ');
      return plainBlock([line(part.question, bold), line(choices)]);
    }
  }
}

const bold = (piece: string): string => (piece === '' ? '' : `**${piece}**`);
const quiet = (piece: string): string => `-# ${piece}`;

const tonedText = (tone: Tone): ((piece: string) => string) =>
  tone === 'quiet' ? quiet : (piece) => `${MARKS[tone]}${piece}`;

const plainBlock = (lines: readonly BlockLine[]): TextBlock => ({ open: '', lines, close: '', wholeIn: DETAILS_FILE });

/** A line within a fence, where there is no markup that could be cut in two. */
const codeLine = (text: string): BlockLine => ({ text, cut: (room) => cutToFit(text, room, (piece) => piece) });
/** A line that is shown whole or not at all. */
const wholeLine = (text: string): BlockLine => ({ text, cut: () => '…' });

/** Around code. */
const FENCE_OPEN = '```\n';
const FENCE_CLOSE = '\n```';

function tableBlock(table: SettledTable, wording: Wording, file: string): TextBlock {
  if (table.rows.length === 0) {
    const empty = markdownSentence(table.empty, wording);
    return plainBlock([
      { text: empty, cut: (room) => cutToFit(formatSentence(table.empty, wording), room, escapeMarkdown) },
    ]);
  }
  const { head, rows, hidden, squeezed } = tableInCode(table, wording);
  const notes = [
    hidden.length > 0
      ? `Columns not shown: ${hidden.map((title) => escapeMarkdown(clip(title, TITLE))).join(', ')}`
      : '',
    squeezed ? `Shortened; the whole table is in the file ${file}` : '',
    table.cutOff ? `The file ${file} holds the first ${formatCount(rows.length)} rows; there are more` : '',
  ].filter((note) => note !== '');
  const close = FENCE_CLOSE + notes.map((note) => `\n-# ${note}`).join('');
  return { open: `${FENCE_OPEN}${head}\n`, lines: rows.map(codeLine), close, wholeIn: file };
}

function tableInCode({ columns, rows }: SettledTable, wording: Wording): FixedTable {
  return fixedTable(columns, rows, { ...wording, clean: codeText });
}

/** True where a table's message does not show it whole, however much room there is. */
export function needsFile(table: SettledTable, wording: Wording): boolean {
  return table.cutOff || tableInCode(table, wording).squeezed;
}

function seriesBlock({ title, points }: Extract<View, { kind: 'series' }>, wording: Wording): TextBlock {
  const labels = points.map(({ label }) => codeText(label));
  const width = Math.max(0, ...labels.map(displayWidth));
  const largest = Math.max(0, ...points.map(({ size }) => size));
  const lines = points.map((point, i) => {
    const bar = '█'.repeat(largest > 0 ? Math.round((Math.max(point.size, 0) / largest) * SERIES_CELLS) : 0);
    const value = codeText(formatValue(point.value, wording));
    return codeLine(`${pad(labels[i] ?? '', width, 'left')}  ${pad(bar, SERIES_CELLS, 'left')}  ${value}`);
  });
  return {
    open: `**${escapeMarkdown(clip(title, TITLE))}**\n${FENCE_OPEN}`,
    lines,
    close: FENCE_CLOSE,
    wholeIn: DETAILS_FILE,
  };
}

/** Phase and share, a bar, counts, rate and time left, and what is being worked on. */
function progressLines(progress: ProgressState): string[] {
  const { share, current } = progress;
  const full = Math.floor((share ?? 0) * BAR_CELLS);
  return [
    `**${escapeMarkdown(clip(progress.phase, TITLE))}**${share === undefined ? '' : `  ${formatShare(share)}`}`,
    share === undefined ? '' : `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)}`,
    joined([counts(progress), pace(progress)]),
    current ? quiet(inlineCode(shorten(current, CURRENT_COLUMNS))) : '',
  ].filter((line) => line !== '');
}

const joined = (parts: readonly string[]): string => parts.filter((part) => part !== '').join(' · ');

function counts({ files, totalFiles, bytes, totalBytes }: ProgressState): string {
  const ofFiles = totalFiles === undefined ? '' : ` of ${formatCount(totalFiles)}`;
  const ofBytes = totalBytes === undefined ? '' : ` of ${formatBytes(totalBytes)}`;
  return joined([
    files > 0 || totalFiles !== undefined ? `${formatCount(files)}${ofFiles} files` : '',
    bytes > 0 || totalBytes !== undefined ? `${formatBytes(bytes)}${ofBytes}` : '',
  ]);
}

function timing(remainingMs: number | undefined, elapsedMs: number): string {
  if (remainingMs !== undefined) return `${formatDuration(remainingMs)} left`;
  return elapsedMs > 0 ? `running for ${formatDuration(elapsedMs)}` : '';
}

function pace({ bytesPerSecond, remainingMs, elapsedMs }: ProgressState): string {
  return joined([
    bytesPerSecond === undefined || bytesPerSecond <= 0 ? '' : `${formatBytes(bytesPerSecond)}/s`,
    timing(remainingMs, elapsedMs),
  ]);
}
