import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ERROR_EXITS } from '../../src/shared/errors.ts';
import { crashing } from '../helpers/crashing.ts';
import { FakeDiscord, STRANGER } from '../helpers/discord/fake-discord.ts';
import { endProcess, holdfast, startHoldfast } from '../helpers/holdfast-process.ts';
import { createQuickRepository } from '../helpers/quick-repository.ts';
import { FakeSlack } from '../helpers/slack/fake-slack.ts';

/** One for everything secret that a configuration can name. They hold what is written otherwise in addresses. */
const CANARIES = {
  passphrase: 'canary-passphrase/with space+1',
  discord: 'canary-discord/token+2',
  slack: 'canary-slack/token+3',
  signing: 'canary-signing/secret+4',
  hook: 'canary-hook/variable+5',
  database: 'canary-database-password-6',
  pingPassword: 'canary-ping-password-7',
  pingPath: 'canary-ping-path-8',
  pingQuery: 'canary-ping-query-9',
  wrong: 'canary-wrong/passphrase+10',
} as const;

/** What Node says of a report that it writes. */
const REPORTING = /^\s*$|Writing Node\.js report|Node\.js report completed/;

let folder: string;
let discord: FakeDiscord;
let slack: FakeSlack;
let running: ChildProcess | undefined;
let said: string;

const at = (name: string): string => join(folder, name);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

const writeConfig = (port: number): void =>
  writeFileSync(
    at('given/holdfast.yaml'),
    `version: 1
repository: { store: ../repository, passphrase: { file: ./passphrase } }
schedules: { hourly: false, daily: false, weekly: false, monthly: false }
sources:
  app:
    files: { paths: [../data] }
    ping: { env: PING }
    hooks:
      after: { command: ['env; exit 3'], shell: true, env: { TOKEN: { env: HOOK } } }
  broken:
    files: { paths: [../data] }
    hooks:
      before:
        command: ['env; printf %s "$TOKEN" | base64; printf %s "$DATABASE" | od -An -tx1 | tr -d " \\n"; exit 3']
        shell: true
        env: { TOKEN: { env: HOOK }, DATABASE: 'postgres://app:${CANARIES.database}@127.0.0.1/app' }
owners: { discord: ['1234567890'] }
platforms:
  discord: { token: { env: DISCORD }, guild: '${discord.state.guild}', apiUrl: ${discord.apiUrl} }
  slack: { mode: http, botToken: { env: SLACK }, signingSecret: { env: SIGNING }, port: ${port}, apiUrl: ${slack.apiUrl} }
notify: { discord: '77' }
http: { port: 0 }
state: ../state
`,
  );

const environment = (): Record<string, string> => ({
  DISCORD: CANARIES.discord,
  SLACK: CANARIES.slack,
  SIGNING: CANARIES.signing,
  HOOK: CANARIES.hook,
  PING: `http://user:${CANARIES.pingPassword}@127.0.0.1:9/${CANARIES.pingPath}?key=${CANARIES.pingQuery}`,
  HOLDFAST_STATE_DIR: at('memory'),
  HOLDFAST_DEBUG: '1',
});

function start(more: Record<string, string> = {}): ChildProcess {
  const words = ['serve', '--config', at('given/holdfast.yaml')];
  const child = startHoldfast(words, { environment: { ...environment(), ...more } });
  child.stderr?.on('data', (piece) => {
    said += piece;
  });
  running = child;
  return child;
}

function end(signal: NodeJS.Signals): Promise<number | null> {
  const child = running;
  running = undefined;
  return endProcess(child, signal);
}

const untilSaid = (words: string) => expect.poll(() => said, { timeout: 60_000 }).toContain(words);

function filesBelow(path: string): string[] {
  if (!statSync(path).isDirectory()) return statSync(path).isFile() ? [path] : [];
  return readdirSync(path).flatMap((name) => filesBelow(join(path, name)));
}

/** How a secret may be written: as it is, in an address, in hexadecimal, and in base64 wherever it stands. */
function formsOf(secret: string): string[] {
  const base64 = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]).toString('base64');
    return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + secret.length) * 8) / 6));
  });
  return [secret, encodeURIComponent(secret), Buffer.from(secret).toString('hex'), ...base64];
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-secrets-'));
  said = '';
  discord = await FakeDiscord.start();
  discord.token = CANARIES.discord;
  slack = await new FakeSlack().start();
  for (const name of ['data', 'given']) mkdirSync(at(name));
  writeFileSync(at('data/note.txt'), 'note\n');
  writeFileSync(at('given/passphrase'), `${CANARIES.passphrase}\n`);
  writeFileSync(at('given/wrong'), `${CANARIES.wrong}\n`);
  await createQuickRepository(at('repository'), CANARIES.passphrase);
  writeConfig(await freePort());
});

afterEach(async () => {
  await end('SIGKILL');
  await Promise.all([discord.stop(), slack.goDown()]);
  rmSync(folder, { recursive: true, force: true });
});

