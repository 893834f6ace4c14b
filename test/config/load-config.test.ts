import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadConfig, parseConfig } from '../../src/config/load-config.ts';
import type { HoldfastError } from '../../src/shared/errors.ts';
import { currentSchema, schemaFile } from '../../tools/config/config-schema.ts';

const ISSUE = `version: 1
repository: { store: ./repository, passphrase: { file: ./passphrase } }
sources:
  app: { files: { paths: [./data], exclude: ['*.tmp'] }, protected: false }
owners: { discord: ['1234567890'], slack: ['T0001/U0001'] }
platforms:
  discord: { token: { env: DISCORD_TOKEN }, guild: '42', apiUrl: http://127.0.0.1:9001/api }
  slack: { mode: socket, botToken: { env: SLACK_BOT_TOKEN }, appToken: { env: SLACK_APP_TOKEN }, signingSecret: { env: SLACK_SIGNING_SECRET }, port: 3000, apiUrl: http://127.0.0.1:9002/api/ }
  console: true
notify: { discord: '77', slack: 'C0001' }
restoreRoots: [./restored]
state: ./state
`;

function problem(content: string): { message: string; advice: string | undefined } {
  try {
    parseConfig(content, '/etc/holdfast.yaml');
  } catch (error) {
    const { message, advice, code } = error as HoldfastError;
    expect(code).toBe('config');
    return { message, advice };
  }
  throw new Error('it was taken');
}

