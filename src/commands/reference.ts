import type { AnyCommand, HelpSection } from './command.ts';
import { describeCommand, type Explained, isWholeLine } from './parts/help-page.ts';
import { JSON_SHAPES } from './parts/json-shapes.ts';

/** What the reference page says besides the commands. */
export interface ReferenceFrame {
  globals: HelpSection;
  /** Exit statuses with what they mean. */
  exits: readonly (readonly [status: number, meaning: string])[];
  /** What only the command line has. */
  locals: readonly Explained[];
}

/** The reference page of the command line in Markdown, made from the commands themselves. */
export function commandReference(commands: readonly AnyCommand[], { globals, exits, locals }: ReferenceFrame): string {
  return [
    '# Commands',
    'This page is made from the commands: run `npm run docs` after changing one.',
    'Sizes in JSON are bytes, durations milliseconds, times ISO 8601 in UTC, names printable text (control characters and bytes that are not UTF-8 as escapes). At the prompt of `holdfast console --repo R` the same commands begin with `/`.',
    ...rows('Options of every command', 'Option', globals.rows),
    'The passphrase comes from `--password-file`, `HOLDFAST_PASSWORD_FILE`, `HOLDFAST_PASSWORD` or a prompt, in this order. `NO_COLOR` turns colours off. `HOLDFAST_DEBUG=1` adds the details of an error.',
    ...values(),
    '## Exit status',
    table(
      ['Status', 'Meaning'],
      exits.map(([status, meaning]) => [String(status), meaning]),
    ),
    '## JSON',
    'With `--json` a command prints one document on standard output: its result, or `{"error": {"code", "message", "advice"}}`, where `advice` may be null; a result that fails in the middle of a list ends with the same `error` as its last property. Progress and warnings go to standard error, a JSON object a line: `{"type": "progress", "phase", "files", "bytes", "totalFiles", "totalBytes", "current"}` (what is not known is left out), `{"type": "warning", "message"}`, `{"type": "message", "message"}`. These shapes occur in several results:',
    ...Object.entries(JSON_SHAPES).flatMap(([name, shape]) => [
      `### ${name}`,
      table(['Property', 'Content'], code(shape)),
    ]),
    ...commands.flatMap((command) => [...explainedPart(command), ...jsonPart(command)]),
    ...locals.flatMap(explainedPart),
  ]
    .join('\n\n')
    .concat('\n');
}

function values(): string[] {
  return [
    '## Values',
    table(
      ['Value', 'Written as'],
      [
        ['ID', 'any unambiguous prefix of a snapshot ID, at least 4 digits, or `latest` (never a safety backup)'],
        ['DURATION', '`90s`, `15min`, `72h`, `30d`, `2w`, `6mo`, `1y`, `1h30m`; `m` is a minute, a month is 30 days'],
        [
          'TIME',
          '`2026-11-20`, `2026-11-20 14:05`, `2026-11-20T14:05:00Z`, `now`, `2h ago`; without a zone the machine’s own',
        ],
        ['SIZE', '`4096`, `10M`, `1.5GiB`; units are powers of 1024'],
        ['PERCENT', '`10%`'],
      ],
    ),
  ];
}

function explainedPart(command: Explained): string[] {
  const page = describeCommand(command, 'shell');
  return [
    `## ${page.command}`,
    `\`holdfast ${page.usage}\``,
    `${page.summary}.`,
    ...page.details,
    ...rows('Arguments', 'Argument', page.arguments, '###'),
    ...rows('Options', 'Option', page.options, '###'),
    ...(page.examples.length > 0 ? ['### Examples', fence(page.examples)] : []),
  ];
}

const jsonPart = ({ json }: AnyCommand): string[] => ['### JSON result', table(['Property', 'Content'], code(json))];

function fence(examples: readonly string[]): string {
  const lines = examples.map((line) => (isWholeLine(line) ? line : `holdfast ${line}`));
  return `\`\`\`sh\n${lines.join('\n')}\n\`\`\``;
}

const code = (shape: Readonly<Record<string, string>>): string[][] =>
  Object.entries(shape).map(([name, content]) => [`\`${name}\``, content]);

function rows(title: string, column: string, all: HelpSection['rows'], level = '##'): string[] {
  if (all.length === 0) return [];
  return [
    `${level} ${title}`,
    table(
      [column, 'Meaning'],
      all.map(({ name, summary }) => [`\`${name}\``, summary]),
    ),
  ];
}

function table(titles: readonly string[], all: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(titles), line(titles.map(() => '---')), ...all.map(line)].join('\n');
}
