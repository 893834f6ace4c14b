import { isAbsolute } from 'node:path';
import type { Config } from './config.ts';
import type { SecretReference } from './values.ts';

/** Plain text that is shorter says `1`, `prod` and the like, and would take half of every message away. */
const LEAST_PLAIN = 6;

/** A secret that a configuration names, and where. */
export interface NamedReference {
  what: string;
  reference: SecretReference;
}

/** Everything secret that a configuration names or holds: by reference, and as plain text where it is written out, as in a hook's variables and in addresses. */
export function configuredSecrets({
  repository,
  platforms,
  unattended,
}: Pick<Config, 'repository' | 'platforms' | 'unattended'>): { references: NamedReference[]; plain: string[] } {
  const { discord, slack } = platforms;
  const given: [what: string, value: SecretReference | string | undefined][] = [
    ['repository.store', passwordIn(repository.location)],
    ['repository.passphrase', repository.passphrase],
    ['platforms.discord.token', discord?.token],
    ['platforms.slack.botToken', slack?.botToken],
    ...(slack === undefined
      ? []
      : Object.entries(slack.connection).flatMap(([key, value]): [string, SecretReference][] =>
          typeof value === 'object' ? [[`platforms.slack.${key}`, value]] : [],
        )),
    ...Object.entries(unattended.sources).flatMap(([name, { ping, hooks }]): typeof given => [
      [`sources.${name}.ping`, ping],
      ...Object.entries(hooks).flatMap(([when, hook]) =>
        Object.entries(hook.env).map(([key, value]): (typeof given)[number] => [
          `sources.${name}.hooks.${when}.env.${key}`,
          value,
        ]),
      ),
    ]),
  ];
  return {
    references: given.flatMap(([what, value]) => (typeof value === 'object' ? [{ what, reference: value }] : [])),
    plain: given.flatMap(([, value]) => (typeof value === 'string' && isLikelySecret(value) ? [value] : [])),
  };
}

/** Whether plain text in a place for secrets is likely to be one. */
export const isLikelySecret = (value: string): boolean => value.length >= LEAST_PLAIN && !isAbsolute(value);

/** An address is shown; what stands in it for a password is not. */
function passwordIn(location: string): string | undefined {
  if (!URL.canParse(location)) return undefined;
  const { password } = new URL(location);
  return password === '' ? undefined : decodeURIComponent(password);
}
