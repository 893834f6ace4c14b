import { age, bytes, command, count, duration, id, rate, share, time } from '../../src/view/value.ts';
import { good, heading, hint, type Row, stack, text, type View, warning } from '../../src/view/view.ts';

/** The moment that ages in the gallery are counted from. */
export const GALLERY_NOW_MS = Date.UTC(2026, 10, 20, 12);

/** Names that try to be markup, mentions, links, emoji, fences, invitations and terminal sequences on some platform. */
export const HOSTILE_NAMES: readonly string[] = [
  '\x1b[31mred\x1b[0m \u202egnp.exe \r\n\x07',
  '@everyone @here <@1234567890> <@&42> <#7> <!channel> <!here> <@U0001> <#C0001|general>',
  '[click](https://evil.example/) <https://evil.example|bank> https://evil.example steam://run/1',
  '**bold** __under__ ~~gone~~ ||spoiler|| `code` ```fence``` _it_ *it* ~gone~',
  '# heading',
  '- item',
  '1. item',
  '> quote',
  '-# small',
  '>>> all of it',
  '``` ```js\nalert(1)\n```',
  '<t:1618953630:R> </restore:1234> <a:party:1234> :smile: &lt;b&gt; &amp; <b>b</b>',
  'discord.gg/invite discordapp.com/invite/x',
  '=HYPERLINK("https://evil.example","click")',
  '-1+1',
  '"quoted", with comma',
  '\\*not escaped\\* trailing\\',
  '',
];

async function* stream<T>(...items: T[]): AsyncGenerator<T> {
  yield* items;
}

const rows = (n: number): Row[] =>
  Array.from({ length: n }, (_, i) => [
    `name-${i}`,
    bytes(i * 1000),
    time(new Date(GALLERY_NOW_MS - i * 3_600_000).toISOString()),
    i % 7 === 0 ? 'broken' : 'whole',
  ]);

const TABLE_COLUMNS = [
  { title: 'Name' },
  { title: 'Size', align: 'right' },
  { title: 'Time', minor: true },
  { title: 'Status' },
] as const;

const longText = (words: number): string => Array.from({ length: words }, (_, i) => `word${i}*`).join(' ');

