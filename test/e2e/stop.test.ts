import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { FakeDiscord } from '../helpers/discord/fake-discord.ts';
import { startHoldfast } from '../helpers/holdfast-process.ts';
import { createQuickRepository } from '../helpers/quick-repository.ts';

it('lets what runs end when it is told to stop, and ends at once when it is told again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-stop-'));
  const at = (name: string): string => join(folder, name);
  const discord = await FakeDiscord.start();
  mkdirSync(at('data'));
  writeFileSync(at('passphrase'), 'open sesame\n');
  await createQuickRepository(at('repository'), 'open sesame');
  // A hook that does not want to end.
  writeFileSync(
    at('holdfast.yaml'),
    `version: 1
repository: { store: ./repository, passphrase: { file: ./passphrase } }
sources:
  app:
    files: { paths: [./data] }
    hooks: { before: { command: ['trap "" TERM; echo $$ > ${at('hook')}.new; mv ${at('hook')}.new ${at('hook')}; sleep 30'], shell: true } }
owners: { discord: ['1234567890'] }
platforms:
  discord: { token: { env: DISCORD_TOKEN }, guild: '${discord.state.guild}', apiUrl: ${discord.apiUrl} }
http: { port: 0 }
state: ./state
`,
  );
  const environment = { DISCORD_TOKEN: discord.token, HOLDFAST_STATE_DIR: at('memory') };
  const child = startHoldfast(['serve', '--config', at('holdfast.yaml')], { environment });
  let said = '';
  child.stderr?.on('data', (piece) => {
    said += piece;
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    if (existsSync(at('hook'))) process.kill(-Number(readFileSync(at('hook'), 'utf8')), 'SIGKILL');
    await discord.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  await expect.poll(() => said, { timeout: 60_000 }).toContain('discord is connected');
  await discord.until('commands', () => discord.state.commands.get(discord.state.guild)?.length);
  discord.call('backup', { source: 'app' });
  await discord.until('the hook', () => existsSync(at('hook')));
  const address = /Health and metrics are on (http:\/\/[\d.:]+)/.exec(said)?.[1] ?? expect.fail(said);
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await expect
    .poll(async () => (await fetch(`${address}/readyz`)).text(), { timeout: 60_000 })
    .toContain('the bot is stopping');
  child.kill('SIGTERM');
  expect(await ended).toEqual([null, 'SIGTERM']);
});
