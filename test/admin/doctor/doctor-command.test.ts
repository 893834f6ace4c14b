import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createDoctorCommand } from '../../../src/admin/doctor/doctor-command.ts';
import type { DoctorHost } from '../../../src/admin/doctor/examine.ts';
import type { Finding } from '../../../src/admin/doctor/finding.ts';
import { openStore } from '../../../src/backup/stores/open.ts';
import type { Globals } from '../../../src/cli/globals.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { readProcessIdentity } from '../../../src/shared/process-identity.ts';
import { systemRandom } from '../../../src/shared/random.ts';
import { fakeRepository, summary } from '../../helpers/fake-engine.ts';
import { APP_TOKEN, BOT_TOKEN, FakeSlack } from '../../helpers/slack/fake-slack.ts';

const CANARY = 'canary-of-the-doctor';

let folder: string;
let host: DoctorHost;
let repository: ReturnType<typeof fakeRepository>;
const at = (name: string): string => join(folder, name);

function configure(more = ''): void {
  writeFileSync(
    at('holdfast.yaml'),
    `version: 1
repository: { store: ./repository, passphrase: { file: ./passphrase } }
sources:
  app:
    files: { paths: [./app] }
    hooks: { before: { command: [sync], env: { WORD: { env: WORD } } } }
platforms: { console: true }
storage: { warnAt: [99.9] }
${more}`,
  );
}

async function examined(
  globals: Partial<Globals> = {},
  input: { noPost?: boolean } = {},
): Promise<{ status: number; output: string }> {
  let output = '';
  const stream = new Writable({
    write(piece, _encoding, done) {
      output += piece;
      done();
    },
  });
  const printing = { environment: {}, now: () => 0, output: stream };
  const command = createDoctorCommand(printing, async () => host);
  const status = await command.run(input, { config: at('holdfast.yaml'), json: false, ...globals } as Globals);
  return { status, output };
}

