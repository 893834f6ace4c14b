import { parseConfig } from '../../src/config/load-config.ts';
import type { Unattended } from '../../src/config/unattended.ts';

/** What a configuration says of what runs by itself: for each source what its YAML says, and `more` of all. */
export function unattendedOf(sources: Readonly<Record<string, string>>, more = ''): Unattended {
  const written = Object.entries(sources).map(
    ([name, keys]) => `  ${name}:\n    files: { paths: [/data] }\n${keys.replace(/^(?=.)/gm, '    ')}`,
  );
  const text = `version: 1
repository: { store: /repository, passphrase: { env: P } }
sources:
${written.join('\n')}
platforms: { console: true }
${more}`;
  return parseConfig(text, '/etc/holdfast.yaml').unattended;
}

/** For a bot whose sources have no hooks. */
export const NO_HOOKS = { environment: {}, resolve: () => Promise.reject(new Error('there is no secret')) };
