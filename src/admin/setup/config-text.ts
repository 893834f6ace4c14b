import type { SetupAnswers } from './setup-answers.ts';

/** Text in double quotes means in YAML what it means in JSON. */
const quoted = (text: string): string => JSON.stringify(text);
const list = (items: readonly string[]): string => `[${items.map(quoted).join(', ')}]`;

/** A configuration with the comments that somebody needs who changes it later. */
export function configText({
  store,
  sources,
  discord,
  slack,
  owners,
  notify,
  cap,
  passphraseFile,
}: SetupAnswers): string {
  const lines = [
    '# The configuration of Holdfast, written by `holdfast setup`. It is yours to change: `holdfast config validate` checks it,',
    '# `holdfast config show` tells every default, and config/holdfast.example.yaml explains all settings.',
    'version: 1',
    '',
    '# Where backups are kept, encrypted. Keep a copy of the passphrase elsewhere: without it nobody can read them.',
    'repository:',
    `  store: ${quoted(store)}`,
    `  passphrase: { file: ${quoted(passphraseFile)} }`,
    '',
    '# What is backed up, by the name that people use: every hour, day, week and month unless `schedules` says otherwise.',
    'sources:',
    ...sources.map(({ name, path }) => `  ${quoted(name)}: { files: { paths: [${quoted(path)}], exclude: [] } }`),
    '',
    '# Who may use the bot. Without any, whoever sends the code that the program prints at its start becomes the first owner.',
    `owners: { discord: ${list(owners.discord)}, slack: ${list(owners.slack)} }`,
    '',
    '# Where commands come from. docs/SETUP-discord.md and docs/SETUP-slack.md tell how to add a chat. Tokens are read from the variables named.',
    'platforms:',
    ...(discord === undefined
      ? []
      : [
          '  discord:',
          `    token: { env: ${quoted(discord.tokenEnv)} }`,
          ...(discord.guild === undefined ? [] : [`    guild: ${quoted(discord.guild)}`]),
        ]),
    ...(slack === undefined
      ? []
      : [
          '  slack:',
          `    botToken: { env: ${quoted(slack.botTokenEnv)} }`,
          `    appToken: { env: ${quoted(slack.appTokenEnv)} }`,
        ]),
    '  console: true',
    '',
    '# The channel of each platform that hears what nobody asked for: failures, warnings, the daily digest.',
    `notify: {${Object.entries(notify)
      .map(([platform, channel]) => ` ${platform}: ${quoted(channel)}`)
      .join(',')} }`,
    '',
    '# What the repository may take. Owners are warned before; a run beyond it fails, and nothing is deleted.',
    `storage: { cap: ${cap === false ? 'false' : quoted(cap)} }`,
    '',
    '# A chat restores to where a backup came from, or into one of these folders.',
    'restoreRoots: [./restored]',
    '',
    '# What the bot remembers: jobs, questions that are open, the audit log.',
    'state: ./state',
  ];
  return `${lines.join('\n')}\n`;
}