it('writes no secret anywhere, whatever goes wrong', async () => {
  start();
  await untilSaid('discord is connected');
  await discord.until('commands', () => discord.state.commands.get(discord.state.guild)?.length);
  await untilSaid('slack: ');
  await discord.answer(discord.call('backup', { source: 'app' }), /Backed up/);
  await discord.answer(discord.call('backup', { source: 'broken' }), /hook/);
  await discord.answer(discord.call('status', {}, { user: STRANGER }), /may not/);
  const address = /Health and metrics are on (http:\/\/[\d.:]+)/.exec(said)?.[1] ?? expect.fail(said);
  const told = await Promise.all(
    ['healthz', 'readyz', 'metrics'].map(async (path) => (await fetch(`${address}/${path}`)).text()),
  );
  expect(told[1]).toContain('"ready":true');
  expect(told[2]).toMatch(/^holdfast_source_last_run_status\{source="broken",status="failed"\} 1$/m);
  expect(told[2]).toMatch(/^holdfast_platform_connected\{platform="discord"\} 1$/m);
  const beside = { environment: environment() };
  const config = ['--config', at('given/holdfast.yaml')];
  const answers = [
    await holdfast(['backup', '--source', 'broken', ...config], beside),
    await holdfast(['nonsense', ...config], beside),
    await holdfast(['list', '--repo', at('repository'), '--password-file', at('given/wrong')], beside),
  ];
  for (const { status } of answers) expect(status).not.toBe(0);
  // One that cannot open its repository, and one that is refused everywhere.
  expect(await end('SIGTERM')).toBe(0);
  await expect(fetch(address)).rejects.toThrow();
  writeFileSync(at('given/passphrase'), `${CANARIES.wrong}\n`);
  start();
  await untilSaid('The repository cannot be opened');
  expect(await end('SIGTERM')).toBe(0);
  discord.token = 'another';
  await once(start(), 'exit');

  for (const line of said.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('message');
  const messages = JSON.stringify([
    discord.rest.requests.map(({ path, body, files }) => [path, body, files.map(({ data }) => data.toString())]),
    slack.calls,
  ]);
  const everything = [
    ...filesIn(['state', 'memory', 'repository']),
    ['log', said],
    ['messages', messages],
    ['answers', JSON.stringify(answers)],
    ['monitors', told.join('\n')],
  ] as const;
  // What the hooks printed has come through, without what they were told.
  expect(messages).toContain('[secret]');
  expectNoCanary(everything);
});

it('writes no secret into what a crash leaves', async () => {
  const words = at('words');
  // All that this configuration names.
  const { wrong: _, ...known } = CANARIES;
  writeFileSync(words, `${Object.values(known).join('\n')}\n`);
  mkdirSync(at('reports'));
  const more = crashing(words);
  const report = `--report-on-signal --report-signal=SIGCONT --report-directory=${at('reports')}`;
  const child = start({ ...more, NODE_OPTIONS: `${more.NODE_OPTIONS} ${report}` });
  await untilSaid('discord is connected');
  await discord.until('commands', () => discord.state.commands.get(discord.state.guild)?.length);
  // A promise that nobody waits for is told, and the bot goes on.
  child.kill('SIGWINCH');
  await untilSaid('A rejection with');
  // Node's own report, which somebody may have turned on.
  child.kill('SIGCONT');
  await expect.poll(() => readdirSync(at('reports')).length).toBe(1);
  await discord.answer(discord.call('backup', { source: 'broken' }), /hook/);
  const ended = once(child, 'exit');
  child.kill('SIGUSR2');
  expect(await ended).toEqual([ERROR_EXITS.internal, null]);
  running = undefined;
  expect(said).toContain('Unexpected error, the bot ends: An exception with');
  for (const line of said
    .trim()
    .split('\n')
    .filter((one) => !REPORTING.test(one))) {
    expect(JSON.parse(line)).toHaveProperty('message');
  }
  expect(said.match(/crash-on-signal/g)?.length).toBeGreaterThan(1);
  expectNoCanary([...filesIn(['state', 'memory', 'reports']), ['log', said]]);
  const { unattended } = JSON.parse(readFileSync(at('state/state.json'), 'utf8'));
  expect(unattended.runs.at(-1).error.message).toContain('[secret]');
});

type Written = readonly (readonly [where: string, content: string])[];

const filesIn = (folders: readonly string[]): Written =>
  folders.flatMap((name) => filesBelow(at(name))).map((file) => [file, readFileSync(file, 'latin1')] as const);

function expectNoCanary(everything: Written): void {
  for (const [name, canary] of Object.entries(CANARIES)) {
    for (const [where, content] of everything) {
      const found = formsOf(canary).filter((form) => content.includes(form));
      expect(found, `${name} in ${where}`).toEqual([]);
    }
  }
}
