import { describe, expect, it } from 'vitest';
import { renderView } from '../../src/terminal/render.ts';
import type { RenderOptions } from '../../src/terminal/render-options.ts';
import { COLOUR, PLAIN } from '../../src/terminal/style.ts';
import { displayWidth } from '../../src/terminal/width.ts';
import { age, bytes, command, count, duration, id, rate, share, time } from '../../src/view/value.ts';
import { bad, good, heading, hint, stack, text, type View, warning } from '../../src/view/view.ts';

const HOSTILE = '\x1b[31mred\x1b[0m \u202egnp.exe \r\n\x07';

async function* stream<T>(...items: T[]): AsyncGenerator<T> {
  yield* items;
}

/** One View of every kind, with values of every kind and hostile names. */
const GALLERY: Record<string, () => View> = {
  texts: () =>
    stack(
      heading('Snapshot ', id('0123456789abcdef0123')),
      text('plain'),
      hint('quiet: ', command('list')),
      good('fine'),
      warning('careful'),
      bad('broken'),
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
      ['sentence', ['kept ', count(1, 'snapshot'), ` of ${HOSTILE}`]],
    ],
  }),
  table: () => ({
    kind: 'table',
    columns: [{ title: 'Name' }, { title: 'Size', align: 'right' }, { title: 'Note' }],
    rows: [
      ['plain', bytes(1), 'a'],
      ['日本語.txt', bytes(2048), 'wide'],
      ['e\u0301 combining', bytes(3_000_000), ''],
      [HOSTILE, bytes(4), `long ${'x'.repeat(90)} end`],
    ],
    empty: 'nothing',
  }),
  narrow: () => ({
    kind: 'table',
    columns: [
      { title: 'Name' },
      { title: 'Reason', minor: true },
      { title: 'Size', align: 'right' },
      { title: 'Rule', minor: true },
    ],
    rows: [['a'.repeat(40), 'b'.repeat(20), bytes(3), 'c'.repeat(15)]],
    empty: 'nothing',
  }),
  streamed: () => ({ kind: 'table', columns: [{ title: 'Name' }], rows: stream(['a'], ['b']), empty: 'nothing' }),
  empty: () => ({ kind: 'table', columns: [{ title: 'Name' }], rows: [], empty: ['Nothing. Try ', command('backup')] }),
  list: () => ({ kind: 'list', items: ['one', ['two ', bytes(2)], HOSTILE], total: 1200, tone: 'warning' }),
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
  series: () => ({
    kind: 'series',
    title: 'Stored by day',
    points: [
      { label: 'Mon', value: bytes(4096), size: 4096 },
      { label: 'Tuesday', value: bytes(1024), size: 1024 },
      { label: 'Wed', value: bytes(0), size: 0 },
    ],
  }),
  file: () => ({
    kind: 'file',
    name: 'sums',
    content: stream(Buffer.from('ab  na\x1bme\ncd  s'), Buffer.from('econd')),
  }),
  action: () => ({ kind: 'action', label: 'Undo', command: 'restore 01234567 --in-place' }),
  confirm: () => ({
    kind: 'confirm',
    question: 'Restore into /srv?',
    choices: [
      { label: 'Restore', answer: 'go' },
      { label: 'Cancel', answer: 'no' },
    ],
  }),
};

const OPTIONS: Record<string, RenderOptions> = {
  pipe: {
    style: PLAIN,
    nowMs: Date.UTC(2026, 10, 20, 12),
    columns: undefined,
    commandPrefix: 'holdfast ',
    rawFiles: false,
  },
  terminal: { style: COLOUR, nowMs: Date.UTC(2026, 10, 20, 12), columns: 72, commandPrefix: '/', rawFiles: false },
};

async function render(view: View, options: RenderOptions): Promise<string> {
  const pieces = await Array.fromAsync(renderView(view, options));
  return pieces.map((piece) => Buffer.from(piece).toString('utf8')).join('');
}

const SGR = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

describe.each(Object.entries(OPTIONS))('a View for a %s', (place, options) => {
  it.each(Object.entries(GALLERY))('renders %s as the golden file says', async (name, view) => {
    await expect(await render(view(), options)).toMatchFileSnapshot(`../golden/terminal/${name}-${place}.txt`);
  });

  it.each(Object.entries(GALLERY))('lets no control character of %s through', async (_name, view) => {
    const shown = (await render(view(), options)).replace(SGR, '').replaceAll('\n', '');
    expect(shown).not.toMatch(/\p{Cc}|\p{Bidi_Control}/u);
  });
});

describe('a View on a terminal', () => {
  it.each(['table', 'narrow', 'progress', 'streamed'])('keeps every line of %s within the columns', async (name) => {
    const lines = (await render((GALLERY[name] as () => View)(), OPTIONS.terminal as RenderOptions))
      .replace(SGR, '')
      .split('\n');
    expect(lines.map(displayWidth).filter((width) => width > 72)).toEqual([]);
  });

  it('cuts nothing of later rows where there is room', async () => {
    const rows = Array.from({ length: 1200 }, (_, i) => [`name-${i}`, `value-${i}`]);
    const columns = [{ title: 'Name' }, { title: 'Value' }];
    const shown = await render({ kind: 'table', columns, rows, empty: '' }, OPTIONS.terminal as RenderOptions);
    expect(rows.filter((row) => !row.every((cell) => shown.includes(cell)))).toEqual([]);
  });

  it('breaks long sentences between words', async () => {
    const sentence =
      'Keep a copy of the passphrase away from this machine: without it, nothing in the repository can be read.';
    const shown = await render(good(sentence), { ...(OPTIONS.terminal as RenderOptions), style: PLAIN });
    expect(
      shown
        .trimEnd()
        .split('\n')
        .map(displayWidth)
        .filter((width) => width > 72),
    ).toEqual([]);
    expect(shown.trimEnd().replaceAll('\n', ' ')).toBe(sentence);
  });

  it('passes a file on byte for byte where it goes into a pipe', async () => {
    const bytes = Buffer.from([0xff, 0x1b, 0x0a, 0x00]);
    const options = { ...(OPTIONS.pipe as RenderOptions), rawFiles: true };
    const pieces = await Array.fromAsync(renderView({ kind: 'file', name: 'raw', content: stream(bytes) }, options));
    expect(pieces).toEqual([bytes]);
  });
});
