import type { LocalCommand } from '../../cli/host.ts';
import { flag, list, text } from '../../commands/field.ts';
import type { SetupHost } from './run-setup.ts';

/** `holdfast setup`: from nothing to a configuration with a first backup that was verified. */
export function createSetupCommand(host: SetupHost): LocalCommand {
  return {
    name: 'setup',
    summary:
      'Write a configuration, make the repository, and take and verify the first backup; asks what flags leave open',
    details: [
      'On a terminal it asks what the flags leave open. Where nobody can be asked, or with `--yes`, flags say everything: `--source` and `--key-saved` at least. It never overwrites a configuration; until one is written, a setup that went wrong is run again; after that, `backup` and `verify` are.',
      'With `--json`: `{config, repository, passphraseFile, sources, verified}`.',
    ],
    input: {
      store: text('Folder for the backups; repository beside the configuration unless given', { placeholder: 'DIR' }),
      source: list('What to back up; may be repeated', { placeholder: 'NAME=PATH' }),
      discordTokenEnv: text('Listen on Discord, with the token of this variable', { placeholder: 'VARIABLE' }),
      discordGuild: text('Register the commands in this server alone', { placeholder: 'ID' }),
      slackBotTokenEnv: text('Listen on Slack, with the bot token of this variable', { placeholder: 'VARIABLE' }),
      slackAppTokenEnv: text('Variable of the app-level token', { placeholder: 'VARIABLE' }),
      owner: list('Who may use the bot; may be repeated', { placeholder: 'PLATFORM:ID' }),
      notify: list('Channel that is told what happens by itself', { placeholder: 'PLATFORM:ID' }),
      cap: text('What the repository may take, or none', { placeholder: 'SIZE' }),
      passphraseFile: text('File that holds the passphrase; one is made unless given', { placeholder: 'FILE' }),
      keySaved: flag('The passphrase is kept in another place too, or will be at once; needed where nobody is asked'),
    },
    run: async (input, globals) => {
      const { runSetup } = await import('./run-setup.ts');
      return runSetup(input as unknown as Parameters<typeof runSetup>[0], globals, host);
    },
  };
}
