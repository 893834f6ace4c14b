import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { holdfast } from '../helpers/holdfast-process.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-setup-'));
  mkdirSync(join(folder, 'app'));
  writeFileSync(join(folder, 'app/note.txt'), 'first\n');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('setup by flags ends with a backup that is listed and verified, and with nothing for the doctor to mend', async () => {
  const run = (...words: string[]) => holdfast(words, { folder });
  const setup = await run('setup', '--source', 'app=./app', '--cap', '64 GB', '--key-saved', '--json');
  expect(setup).toMatchObject({ status: 0 });
  expect(JSON.parse(setup.output)).toMatchObject({ repository: join(folder, 'repository'), verified: true });
  expect(statSync(join(folder, 'passphrase')).mode & 0o777).toBe(0o600);
  expect(setup.output + setup.messages).not.toContain(readFileSync(join(folder, 'passphrase'), 'utf8').trim());

  const { snapshots } = JSON.parse((await run('list', '--config', 'holdfast.yaml', '--json')).output);
  expect(snapshots).toMatchObject([{ source: 'app' }]);
  expect((await run('doctor', '--json')).output).not.toContain('"status":"problem"');

  const again = await run('setup', '--source', 'app=./app', '--key-saved');
  expect(again).toMatchObject({ status: 15 });
  expect(again.messages).toContain('There is a configuration already');
}, 60_000);
