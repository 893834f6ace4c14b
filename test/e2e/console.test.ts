import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { holdfast, program, startHoldfast } from '../helpers/holdfast-process.ts';
import { PseudoTerminal } from '../helpers/pseudo-terminal.ts';
import { createQuickRepository } from '../helpers/quick-repository.ts';

/** One data folder for all: its repository opens cheaply, its configuration and sample app are made by the first start. */
let root: string;
let data: string;
let app: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'holdfast-console-'));
  data = join(root, 'data');
  app = join(data, 'app');
  await mkdir(data);
  // As earlier versions left it.
  await writeFile(join(data, 'passphrase'), 'secret\n', { mode: 0o600 });
  await createQuickRepository(join(data, 'repository'), 'secret');
});

afterAll(() => rm(root, { recursive: true, force: true }));

const environment = () => ({ HOLDFAST_STATE_DIR: join(root, 'state') });
const script = (input: string) => holdfast(['console', '--data', data], { input, environment: environment() });

describe('the console as a script', () => {
  it('makes its own configuration, repository and sample app on the first start', async () => {
    const fresh = join(root, 'fresh');
    const words = ['console', '--data', fresh];
    const { status, output } = await holdfast(words, { input: '/list\n', environment: environment() });
    expect(status).toBe(0);
    expect(output).toContain(`Change something, such as ${join(fresh, 'app/settings.json')}`);
    for (const name of ['holdfast.yaml', 'repository/holdfast.json', 'app/app.sqlite', 'app/uploads/photo.raw']) {
      expect(existsSync(join(fresh, name)), name).toBe(true);
    }
    expect(statSync(join(fresh, 'passphrase')).mode & 0o777).toBe(0o600);
  });

  it('answers in order, without control characters, each job ended before the next line', async () => {
    const { status, output, messages } = await script('/backup\n/list\n/verify\n/jobs\n');
    expect({ status, messages }).toEqual({ status: 0, messages: '' });
    expect(output).toMatch(
      /> \/backup\nBacked up app.*> \/list\n.*manual.*> \/verify\n.*No damage found.*> \/jobs\n.*verify +completed.*backup +app +completed/s,
    );
    // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what must not be there
    expect(output).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/);
  });

  it('previews a restore, asks by number, restores, and offers an undo that works', async () => {
    const settings = join(app, 'settings.json');
    const content = await readFile(settings, 'utf8');
    await writeFile(settings, 'broken');
    const { status, output } = await script('/restore\n1\n');
    expect(status).toBe(0);
    expect(output).toMatch(
      /~ settings\.json.*Nothing was written\..*Restore into .*\n1\) Restore {2}2\) Cancel\n> 1\n/s,
    );
    expect(output).toMatch(/Done in .*\n1\) Undo\n/);
    expect(await readFile(settings, 'utf8')).toBe(content);
    await writeFile(settings, 'broken again');
    expect((await script('/restore\n1\n1\n1\n')).status).toBe(0);
    expect(await readFile(settings, 'utf8')).toBe('broken again');
  });

  it('ends with 1 when a command failed', async () => {
    const { status, output } = await script('/vrify\n/show ffffffff\n/whoami\n');
    expect(status).toBe(1);
    expect(output).toMatch(/Did you mean \/verify\?.*does not exist.*an owner/s);
  });

  it('refuses to open the same folder twice, and leaves at an interrupt', async () => {
    const first = startHoldfast(['console', '--data', data], { environment: environment() });
    const ended = once(first, 'exit');
    first.stdin?.write('/whoami\n');
    let said = '';
    first.stdout?.on('data', (piece) => {
      said += piece;
    });
    await expect.poll(() => said, { timeout: 20_000 }).toContain('an owner');
    const second = await script('/list\n');
    expect(second).toMatchObject({ status: 11, messages: expect.stringContaining('in use by process') });
    first.kill('SIGINT');
    expect((await ended)[0]).toBe(130);
  });

  it('says which passphrase is wrong with status 12', async () => {
    const other = join(root, 'other');
    await mkdir(other);
    await createQuickRepository(join(other, 'repository'), 'secret');
    await writeFile(join(other, 'passphrase'), 'not it\n');
    const { status, messages } = await holdfast(['console', '--data', other], { environment: environment() });
    expect({ status, messages }).toEqual({ status: 12, messages: expect.stringContaining('passphrase') });
  });
});

let terminal: PseudoTerminal | undefined;

function openTerminal(): PseudoTerminal {
  terminal = new PseudoTerminal(`'${program}' console --data '${data}'`, environment());
  return terminal;
}

afterEach(() => terminal?.kill());

describe('the console on a terminal', () => {
  it('completes, keeps what is half typed, cancels with Ctrl-C, and leaves', async () => {
    const large = Array.from({ length: 60 }, (_, i) => join(app, `large-${i}`));
    for (const [i, file] of large.entries()) await writeFile(file, Buffer.alloc(4 * 1024 * 1024, `large ${i} `));
    const terminal = openTerminal();
    await terminal.until('/quit leaves');
    terminal.type('/sta');
    await terminal.until('/sta');
    await terminal.tab('t');
    terminal.type('us\r');
    await terminal.until('Destination');
    terminal.type('/backup source:a');
    await terminal.until('source:a');
    await terminal.tab('pp ');
    terminal.type('\r');
    await terminal.until('1) Cancel');
    terminal.type('/lis');
    await terminal.until('/lis');
    // The first clears what is half typed.
    terminal.type('\x03');
    terminal.type('\x03');
    await terminal.until('was cancelled');
    for (const file of large) await rm(file);
    terminal.type('/jobs\r');
    await terminal.until(/backup +app +cancelled/);
    terminal.type('/quit\r');
    expect(await terminal.status()).toBe(0);
  });

  it('ends with 130 on the second Ctrl-C', async () => {
    const terminal = openTerminal();
    await terminal.until('/quit leaves');
    terminal.type('\x03');
    await terminal.until('Ctrl-C once more leaves');
    terminal.type('\x03');
    expect(await terminal.status()).toBe(130);
  });
});

describe('the prompt on a repository that is named', () => {
  it('has the commands of the command line', async () => {
    const words = ['console', '--repo', join(data, 'repository'), '--password-file', join(data, 'passphrase')];
    const { status, output } = await holdfast(words, {
      input: `/backup ${app} --tag mine\n/key list\n`,
      environment: environment(),
    });
    expect(status).toBe(0);
    expect(output).toMatch(/Backed up .*> \/key list\n.*first/s);
  });
});
