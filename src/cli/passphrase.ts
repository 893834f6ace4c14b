import { readFile } from 'node:fs/promises';
import type { ReadStream } from 'node:tty';
import type { Secrets } from '../commands/repository-services.ts';
import { HoldfastError, systemCode } from '../shared/errors.ts';
import { askSecret } from '../terminal/ask-secret.ts';
import type { Host } from './host.ts';

/** One passphrase by what people may use to give it. */
interface SecretPlace {
  what: string;
  option: string;
  variable: string;
  /** Asked for a second time: it cannot be compared with anything. */
  twice: boolean;
}

const CURRENT: SecretPlace = {
  what: 'passphrase',
  option: '--password-file',
  variable: 'HOLDFAST_PASSWORD',
  twice: false,
};
const FRESH: SecretPlace = {
  what: 'new passphrase',
  option: '--new-password-file',
  variable: 'HOLDFAST_NEW_PASSWORD',
  twice: true,
};
const OTHER: SecretPlace = {
  what: 'passphrase of the other repository',
  option: '--to-password-file',
  variable: 'HOLDFAST_TO_PASSWORD',
  twice: false,
};

/** Passphrases from a file that was named, the environment, or a prompt, in this order. */
export function passphrases(host: Host, passwordFile: string | undefined): Secrets {
  const current = (): Promise<string> => findSecret(host, CURRENT, passwordFile);
  return {
    current,
    first: () => findSecret(host, { ...CURRENT, twice: true }, passwordFile),
    fresh: (file) => findSecret(host, FRESH, file),
    other: (_location, file) => (isGiven(host, OTHER, file) || host.canAsk ? findSecret(host, OTHER, file) : current()),
  };
}

function isGiven({ environment }: Host, { variable }: SecretPlace, file: string | undefined): boolean {
  return Boolean(file ?? (environment[`${variable}_FILE`] || environment[variable]));
}

async function findSecret(host: Host, place: SecretPlace, file: string | undefined): Promise<string> {
  const { environment } = host;
  const named = file ?? (environment[`${place.variable}_FILE`] || undefined);
  if (named !== undefined) return readSecret(named, place);
  const given = environment[place.variable];
  if (given) return given;
  if (host.canAsk) return ask(host, place);
  throw new HoldfastError('usage', `The ${place.what} is not given and there is no terminal to ask on`, {
    advice: `Use ${place.option} FILE, ${place.variable}_FILE or ${place.variable}.`,
  });
}

/** The first line of a file; a line feed at its end does not count. */
async function readSecret(file: string, { what, option }: SecretPlace): Promise<string> {
  const advice = `Check ${option} and the variables for it.`;
  const content = await readFile(file, 'utf8').catch((error: unknown) => {
    const reason = systemCode(error) === 'ENOENT' ? 'does not exist' : `cannot be read (${systemCode(error)})`;
    throw new HoldfastError('config', `The ${what} file ${file} ${reason}`, { cause: error, advice });
  });
  const [line = ''] = content.split(/\r?\n/, 1);
  if (line !== '') return line;
  throw new HoldfastError('config', `The ${what} file ${file} is empty`, {
    advice: 'Put the passphrase on its first line.',
  });
}

async function ask(host: Host, { what, twice }: SecretPlace): Promise<string> {
  const terminal = host.input as ReadStream;
  const typed = await askSecret(`${what}: `, terminal, host.messages);
  if (typed === '') throw new HoldfastError('usage', `The ${what} is empty`);
  if (twice && (await askSecret(`${what} again: `, terminal, host.messages)) !== typed) {
    throw new HoldfastError('usage', 'The two passphrases differ');
  }
  return typed;
}
