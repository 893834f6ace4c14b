import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConfiguredPlace } from '../../src/cli/host.ts';
import { createConfigured, forOperator } from '../../src/config/configured.ts';
import { parseConfig } from '../../src/config/load-config.ts';
import { ControlClient } from '../../src/control/control-client.ts';
import { openOneCommandBot } from '../../src/serve/one-command-bot.ts';
import { HoldfastError } from '../../src/shared/errors.ts';
import type { AuditEntry } from '../../src/state/audit-entry.ts';
import { verifyAudit } from '../../src/state/verify-audit.ts';
import { ANN, ChatStage } from '../helpers/chat-stage.ts';
import { type FakeRepository, fakeRepository } from '../helpers/fake-engine.ts';
import { wordsOf } from '../helpers/memory-platform.ts';
import { type Circumstances, runFake } from '../helpers/test-host.ts';

let stage: ChatStage;
/** What a command line opens by itself. */
let own: FakeRepository;

beforeEach(async () => {
  stage = await ChatStage.open();
  own = fakeRepository();
});

afterEach(() => stage.stop().catch(() => {}));

const state = (): string => join(stage.folder, 'state');

function place(): ConfiguredPlace {
  const config = parseConfig(
    `version: 1
repository: { store: /repo, passphrase: { env: PASSPHRASE } }
sources:
  app:
    files: { paths: [/srv/app] }
    hooks: { after: { command: ['${process.execPath}', '-e', "fs.appendFileSync(process.env.TO, process.env.HOLDFAST_STATUS)"], env: { TO: ${stage.folder}/hooked } } }
platforms: { console: true }
state: ${state()}
`,
    '/etc/holdfast.yaml',
  );
  return {
    file: '/etc/holdfast.yaml',
    location: '/repo',
    passphrase: async () => 'secret',
    configured: forOperator(createConfigured(config)),
    auditFolder: state(),
    connect: () => ControlClient.connect(state()),
    becomeBot: (services, onWarning) =>
      openOneCommandBot(config, services, { environment: {}, version: '1.2.3', onWarning }),
  };
}

const run = (words: string[], more: Circumstances = {}) =>
  runFake(['--config', '/etc/holdfast.yaml', ...words], own, { configuration: async () => place(), ...more });

