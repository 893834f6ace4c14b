import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startHoldfast } from '../helpers/holdfast-process.ts';
import { createQuickRepository } from '../helpers/quick-repository.ts';

/** A script that knows nothing of Holdfast but that /help helps. It reads what comes and answers it. */
class Reader {
  readonly #child: ChildProcess;
  #shown = '';

  constructor(data: string, environment: Record<string, string>) {
    this.#child = startHoldfast(['console', '--data', data], { environment });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#shown += text;
    });
  }

  get transcript(): string {
    return this.#shown;
  }

  /** Types a line; gives what was answered. An empty line behind it is echoed when all is said. */
  async ask(line: string): Promise<string> {
    const from = this.#shown.length;
    this.#child.stdin?.write(`${line}\n\n`);
    await expect.poll(() => this.#shown.slice(from), { timeout: 20_000, interval: 5 }).toMatch(/\n> \n$/);
    return this.#shown.slice(from).split('\n').slice(1, -2).join('\n');
  }

  /** Types a command, and 1 to whatever is asked. */
  async complete(line: string): Promise<string> {
    const answer = await this.ask(line);
    return /\?\n1\) /.test(answer) ? answer + (await this.ask('1')) : answer;
  }

  async end(): Promise<number> {
    const ended = once(this.#child, 'exit');
    this.#child.stdin?.end();
    return (await ended)[0] as number;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** Lines of the part below a title, without their indentation. */
function part(page: string, title: string): string[] {
  const lines = page.split('\n');
  const begin = lines.indexOf(title) + 1;
  const end = lines.findIndex((line, i) => i >= begin && !line.startsWith('  '));
  return begin === 0 ? [] : lines.slice(begin, end < 0 ? undefined : end).map((line) => line.trim());
}

/** What a table holds in its first column. */
const firstColumn = (table: string): string[] =>
  table
    .split('\n')
    .slice(1)
    .map((line) => line.split(' ')[0] ?? '');

/** Options that take one of a few words, each with one of them: `check:yes`, `depth:quick`. */
const decidable = (page: string): string[] =>
  part(page, 'Options').flatMap((line) => /^([a-z-]+:[a-z]+)(\|[a-z|-]+)? {2}/.exec(line)?.[1] ?? []);

const folder = mkdtempSync(join(tmpdir(), 'holdfast-help-'));
let reader: Reader;

beforeAll(async () => {
  const data = join(folder, 'data');
  mkdirSync(data);
  writeFileSync(join(data, 'passphrase'), 'secret\n', { mode: 0o600 });
  await createQuickRepository(join(data, 'repository'), 'secret');
  reader = new Reader(data, { HOLDFAST_STATE_DIR: join(folder, 'memory') });
});

afterAll(() => {
  reader.kill();
  rmSync(folder, { recursive: true, force: true });
});

/** What is about something that is wrong: there is nothing to do with it where all is well. */
const NEEDS_TROUBLE = ['hold accept', 'hold keep', 'incident log', 'incident snooze', 'incident acknowledge'];

it('whoever reads /help alone completes every command of the console', async () => {
  const names = part(await reader.ask('/help'), 'Commands').map((line) => line.split('  ')[0] ?? '');
  expect(names).toEqual(expect.arrayContaining(['backup', 'restore', 'cancel', 'help']));
  for (const name of names) {
    const page = await reader.ask(`/help ${name}`);
    expect(page).toMatch(new RegExp(`^Usage: /${name}( |\n)`));
    const examples = part(page, 'Examples');
    expect(examples, `examples of ${name}`).not.toEqual([]);
    if (NEEDS_TROUBLE.includes(name)) continue;
    // The IDs of the examples are none: real ones come from what lists them, newest first.
    const ids = firstColumn(await reader.ask(page.includes('[job]') ? '/jobs' : '/list'));
    const real = (line: string): string => line.replace(/\b[0-9a-f]{8}\b/, ids.at(-1) ?? '');
    const lines = examples.map(real);
    const [first = ''] = lines;
    const options = decidable(page).filter((option) => !first.includes(option));
    if (options.length > 0) lines.push([first, ...options].join(' '));
    if (name === 'restore') writeFileSync(join(folder, 'data/app/settings.json'), 'broken');
    for (const line of lines) await reader.complete(line);
  }
  expect(await reader.end(), `a command failed:\n${reader.transcript}`).toBe(0);
});
