import { stat } from 'node:fs/promises';
import type { Config } from '../../config/config.ts';
import { configuredSecrets, type NamedReference } from '../../config/configured-secrets.ts';
import { resolveSecret } from '../../config/secrets.ts';
import { doubt, type Finding, failure, ok } from './finding.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether every secret can be read. `onSecret` is given each one, so that none is shown later. */
export async function checkSecrets(
  config: Config,
  environment: Environment,
  onSecret: (secret: string) => void,
): Promise<Finding[]> {
  const { references, plain } = configuredSecrets(config);
  for (const secret of plain) onSecret(secret);
  return Promise.all(references.map((named) => checkSecret(named, environment, onSecret)));
}

async function checkSecret(
  { what, reference }: NamedReference,
  environment: Environment,
  onSecret: (secret: string) => void,
): Promise<Finding> {
  try {
    onSecret(await resolveSecret(reference, what, environment));
  } catch (error) {
    return failure('secrets', error);
  }
  const { file } = reference;
  if (file !== undefined && ((await stat(file)).mode & 0o077) !== 0) {
    return doubt('secrets', `${what} can be read, by other users of the machine too`, `Run chmod 600 ${file}.`);
  }
  return ok('secrets', `${what} can be read`);
}
