import { createReadStream } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { basename } from 'node:path';
import type { BackupResult } from '../backup/types.ts';
import { HoldfastError, systemCode } from '../shared/errors.ts';
import { bytes, count, id } from '../view/value.ts';
import { good } from '../view/view.ts';
import { defineCommand } from './command.ts';
import { list, required, text, time } from './field.ts';
import { BACKUP_JSON } from './parts/backup-json.ts';

const STANDARD_INPUT = '-';

async function checkReadable(file: string): Promise<void> {
  try {
    await access(file, constants.R_OK);
  } catch (error) {
    const missing = systemCode(error) === 'ENOENT';
    throw missing
      ? new HoldfastError('not_found', `${file} does not exist`, { advice: 'Check the path.', cause: error })
      : new HoldfastError('permission', `${file} cannot be read (${systemCode(error)})`, {
          advice: 'Run as a user who may, or change its permissions.',
          cause: error,
        });
  }
}

function sourceName(file: string): string {
  return file === STANDARD_INPUT ? 'import' : basename(file).replace(/\.(tar(\.(gz|zst))?|tgz|tzst)$/i, '');
}

export const importCommand = defineCommand({
  name: 'import',
  summary: 'Make a snapshot of a .tar, .tar.gz or .tar.zst archive',
  examples: ['import old-server.tar.gz --source app', 'ssh old tar -c /srv | holdfast import - --source srv'],
  input: {
    file: required(text('Archive to read, or - for standard input', { position: 'FILE', completes: 'local-path' })),
    source: text("Name of the source; the archive's own unless given", { placeholder: 'NAME', completes: 'source' }),
    tag: list('Tag the snapshot; may be repeated', { placeholder: 'TAG', completes: 'tag' }),
    host: text('Host name to record', { placeholder: 'NAME' }),
    time: time('Time to record', 'start'),
  },
  access: 'owner',
  destructive: false,
  json: BACKUP_JSON,
  async run(context, { file, source = sourceName(file), tag: tags, host, time: at }): Promise<BackupResult> {
    if (file !== STANDARD_INPUT) await checkReadable(file);
    const repository = await context.repository();
    const archive = file === STANDARD_INPUT ? context.standardInput() : createReadStream(file);
    return repository.importTar(archive, { source, tags, ...(host && { host }), ...(at && { time: at }) }, context);
  },
  present: (result) =>
    good(
      'Imported as snapshot ',
      id(result.snapshot),
      ': ',
      count(result.files.new, 'file'),
      ', ',
      bytes(result.bytes),
    ),
  outcome: ({ unreadable }) => (unreadable > 0 ? 'warnings' : undefined),
});