/** Views of every kind, with values of every kind; hostile ones; and ones that are longer than any platform allows. */
export const GALLERY: Readonly<Record<string, () => View>> = {
  texts: () =>
    stack(
      heading('Snapshot ', id('0123456789abcdef0123')),
      text('plain'),
      hint('quiet: ', command('list')),
      good('fine'),
      warning('careful'),
      { kind: 'status', tone: 'bad', text: 'broken', next: ['Try ', command('verify latest')] },
    ),
  values: () => ({
    kind: 'fields',
    fields: [
      ['bytes', bytes(123_456_789)],
      ['count', count(60_000, 'file')],
      ['time', time('2026-11-20T09:15:02Z')],
      ['age', age('2026-11-20T09:15:02Z')],
      ['duration', duration(83_000)],
      ['rate', rate(5_000_000)],
      ['share', share(0.123)],
      ['id', id('0123456789abcdef0123')],
      ['command', command('restore latest')],
      ['sentence', ['kept ', count(1, 'snapshot'), ' of ', bytes(5)]],
    ],
  }),
  table: () => stack(heading('Files'), { kind: 'table', columns: TABLE_COLUMNS, rows: rows(5), empty: 'nothing' }),
  'wide-table': () => ({
    kind: 'table',
    columns: [
      { title: 'Name' },
      { title: 'Reason', minor: true },
      { title: 'Size', align: 'right' },
      { title: 'Rule', minor: true },
    ],
    rows: [
      ['a'.repeat(120), 'b'.repeat(60), bytes(3), 'c'.repeat(45)],
      ['日本語.txt', 'wide', bytes(2048), ''],
      ['e\u0301 combining', 'combining', bytes(3_000_000), ''],
    ],
    empty: 'nothing',
  }),
  'streamed-table': () => ({
    kind: 'table',
    columns: [{ title: 'Name' }],
    rows: stream<Row>(['a'], ['b']),
    empty: 'nothing',
  }),
  'empty-table': () => ({
    kind: 'table',
    columns: [{ title: 'Name' }],
    rows: [],
    empty: ['Nothing. Try ', command('backup')],
  }),
  list: () => ({ kind: 'list', items: ['one', ['two ', bytes(2)], 'three'], total: 1200, tone: 'warning' }),
  progress: () => ({
    kind: 'progress',
    progress: {
      phase: 'backing up',
      files: 1200,
      bytes: 5_000_000,
      totalFiles: 60_000,
      totalBytes: 20_000_000,
      current: `/srv/app/${'deep/'.repeat(20)}file.txt`,
      share: 0.25,
      bytesPerSecond: 1_000_000,
      remainingMs: 15_000,
      elapsedMs: 5000,
    },
  }),
  'progress-unknown': () => ({
    kind: 'progress',
    progress: {
      phase: 'scanning',
      files: 7,
      bytes: 0,
      totalFiles: undefined,
      totalBytes: undefined,
      current: undefined,
      share: undefined,
      bytesPerSecond: undefined,
      remainingMs: undefined,
      elapsedMs: 2500,
    },
  }),
  series: () => ({
    kind: 'series',
    title: 'Stored by day',
    points: [
      { label: 'Mon', value: bytes(4096), size: 4096 },
      { label: 'Tuesday', value: bytes(1024), size: 1024 },
      { label: 'Wed', value: bytes(0), size: 0 },
    ],
  }),
  file: () => ({ kind: 'file', name: 'sums', content: stream(Buffer.from('ab  name\ncd  s'), Buffer.from('econd')) }),
  action: () => ({ kind: 'action', label: 'Undo', command: 'restore 01234567' }),
  buttons: () =>
    stack(good('Restored'), {
      kind: 'buttons',
      buttons: [
        { id: 'b-undo', label: 'Undo' },
        { id: 'b-go', label: 'Restore', tone: 'good' },
        { id: 'b-stop', label: 'Cancel', tone: 'bad' },
        { id: 'b-later', label: 'Later', tone: 'quiet' },
      ],
    }),
  select: () =>
    stack(heading('Restore'), {
      kind: 'select',
      id: 's-backup',
      prompt: 'Which backup?',
      options: [
        { value: 'one', label: '2026-11-20 09:15', detail: 'app, 1.50 GiB' },
        { value: 'two', label: '2026-11-19 09:15' },
      ],
    }),
  confirm: () => ({
    kind: 'confirm',
    question: 'Restore into /srv?',
    choices: [
      { label: 'Restore', answer: 'go' },
      { label: 'Cancel', answer: 'no' },
    ],
  }),
  nothing: () => stack(),

  'hostile-texts': () => stack(...HOSTILE_NAMES.flatMap((name) => [text(name), heading(name), good(name), hint(name)])),
  'hostile-parts': () => text('https:', '//evil.example ', '<', '@1234567890', '>', '@', 'everyone'),
  'hostile-fields': () => ({
    kind: 'fields',
    fields: HOSTILE_NAMES.map((name) => [name === '' ? 'empty' : name, ['is ', name, ' ', command(`ls ${name}`)]]),
  }),
  'hostile-table': () => ({
    kind: 'table',
    columns: [{ title: 'Name```' }, { title: '<@1> **Size**', align: 'right' }],
    rows: HOSTILE_NAMES.map((name) => [name, bytes(name.length)]),
    empty: 'nothing',
  }),
  'hostile-list': () => ({ kind: 'list', items: HOSTILE_NAMES }),
  'hostile-progress': () => ({
    kind: 'progress',
    progress: {
      phase: '**phase** <@1>',
      files: 1,
      bytes: 1,
      totalFiles: 1,
      totalBytes: 1,
      current: '/srv/``` `` <@1> https://evil.example',
      share: 1,
      bytesPerSecond: 0,
      remainingMs: 0,
      elapsedMs: 0,
    },
  }),
  'hostile-series': () => ({
    kind: 'series',
    title: '**t** @everyone',
    points: HOSTILE_NAMES.map((label) => ({ label, value: label, size: 1 })),
  }),
  'hostile-file': () => ({ kind: 'file', name: '../../<@1> evil`\u202e.txt', content: stream(Buffer.from('x')) }),
  'hostile-controls': () =>
    stack(
      { kind: 'buttons', buttons: HOSTILE_NAMES.slice(0, 5).map((label, i) => ({ id: `h${i}`, label })) },
      {
        kind: 'select',
        id: 'h-select',
        prompt: '<@1> **pick**',
        options: HOSTILE_NAMES.map((label, i) => ({ value: `v${i}`, label, detail: label })),
      },
      { kind: 'action', label: '**label**', command: 'restore `x` <@1>' },
      { kind: 'confirm', question: '[q](https://evil.example)', choices: [{ label: '@everyone', answer: 'a' }] },
    ),

  'overlong-text': () => stack(heading('Report'), text(longText(2000)), good('still here')),
  'overlong-word': () => text('<'.repeat(9000)),
  'overlong-status': () => ({ kind: 'status', tone: 'bad', text: longText(900), next: longText(900) }),
  'overlong-list': () => ({
    kind: 'list',
    items: Array.from({ length: 3000 }, (_, i) => `path/to/file-${i}.txt`),
    total: 9000,
  }),
  'overlong-fields': () => ({
    kind: 'fields',
    fields: Array.from({ length: 300 }, (_, i) => [`Name ${i}`, `value ${i} ${'v'.repeat(i)}`]),
  }),
  'overlong-table': () =>
    stack(
      heading('Everything'),
      { kind: 'table', columns: TABLE_COLUMNS, rows: rows(1200), empty: 'nothing' },
      hint('Page 1 of 1'),
    ),
  'overlong-stream': () => ({
    kind: 'table',
    columns: TABLE_COLUMNS,
    rows: stream(...rows(900)),
    empty: 'nothing',
  }),
  'overlong-series': () => ({
    kind: 'series',
    title: longText(50),
    points: Array.from({ length: 200 }, (_, i) => ({ label: `day ${i}`, value: bytes(i), size: i })),
  }),
  'overlong-controls': () =>
    stack(
      {
        kind: 'buttons',
        buttons: Array.from({ length: 40 }, (_, i) => ({ id: `b${i}`, label: `Button ${i} ${'x'.repeat(100)}` })),
      },
      {
        kind: 'select',
        id: 's-many',
        prompt: 'p'.repeat(400),
        options: Array.from({ length: 200 }, (_, i) => ({
          value: `v${i}`,
          label: `${'l'.repeat(200)}${i}`,
          detail: 'd'.repeat(300),
        })),
      },
    ),
  'overlong-stack': () => stack(...Array.from({ length: 400 }, (_, i) => text(`Part ${i} of many parts, each short`))),
};
