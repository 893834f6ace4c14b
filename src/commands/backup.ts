import type { BackupRequest, BackupResult } from '../backup/types.ts';
import type { ConfiguredSource } from '../config/config.ts';
import type { Configured } from '../config/configured.ts';
import { HoldfastError } from '../shared/errors.ts';
import { bytes, command, count, duration, id } from '../view/value.ts';
import { stack, type View } from '../view/view.ts';
import { type CommandContext, defineCommand, type InputOf } from './command.ts';
import { choice, flag, list, size, text, time } from './field.ts';
import { BACKUP_JSON } from './parts/backup-json.ts';
import { closest } from './suggest.ts';

const TRIGGERS = ['manual', 'schedule', 'api', 'system', 'pre-migration'] as const;

const input = {
  paths: list('Files and folders to back up; with --command the program and its arguments', {
    position: 'PATH',
    completes: 'local-path',
    on: 'shell',
    here: true,
  }),
  stdin: text('Back up standard input as a file of this name', { placeholder: 'NAME', on: 'shell', here: true }),
  command: text('Back up the output of the command after `--` as a file of this name', {
    placeholder: 'NAME',
    on: 'shell',
    here: true,
  }),
  source: text('Name of the source; its own path or name unless given', { placeholder: 'NAME', completes: 'source' }),
  tag: list('Tag the snapshot; may be repeated', { placeholder: 'TAG', completes: 'tag' }),
  exclude: list('Leave out what matches, in .gitignore syntax; may be repeated', {
    short: 'e',
    placeholder: 'PATTERN',
    on: 'shell',
  }),
  excludeFile: list('Leave out what a file of such patterns lists; may be repeated', {
    placeholder: 'FILE',
    on: 'shell',
    here: true,
  }),
  excludeCaches: flag('Leave out folders marked with a CACHEDIR.TAG', { on: 'shell' }),
  oneFileSystem: flag('Stay on the file system of each path', { short: 'x', on: 'shell' }),
  maxFileSize: size('Leave out files larger than this', { on: 'shell' }),
  host: text('Host name to record', { placeholder: 'NAME', on: 'shell' }),
  time: time('Time to record', 'start', { on: 'shell' }),
  trigger: choice('Why this backup is taken', TRIGGERS),
  force: flag('Read every file again, also where nothing seems changed'),
};

/** What to read: standard input, a command's output, or paths. */
function content(context: CommandContext, given: InputOf<typeof input>): Partial<BackupRequest> {
  const { stdin, command: name, paths } = given;
  if (stdin !== undefined && name !== undefined)
    throw new HoldfastError('usage', '--stdin and --command exclude each other');
  if (name !== undefined) {
    if (paths.length > 0) return { command: { name, argv: paths } };
    throw new HoldfastError('usage', '--command needs a program to run', {
      advice: 'Put it after two dashes: backup --command NAME -- PROGRAM ARGUMENTS.',
    });
  }
  if (stdin === undefined) return { paths: requirePaths(paths) };
  if (paths.length === 0) return { stdin: { name: stdin, stream: context.standardInput() } };
  throw new HoldfastError('usage', '--stdin takes no paths');
}

/** The configured source that is meant: the only one, where none is named. */
function configuredSource({ sources }: Configured, name: string | undefined): ConfiguredSource {
  const found =
    name === undefined && sources.length === 1 ? sources[0] : sources.find((source) => source.name === name);
  if (found !== undefined) return found;
  const names = sources.map((source) => source.name);
  const meant = name === undefined ? undefined : closest(name, names);
  throw new HoldfastError(
    'usage',
    name === undefined ? 'It is not said which source is meant' : `There is no source ${JSON.stringify(name)}`,
    {
      advice:
        meant === undefined ? `There are: ${names.join(', ') || 'none; configure one'}.` : `Did you mean ${meant}?`,
    },
  );
}

/** The configured source, unless it is said what else to back up. */
function sourceOf(
  { configured }: CommandContext,
  { source, paths, stdin, command: name }: InputOf<typeof input>,
): ConfiguredSource | undefined {
  if (configured === undefined || paths.length > 0 || stdin !== undefined || name !== undefined) return undefined;
  return configuredSource(configured, source);
}

function requirePaths(paths: string[]): string[] {
  if (paths.length > 0) return paths;
  throw new HoldfastError('usage', 'There is nothing to back up', {
    advice: 'Name files or folders, or use --stdin NAME or --command NAME -- PROGRAM.',
  });
}

function present(result: BackupResult): View {
  const { files } = result;
  const clean = result.unreadable === 0;
  return stack(
    {
      kind: 'status',
      tone: clean ? 'good' : 'warning',
      text: ['Backed up ', result.source, ' as snapshot ', id(result.snapshot)],
    },
    {
      kind: 'fields',
      fields: [
        ['Files', [`${files.new} new, ${files.changed} changed, ${files.unmodified} unchanged`]],
        ['Size', [bytes(result.bytes), ', ', bytes(result.bytesAdded), ' of it new']],
        ['Stored', bytes(result.bytesStored)],
        ['Took', [duration(result.durationMs), ', ', bytes(result.bytesRead), ' read']],
      ],
    },
    result.warnings.length === 0
      ? undefined
      : { kind: 'text', tone: 'warning', text: count(result.warnings.length, 'warning') },
    clean
      ? undefined
      : {
          kind: 'status',
          tone: 'warning',
          text: [count(result.unreadable, 'file'), ' could not be read'],
          next: ['See ', command('show latest')],
        },
  );
}

export const backup = defineCommand({
  name: 'backup',
  summary: 'Take a snapshot of files and folders, of standard input, or of the output of a command',
  details: [
    'Only what changed since the last snapshot of the same source is read and stored; every snapshot restores alone.',
    'A file that vanishes while it is read is a warning. One that cannot be read gives exit status 3.',
  ],
  examples: [
    'backup /srv/app --tag nightly --exclude "*.tmp"',
    'backup --command app.sql -- pg_dump app',
    'mysqldump app | holdfast backup --stdin app.sql',
  ],
  chat: {
    summary: 'Back up a source now',
    details: ['Only what changed since the last backup is read and stored; every backup restores alone.'],
    examples: ['backup', 'backup source:app tag:before-update'],
  },
  input,
  access: 'owner',
  destructive: false,
  remembers: true,
  json: BACKUP_JSON,
  task: async (context, given) => ({ source: sourceOf(context, given)?.name ?? given.source }),
  async run(context, given): Promise<BackupResult> {
    const source = sourceOf(context, given);
    if (source !== undefined && context.runs !== undefined) {
      return context.runs.backup(
        { source: source.name, trigger: given.trigger ?? 'manual', tags: given.tag, force: given.force },
        context,
      );
    }
    const request: BackupRequest = {
      ...content(context, given),
      source: given.source,
      tags: given.tag,
      host: given.host,
      time: given.time,
      trigger: given.trigger ?? 'manual',
      exclude: given.exclude,
      excludeFiles: given.excludeFile,
      excludeCaches: given.excludeCaches,
      oneFileSystem: given.oneFileSystem,
      maxFileSizeBytes: given.maxFileSize,
      force: given.force,
    };
    return (await context.repository({ early: true })).backup(request, context);
  },
  present,
  outcome: ({ unreadable }) => (unreadable > 0 ? 'warnings' : undefined),
});