describe('a configuration', () => {
  it('is read with paths from the folder of the file', () => {
    expect(parseConfig(ISSUE, '/etc/holdfast.yaml')).toEqual({
      file: '/etc/holdfast.yaml',
      repository: { location: '/etc/repository', passphrase: { file: '/etc/passphrase' } },
      sources: [{ name: 'app', paths: ['/etc/data'], exclude: ['*.tmp'], protected: false }],
      owners: [
        { platform: 'discord', id: '1234567890' },
        { platform: 'slack', id: 'T0001/U0001' },
      ],
      platforms: {
        console: true,
        discord: { token: { env: 'DISCORD_TOKEN' }, guild: '42', apiUrl: 'http://127.0.0.1:9001/api' },
        slack: {
          botToken: { env: 'SLACK_BOT_TOKEN' },
          apiUrl: 'http://127.0.0.1:9002/api/',
          connection: { mode: 'socket', appToken: { env: 'SLACK_APP_TOKEN' } },
        },
      },
      notify: { discord: '77', slack: 'C0001' },
      routes: [
        { platform: 'discord', channel: '77', from: 'info' },
        { platform: 'slack', channel: 'C0001', from: 'info' },
      ],
      restoreRoots: ['/etc/restored'],
      state: '/etc/state',
      log: { format: undefined, level: 'info' },
      unattended: expect.objectContaining({ timeZone: 'UTC' }),
      warnings: [],
    });
  });

  it('needs no owners, channels, restore roots or state folder', () => {
    const least = `version: 1
repository: { store: /r, passphrase: { env: P } }
sources: {}
platforms: { console: true }
`;
    expect(parseConfig(least, '/etc/holdfast.yaml')).toMatchObject({
      owners: [],
      notify: {},
      restoreRoots: [],
      state: '/etc/state',
    });
  });

  it.each([
    {
      what: 'an unknown key',
      change: ['owners:', 'ownres:'],
      says: ':5:1: ownres: is not known',
      advice: 'Did you mean owners?',
    },
    {
      what: 'an unknown platform',
      change: ['  discord: {', '  discrod: {'],
      says: ':7:3: platforms.discrod: is not known',
      advice: 'Did you mean discord?',
    },
    {
      what: 'a misspelt key of a source',
      change: ["exclude: ['", "excludes: ['"],
      says: ':4:36: sources.app.files.excludes: is not known',
      advice: 'Did you mean exclude?',
    },
    {
      what: 'a misspelt reason among fixed ones',
      change: ['restoreRoots:', 'retention: { last: 1, triggers: { pre-migraton: 1y } }\nrestoreRoots:'],
      says: 'retention.triggers.pre-migraton: is not known',
      advice: 'Did you mean pre-migration?',
    },
    {
      what: 'a source with a name that is none',
      change: ['  app: {', '  app/1: {'],
      says: 'sources.app/1: must be letters, digits and . _ -',
    },
    {
      what: 'a cap that is none',
      change: ['restoreRoots:', 'storage: { cap: 5 GBB }\nrestoreRoots:'],
      says: 'storage.cap: must be a size such as 5 GB, or false for no limit',
    },
    {
      what: 'a cap of nothing',
      change: ['restoreRoots:', 'storage: { cap: 0 }\nrestoreRoots:'],
      says: 'storage.cap: leaves no room for any backup; false is for no limit',
    },
    {
      what: 'a number that is too large',
      change: ['restoreRoots:', 'storage: { warnAt: [100] }\nrestoreRoots:'],
      says: 'storage.warnAt.0: must be less than 100',
    },
    {
      what: 'a number that is too small',
      change: ['restoreRoots:', 'jobs: { retries: -1 }\nrestoreRoots:'],
      says: 'jobs.retries: must be at least 0',
    },
    {
      what: 'a number for an ID',
      change: ["['1234567890']", '[1234567890]'],
      says: ":5:21: owners.discord.0: must be text in quotes, such as '1234567890'",
    },
    {
      what: 'a name for an ID',
      change: ['T0001/U0001', 'anna'],
      says: ":5:44: owners.slack.0: must look like 'T0001/U0001'",
    },
    {
      what: 'a value of another kind',
      change: ['restoreRoots: [./restored]', 'restoreRoots: ./restored'],
      says: ':11:1: restoreRoots: must be a list, not "./restored"',
    },
    {
      what: 'a secret in place of a reference',
      change: ['{ env: DISCORD_TOKEN }', 'abc'],
      says: ':7:14: platforms.discord.token: must be a group of keys',
    },
    {
      what: 'two references for one secret',
      change: ['{ file: ./passphrase }', '{ file: ./a, env: B }'],
      says: 'repository.passphrase: needs exactly one of env, file and credential',
    },
    { what: 'a missing part', change: ['store: ./repository, ', ''], says: ':2:1: repository.store: is missing' },
    {
      what: 'a mode that is none',
      change: ['mode: socket', 'mode: sockets'],
      says: 'platforms.slack.mode: must be one of socket, http',
    },
    {
      what: 'a mode without its token',
      change: ['appToken: { env: SLACK_APP_TOKEN }, ', ''],
      says: 'platforms.slack.appToken: is missing, and mode socket needs it',
    },
    { what: 'another version', change: ['version: 1', 'version: 2'], says: ':1:1: version: must be 1' },
    { what: 'broken YAML', change: ['sources:', 'sources: ]'], says: ':3:10: ' },
    {
      what: 'one owner for a protected source',
      change: ['protected: false', 'protected: true'],
      says: 'sources.app.protected: needs two owners on one platform',
    },
    {
      what: 'a restore root around the repository',
      change: ['[./restored]', '[.]'],
      says: 'a restore there could write over /etc/repository',
    },
  ])('says where $what is', ({ change, says, advice }) => {
    const [from = '', to = ''] = change;
    expect(ISSUE).toContain(from);
    const found = problem(ISSUE.replace(from, to));
    expect(found.message).toContain(says);
    if (advice !== undefined) expect(found.advice).toBe(advice);
  });

  it('tells all problems at once', () => {
    expect(problem(ISSUE.replace('state:', 'sate:').replace('version: 1', 'version: 3')).message).toMatch(
      /sate.*and 1 more.*version/,
    );
  });

  it('warns of owners and channels of a platform that is not there', () => {
    const config = parseConfig(ISSUE.replace(/ {2}slack: \{.*\n/, ''), '/etc/holdfast.yaml');
    expect(config.warnings).toEqual([
      'notify.slack names a channel, but slack is not among the platforms',
      'owners.slack names owners, but slack is not among the platforms',
    ]);
  });

  it('that is not there is told as such', async () => {
    await expect(loadConfig('/nonexistent/holdfast.yaml')).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining('does not exist'),
    });
  });
});

describe('the files for people', () => {
  it('have an example that is valid', async () => {
    const file = new URL('../../config/holdfast.example.yaml', import.meta.url).pathname;
    expect((await loadConfig(file)).warnings).toEqual([]);
  });

  it('have a JSON Schema that is current', () => {
    expect(JSON.parse(readFileSync(schemaFile, 'utf8'))).toEqual(JSON.parse(currentSchema()));
  });
});