describe('a command line beside a running bot', () => {
  it('has the bot do what it asks for, as a job, in its own name', async () => {
    const { status, output } = await run(['backup', '--source', 'app', '--tag', 'x']);
    expect(output).toContain('Backed up app as snapshot');
    expect(status).toBe(0);
    expect(own.calls).toEqual([]);
    expect(stage.count('backup')).toBe(1);
    expect(wordsOf((await stage.say(ANN, 'jobs')).view)).toMatch(/backup.*app.*completed.*tester@here/);
    const entries = await stage.audited();
    expect(entries.filter(({ who }) => who.platform === 'cli')).toMatchObject([
      { who: { id: 'tester@here' }, what: 'backup', input: 'source: app, tag: x', outcome: 'allowed' },
      { what: expect.stringMatching(/^job \w+: backup of app$/), outcome: 'completed' },
    ]);
  });

  it('gets the same as without it, for people and for programs, streams included', async () => {
    own.snapshots.push(...stage.repository.snapshots);
    for (const words of [
      ['list'],
      ['list', '--json'],
      ['ls', 'latest'],
      ['ls', 'latest', '--json'],
      ['show', 'latest', '--sha256sums'],
      ['find', '*', '--json'],
      ['restore', 'latest', '--to', '/tmp/x'],
    ]) {
      const through = await run(words);
      const alone = await run(words, { configuration: async () => ({ ...place(), connect: async () => undefined }) });
      expect(through.output, words.join(' ')).toBe(alone.output);
      expect([through.status, alone.status], words.join(' ')).toEqual([0, 0]);
    }
    expect(own.calls.length).toBeGreaterThan(0);
  });

  it('passes errors on with their codes', async () => {
    const { status, messages } = await run(['show', 'ffffffff']);
    expect(status).toBe(10);
    expect(messages).toMatch(/^holdfast: /);
    expect(JSON.parse((await run(['show', 'ffffffff', '--json'])).output).error.code).toBe('not_found');
    expect((await run(['list', '--page', '0'])).status).toBe(2);
    expect((await stage.audited()).filter(({ outcome }) => outcome === 'failed')).toHaveLength(3);
  });

  it('asks at its own terminal what the bot wants answered', async () => {
    stage.behaviour.restore = { changed: { files: 2, directories: 0, others: 0, bytes: 10 } };
    const words = ['restore', 'latest', '--in-place', '--apply'];
    const refused = await run(words);
    expect(refused.status).toBe(15);
    expect(refused.messages).toContain('Nobody is there to answer');
    const no = await run(words, { terminal: ['n'] });
    expect([no.status, stage.count('restore')]).toEqual([15, 0]);
    const yes = await run(words, { terminal: ['y'] });
    expect([yes.status, stage.count('restore')]).toEqual([0, 1]);
    expect((await run([...words, '--yes'])).status).toBe(0);
    const own = (await stage.audited()).filter(({ who, what }) => who.platform === 'cli' && what === 'restore');
    expect(own.map(({ outcome }) => outcome)).toEqual([
      'allowed',
      'failed',
      'allowed',
      'cancelled',
      'allowed',
      'allowed',
    ]);
  });

  it('does by itself what reads its standard input or only a shell can do, and has that noted', async () => {
    expect((await run(['backup', '--stdin', 'a.sql'], { input: 'x' })).status).toBe(0);
    expect((await run(['key', 'list'])).status).toBe(0);
    expect(own.calls).toContain('backup');
    expect(stage.count('backup')).toBe(0);
    expect((await stage.audited()).filter(({ who }) => who.platform === 'cli')).toMatchObject([
      { what: 'backup', input: 'stdin: a.sql', outcome: 'allowed', detail: 'runs in the command line' },
      { what: 'backup', outcome: 'completed' },
      { what: 'key list', outcome: 'allowed' },
      { what: 'key list', outcome: 'completed' },
    ]);
  });

  it('reaches what only a bot has', async () => {
    await run(['backup']);
    expect((await run(['jobs'])).output).toContain('completed');
    expect((await run(['audit', '--who', 'tester'])).output).toContain('tester@here on cli');
  });

  it('is told which job works on a source already', async () => {
    stage.behaviour.hangs = true;
    const first = run(['backup', '--source', 'app']);
    await expect.poll(() => stage.count('backup')).toBe(1);
    const second = await run(['backup', '--source', 'app']);
    expect(second.status).toBe(11);
    expect(second.messages).toMatch(/Job \w+ \(backup\) is working on app/);
    expect((await run(['list'])).status).toBe(0);
    expect((await run(['cancel'])).status).toBe(0);
    expect((await first).status).toBe(130);
  });

  it('cancels what it started, by Ctrl-C and by going away', async () => {
    stage.behaviour.hangs = true;
    let stop: (() => void) | undefined;
    const stopped = run(['backup'], {
      onStart: (given) => {
        stop = given;
      },
    });
    await expect.poll(() => stage.count('backup')).toBe(1);
    stop?.();
    expect((await stopped).status).toBe(130);
    const client = await ControlClient.connect(state());
    const asked = { user: 'me@here', command: 'backup', raw: {}, answered: true, wants: 'view' } as const;
    const gone = client?.run(asked, {
      onProgress: () => {},
      onWarning: () => {},
      signal: new AbortController().signal,
    });
    await expect.poll(() => stage.count('backup')).toBe(2);
    await client?.close();
    await expect(gone).rejects.toMatchObject({ code: 'failed', message: 'The bot ended before it answered' });
    const ended = async () => wordsOf((await stage.say(ANN, 'jobs')).view).match(/cancelled/g)?.length;
    await expect.poll(ended).toBe(2);
  });

  it('is told when the bot stops', async () => {
    stage.behaviour.hangs = true;
    const running = run(['backup']);
    await expect.poll(() => stage.count('backup')).toBe(1);
    await stage.stop();
    expect((await running).status).toBe(130);
    expect(await ControlClient.connect(state())).toBeUndefined();
  });
});

