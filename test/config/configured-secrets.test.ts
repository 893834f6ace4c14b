import { describe, expect, it } from 'vitest';
import { configuredSecrets } from '../../src/config/configured-secrets.ts';
import { parseConfig } from '../../src/config/load-config.ts';

const config = parseConfig(
  `version: 1
repository: { store: 'https://me:p%40ssword@store.example/r', passphrase: { env: P } }
sources:
  app:
    files: { paths: [/data] }
    ping: { file: ping }
    hooks:
      before: { command: [dump], env: { PGPASSWORD: { env: DB }, MODE: fast, DSN: 'db-secret-in-plain', DIR: /srv/app } }
      after: { command: [tell], env: { HOOK: { credential: hook } } }
platforms:
  discord: { token: { env: D } }
  slack: { mode: http, botToken: { env: B }, signingSecret: { env: S }, port: 8080 }
`,
  '/etc/holdfast.yaml',
);

describe('the secrets of a configuration', () => {
  it('are all that it refers to, by where they stand', () => {
    expect(configuredSecrets(config).references).toEqual([
      { what: 'repository.passphrase', reference: { env: 'P' } },
      { what: 'platforms.discord.token', reference: { env: 'D' } },
      { what: 'platforms.slack.botToken', reference: { env: 'B' } },
      { what: 'platforms.slack.signingSecret', reference: { env: 'S' } },
      { what: 'sources.app.ping', reference: { file: '/etc/ping' } },
      { what: 'sources.app.hooks.before.env.PGPASSWORD', reference: { env: 'DB' } },
      { what: 'sources.app.hooks.after.env.HOOK', reference: { credential: 'hook' } },
    ]);
  });

  it('are what is written out too, but for short words and paths', () => {
    expect(configuredSecrets(config).plain).toEqual(['p@ssword', 'db-secret-in-plain']);
  });
});
