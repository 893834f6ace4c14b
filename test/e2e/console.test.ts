import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { holdfast, program } from '../helpers/holdfast-process.ts';
import { createQuickRepository } from '../helpers/quick-repository.ts';

/** One data folder for all: its repository opens cheaply, its sample app is made by the first start. */
let root: string;
let data: string;
let app: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'holdfast-console-'));
  data = join(root, 'data');
  app = join(data, 'app');
  await mkdir(data);
  await writeFile(join(data, 'passphrase'), 'secret\n');
  await createQuickRepository(join(data, 'repository'), 'secret');
});

afterAll(() => rm(root, { recursive: true, force: true }));

const environment = () => ({ HOLDFAST_STATE_DIR: join(root, 'state') });
const script = (input: string) => holdfast(['console', '--data', data], { input, environment: environment() });

describe('the console as a script', () => {
  it('makes its own repository and sample app on the first start', async () => {
    const fresh = join(root, 'fresh');
    const words = ['console', '--data', fresh];
    const { status, output } = await holdfast(words, { input: '/list\n', environment: environment() });
    expect(status).toBe(0);
    expect(output).toContain(`Change something, such as ${join(fresh, 'app/settings.json')}`);
    for (const name of ['repository/holdfast.json', 'app/app.sqlite', 'app/uploads/photo.raw']) {
      expect(existsSync(join(fresh, name)), name).toBe(true);
    }
  });

  it('answers in order', async () => {
    const { status, output, messages } = await script('/backup\n/list\n/verify\n');
    expect({ status, messages }).toEqual({ status: 0, messages: '' });
    expect(output).toMatch(/> \/backup\n.*Backed up.*> \/list\n.*manual.*> \/verify\n.*No damage found/s);
  });

  it('previews a restore, asks by number, restores, and offers an undo that works', async () => {
    const settings = join(app, 'settings.json');
    const content = await readFile(settings, 'utf8');
    await writeFile(settings, 'broken');
    const { status, output } = await script('/restore\n1\n');
    expect(status).toBe(0);
    expect(output).toMatch(
      /~ settings\.json.*Nothing was written\.\nRestore into .*\n1\) Restore {2}2\) Cancel\n1 or 2> 1\n/s,
    );
    expect(await readFile(settings, 'utf8')).toBe(content);
    const undo = /^Undo: (?<line>\/restore .*)$/m.exec(output)?.groups?.line;
    expect((await script(`${undo}\n1\n`)).status).toBe(0);
    expect(await readFile(settings, 'utf8')).toBe('broken');
  });

  it('ends with 1 when a command failed', async () => {
    const { status, output } = await script('/vrify\n/show ffffffff\n/whoami\n');
    expect(status).toBe(1);
    expect(output).toMatch(/Did you mean \/verify\?.*does not exist.*an owner/s);
  });
});

/** The console on a terminal of its own, which `script` of util-linux makes. */
class Terminal {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown[]>;
  #shown = '';

  constructor() {
    const command = `stty cols 90 rows 40; exec '${program}' console --data '${data}'`;
    const env = { ...process.env, ...environment(), NO_COLOR: '1', TERM: 'xterm' };
    this.#child = spawn('script', ['-qefc', command, '/dev/null'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#shown += stripVTControlCharacters(text);
    });
    this.#ended = once(this.#child, 'close');
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Waits until the terminal has shown `text` since the last call; gives what was shown. */
  async until(text: string): Promise<string> {
    const end = performance.now() + 20_000;
    while (!this.#shown.includes(text)) {
      if (performance.now() > end) throw new Error(`no ${JSON.stringify(text)} in ${JSON.stringify(this.#shown)}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const shown = this.#shown;
    this.#shown = '';
    return shown;
  }

  async status(): Promise<number> {
    const [status] = await this.#ended;
    return status as number;
  }
}

describe('the console on a terminal', () => {
  it('completes, keeps what is half typed, cancels with Ctrl-C, and leaves', async () => {
    const terminal = new Terminal();
    await terminal.until('/quit leaves');
    terminal.type('/sta');
    await terminal.until('/sta');
    terminal.type('\t');
    await terminal.until('t');
    terminal.type('us\r');
    await terminal.until('Destination');
    terminal.type('/restore\r');
    await terminal.until('1 or 2> ');
    terminal.type('\x03');
    await terminal.until('Cancelled; nothing was changed.');
    terminal.type("/backup --command slow -- sh -c 'echo begun; exec sleep 60'\r");
    await terminal.until('slow\r\n');
    terminal.type('/lis');
    await terminal.until('/lis');
    terminal.type('\x03');
    terminal.type('\x03');
    await terminal.until('Cancelled');
    terminal.type('/quit\r');
    expect(await terminal.status()).toBe(0);
  });

  it('ends with 130 on the second Ctrl-C', async () => {
    const terminal = new Terminal();
    await terminal.until('/quit leaves');
    terminal.type('\x03');
    await terminal.until('Ctrl-C once more leaves');
    terminal.type('\x03');
    expect(await terminal.status()).toBe(130);
  });
});
