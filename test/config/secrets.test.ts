import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveSecret } from '../../src/config/secrets.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-secrets-'));
writeFileSync(join(folder, 'token'), 'abc\nanother line\n');
writeFileSync(join(folder, 'nothing'), '\n');
const environment = { TOKEN: 'from-env', EMPTY: '', CREDENTIALS_DIRECTORY: folder };

describe('a secret', () => {
  it.each([
    { reference: { env: 'TOKEN' }, is: 'from-env' },
    { reference: { file: join(folder, 'token') }, is: 'abc' },
    { reference: { credential: 'token' }, is: 'abc' },
  ])('by $reference is found', async ({ reference, is }) => {
    expect(await resolveSecret(reference, 'what', environment)).toBe(is);
  });

  it.each([
    { reference: { env: 'NONE' }, says: 'the environment variable NONE is not set' },
    { reference: { env: 'EMPTY' }, says: 'EMPTY is empty' },
    { reference: { file: join(folder, 'none') }, says: 'none does not exist' },
    { reference: { file: join(folder, 'nothing') }, says: 'nothing is empty' },
    { reference: { credential: '../token' }, says: 'is no name of a credential' },
    { reference: { credential: '..' }, says: 'is no name of a credential' },
  ])('by $reference is told to be missing', async ({ reference, says }) => {
    await expect(resolveSecret(reference, 'platforms.discord.token', environment)).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining(says),
    });
  });

  it('by credential needs systemd', async () => {
    await expect(resolveSecret({ credential: 'token' }, 'what', {})).rejects.toThrow(
      'CREDENTIALS_DIRECTORY is not set',
    );
  });
});
