import type { LocalCommand } from '../../cli/host.ts';
import { choice, required } from '../../commands/field.ts';
import { configFile } from '../config-file.ts';
import type { ConfigHost } from './run-config.ts';

const ACTIONS = ['validate', 'show', 'schema'] as const;

/** `holdfast config validate|show|schema`. */
export function createConfigCommand(host: ConfigHost): LocalCommand {
  return {
    name: 'config',
    summary: 'Check a configuration, show it with every default and where each setting comes from, or print its schema',
    details: [
      '`validate` tells every mistake with line and column, and gives exit status 2 where there is one. `show` prints the configuration with every default and, beside each setting, where it comes from: the file, a default, or a chat. Secrets are shown as references alone. `schema` prints the JSON Schema.',
      'With `--json`: `validate` gives `{file, valid, problems, warnings}`, `show` `{file, settings}`, an array of `{setting, value, from, line, by, at}`.',
    ],
    input: { action: required(choice('What to do: validate, show or schema', ACTIONS, { position: 'ACTION' })) },
    run: async ({ action }, globals) => {
      const { schema, show, validate } = await import('./run-config.ts');
      if (action === 'schema') return schema(host);
      return (action === 'show' ? show : validate)(configFile(globals, host), host, globals.json);
    },
  };
}