describe('a command line without a running bot', () => {
  it('reads by itself, and is a bot for as long as a backup takes: with hooks, history, audit log and anchor', async () => {
    await stage.stop();
    const { status, output } = await run(['backup']);
    expect([status, output]).toEqual([0, expect.stringContaining('Backed up app')]);
    expect(readFileSync(join(stage.folder, 'hooked'), 'utf8')).toBe('completed');
    expect(own.requests).toContainEqual(
      expect.objectContaining({
        source: 'app',
        facts: { audit: expect.objectContaining({ seq: expect.any(Number) }) },
      }),
    );
    expect((await run(['jobs'])).output).toMatch(/backup.*app.*completed.*tester@here/);
    expect((await run(['list'])).status).toBe(0);
    const shown = (await run(['audit', '--command', 'backup', '--json'])).output;
    expect(JSON.parse(shown).entries.map(({ what }: AuditEntry) => what.replace(/\w{8}:/, 'ID:'))).toEqual([
      'job ID: backup of app',
      'hook after a backup of app',
      'backup',
    ]);
    expect(await verifyAudit(state())).toMatchObject({ breaks: [] });
    await stage.start();
    expect(wordsOf((await stage.say(ANN, 'jobs')).view)).toContain('tester@here');
  });

  it('says what a bot is needed for, and what keeps it from being one', async () => {
    const unnamed = await runFake(['jobs'], own);
    expect([unnamed.status, unnamed.messages]).toEqual([2, expect.stringContaining('--config FILE')]);
    const unreachable = { configuration: async () => ({ ...place(), connect: async () => undefined }) };
    const locked = await run(['backup'], unreachable);
    expect([locked.status, locked.messages]).toEqual([11, expect.stringContaining('The state folder is in use')]);
    expect((await run(['list'], unreachable)).status).toBe(0);
    expect((await run(['backup', '/srv/other'], unreachable)).status).toBe(0);
  });

  it('takes the configuration from the environment, unless a repository is named', async () => {
    await stage.stop();
    const circumstances = {
      environment: { HOLDFAST_CONFIG: '/etc/holdfast.yaml' },
      configuration: async () => place(),
    };
    expect((await runFake(['backup'], own, circumstances)).output).toContain('Backed up app');
    expect((await runFake(['-r', '/repo', 'backup'], own, circumstances)).messages).toContain('nothing to back up');
    expect((await runFake(['-r', '/repo', '--config', 'x', 'list'], own, circumstances)).status).toBe(2);
  });
});

describe('the socket of a bot', () => {
  it('is for its own user alone', () => {
    expect(statSync(join(state(), 'control')).mode & 0o777).toBe(0o700);
    expect(statSync(join(state(), 'control', 'socket')).mode & 0o777).toBe(0o600);
  });

  it('takes the place of one that a dead process left, also in a folder that was open to others', async () => {
    await stage.stop();
    const dead = createServer();
    const path = join(state(), 'control', 'socket');
    await new Promise<void>((resolve) => dead.listen(path, resolve));
    // What a kill leaves: the file, and nobody behind it.
    writeFileSync(join(state(), 'control', 'kept'), '');
    await new Promise((resolve) => dead.close(resolve));
    writeFileSync(path, '');
    chmodSync(join(state(), 'control'), 0o777);
    await stage.start();
    expect(statSync(join(state(), 'control')).mode & 0o777).toBe(0o700);
    expect((await run(['list'])).status).toBe(0);
  });

  it('is reached however deep its folder lies', async () => {
    const deep = join(stage.folder, ...Array.from({ length: 8 }, () => 'a-rather-long-name'));
    mkdirSync(deep, { recursive: true });
    await stage.stop();
    stage.stateFolder = join(deep, 'state');
    await stage.start();
    const client = await ControlClient.connect(stage.stateFolder);
    expect(client).toBeDefined();
    await client?.close();
  });

  it.each([
    { what: 'no JSON', sent: 'GET / HTTP/1.1\n' },
    {
      what: 'a second request',
      sent: '{"type":"announce","version":1,"user":"u","command":"list","raw":{}}\n'.repeat(2),
    },
    { what: 'another version', sent: '{"type":"run","version":99,"user":"u","command":"list","raw":{}}\n' },
    { what: 'an unknown command', sent: '{"type":"run","version":1,"user":"u","command":"constructor","raw":{}}\n' },
  ])('ends a connection that sends $what, and goes on', async ({ sent }) => {
    const socket = connect(join(state(), 'control', 'socket'));
    socket.on('error', () => {});
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.resume();
    socket.write(sent);
    await closed;
    expect((await run(['list'])).status).toBe(0);
  });

  it('tells a command line of another version what to do', async () => {
    const client = await ControlClient.connect(state());
    const asked = { user: 'u', command: 'list', raw: {}, answered: true, wants: 'view', version: 99 } as const;
    const surface = { onProgress: () => {}, onWarning: () => {}, signal: new AbortController().signal };
    const failure = await client?.run(asked, surface).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(HoldfastError);
    expect(failure).toMatchObject({ code: 'unsupported_version', advice: expect.stringContaining('Restart the bot') });
  });
});
