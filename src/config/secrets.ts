import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HoldfastError, systemCode } from '../shared/errors.ts';
import type { SecretReference } from './values.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The secret that a reference means: the variable's value, or the first line of the file.
 *
 * @param what what it is for people, such as `platforms.discord.token`
 * @throws HoldfastError `config` that says where it was looked for
 */
export async function resolveSecret(
  reference: SecretReference,
  what: string,
  environment: Environment,
): Promise<string> {
  if (reference.env !== undefined) {
    const value = environment[reference.env]?.trim();
    return (
      value ||
      missing(what, `the environment variable ${reference.env} is ${value === undefined ? 'not set' : 'empty'}`)
    );
  }
  const file = reference.file ?? credentialFile(reference.credential ?? '', what, environment);
  const content = await readFile(file, 'utf8').catch((error: unknown) =>
    missing(
      what,
      systemCode(error) === 'ENOENT' ? `${file} does not exist` : `${file} cannot be read (${systemCode(error)})`,
    ),
  );
  const [line = ''] = content.split(/\r?\n/, 1);
  return line || missing(what, `${file} is empty`);
}

function credentialFile(name: string, what: string, { CREDENTIALS_DIRECTORY }: Environment): string {
  if (!/^[\w.@-]+$/.test(name) || /^\.+$/.test(name))
    missing(what, `${JSON.stringify(name)} is no name of a credential`);
  return join(
    CREDENTIALS_DIRECTORY || missing(what, 'CREDENTIALS_DIRECTORY is not set: systemd sets it for LoadCredential='),
    name,
  );
}

function missing(what: string, reason: string): never {
  throw new HoldfastError('config', `${what} cannot be read: ${reason}`, {
    advice: 'Put the secret there, or point the configuration elsewhere.',
  });
}