async function troubles(): Promise<Finding[]> {
  const { output } = await examined({ json: true });
  return JSON.parse(output).findings.filter(({ status }: Finding) => status !== 'ok');
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-doctor-'));
  for (const name of ['repository', 'app']) mkdirSync(at(name));
  writeFileSync(at('passphrase'), `${CANARY}\n`, { mode: 0o600 });
  configure();
  repository = fakeRepository({ passphrase: CANARY });
  repository.snapshots.push(summary(1));
  host = {
    environment: { PATH: '/usr/bin:/bin', WORD: CANARY },
    clock: systemClock,
    random: systemRandom,
    version: '1.2.3',
    node: 'v24.1.0',
    nativeProblem: () => undefined,
    door: repository,
    openStore,
    identity: readProcessIdentity(),
    isRunning: async () => false,
  };
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the doctor', () => {
  it('says that all is well, leaves nothing behind, and ends with 0', async () => {
    const { status, output } = await examined();
    expect(output).toContain('All is well');
    expect(status).toBe(0);
    expect(readdirSync(at('state'))).toEqual([]);
    expect(readdirSync(at('repository')).filter((name) => name !== 'tmp')).toEqual([]);
  });

  it('tells every problem of a configuration with its place', async () => {
    configure('digests: false\n');
    const [found] = await troubles();
    expect(found).toMatchObject({ check: 'configuration', status: 'problem', fix: 'Did you mean digest?' });
    expect(found?.found).toContain('holdfast.yaml:9:1: digests: is not known');
    expect((await examined()).status).toBe(1);
  });

  it('tells of secrets that cannot be read, and of those that others can, and shows none', async () => {
    chmodSync(at('passphrase'), 0o644);
    host = { ...host, environment: { PATH: '/usr/bin:/bin' } };
    expect(await troubles()).toEqual([
      expect.objectContaining({ check: 'secrets', status: 'warning', fix: `Run chmod 600 ${at('passphrase')}.` }),
      expect.objectContaining({
        check: 'secrets',
        status: 'problem',
        found: expect.stringContaining('WORD is not set'),
      }),
    ]);
    expect((await examined()).output).not.toContain(CANARY);
  });

  it('takes secrets out of what others said', async () => {
    host = { ...host, door: { open: () => Promise.reject(new Error(`no luck with ${CANARY}`)) } };
    const { output, status } = await examined();
    expect(output).toContain('no luck with [secret]');
    expect(status).toBe(1);
  });

  it('notices a store that gives back something else', async () => {
    host = {
      ...host,
      openStore: async (location) => {
        const store = await openStore(location);
        store.get = async () => Buffer.from('other');
        return store;
      },
    };
    expect(await troubles()).toEqual([
      expect.objectContaining({
        check: 'repository',
        found: expect.stringContaining('something else than was stored'),
      }),
    ]);
  });

  it('ends with 3 where there are only warnings, such as that there is no backup yet', async () => {
    repository.snapshots.length = 0;
    expect(await troubles()).toMatchObject([{ check: 'repository', status: 'warning', fix: 'Run holdfast backup.' }]);
    expect((await examined()).status).toBe(3);
  });

  it('tells of objects that are gone', async () => {
    const gone = { object: 'packs/ab', kind: 'pack', problem: 'it is not there', files: [], filesTotal: 0 };
    repository = fakeRepository({ passphrase: CANARY, verify: { damaged: [gone, gone] } });
    repository.snapshots.push(summary(1));
    host = { ...host, door: repository };
    expect(await troubles()).toMatchObject([
      { check: 'repository', status: 'problem', found: 'packs/ab and 1 more: it is not there' },
    ]);
    expect(repository.requests[repository.calls.indexOf('verify')]).toEqual({ depth: 'quick' });
  });

  it('posts to the channels and deletes that again, unless it is told not to', async () => {
    const slack = await new FakeSlack().start();
    onTestFinished(() => slack.goDown());
    slack.workspace.add('C0001');
    configure(`notify: { slack: C0001 }
owners: { slack: [T0001/U0001] }
`);
    const written = readFileSync(at('holdfast.yaml'), 'utf8');
    const platform = `{ slack: { botToken: { env: BOT }, appToken: { env: APP }, apiUrl: ${slack.apiUrl} } }`;
    writeFileSync(at('holdfast.yaml'), written.replace('{ console: true }', platform));
    host = { ...host, environment: { ...host.environment, BOT: BOT_TOKEN, APP: APP_TOKEN } };
    const posted = () => slack.calls.filter(({ method }) => method === 'chat.postMessage').length;
    expect((await examined({}, { noPost: true })).output).toContain('the bot is in channel C0001');
    expect(posted()).toBe(0);
    const { output, status } = await examined();
    expect(output).toContain('a test message was posted to channel C0001, and deleted again');
    expect({ status, posted: posted(), left: slack.workspace.messages }).toEqual({ status: 0, posted: 1, left: [] });
  });

  it('tells of a source that is gone and of a hook whose program is not there', async () => {
    configure();
    rmSync(at('app'), { recursive: true });
    host = { ...host, environment: { ...host.environment, PATH: at('nowhere') } };
    expect(await troubles()).toMatchObject([
      { check: 'sources', found: `app: ${at('app')} does not exist` },
      { check: 'tools', found: 'app: the hook before needs sync, which is not there' },
    ]);
  });

  it('tells of a clock that is behind the newest backup', async () => {
    host = { ...host, clock: { ...systemClock, now: () => Date.UTC(2001, 0, 1) } };
    expect(await troubles()).toEqual([
      expect.objectContaining({ check: 'clock', status: 'warning' }),
      expect.objectContaining({ check: 'clock', status: 'problem' }),
    ]);
  });

  it('leaves the lock to a running bot, and says that it runs', async () => {
    mkdirSync(at('state'));
    writeFileSync(at('state/lock'), JSON.stringify(host.identity));
    host = { ...host, isRunning: async () => true };
    expect((await examined()).output).toContain(`A bot runs on it, process ${process.pid}`);
    expect(readdirSync(at('state'))).toEqual(['lock']);
  });

  it('doubts an owner of the state that lives and does not answer', async () => {
    mkdirSync(at('state'));
    writeFileSync(at('state/lock'), JSON.stringify(host.identity));
    expect(await troubles()).toMatchObject([{ check: 'state', status: 'warning' }]);
  });

  it('says that nothing runs without a terminal where no chat is configured', async () => {
    const { status, output } = await examined();
    expect({ status, output }).toMatchObject({ status: 0, output: expect.stringContaining('No chat is configured') });
  });

  it('tells of an old Node and of missing native calls', async () => {
    host = { ...host, node: 'v20.0.0', nativeProblem: () => 'no such package' };
    expect(await troubles()).toMatchObject([
      { check: 'program', status: 'problem', fix: 'Use Node 24 or later.' },
      { check: 'program', status: 'warning', found: expect.stringContaining('no such package') },
    ]);
  });
});
