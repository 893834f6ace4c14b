import type { BackupResult } from '../../backup/types.ts';

/** What a backup or an import tells about the snapshot it made. */
export const BACKUP_JSON: Readonly<Record<keyof BackupResult, string>> = {
  snapshot: 'ID of the new snapshot',
  parent: 'ID of the snapshot that it was compared with, or null',
  source: 'name of the source',
  time: 'time of the snapshot',
  files: '`{new, changed, unmodified}`: numbers of files',
  directories: 'number of folders',
  bytes: 'bytes of the whole content',
  bytesRead: 'bytes that were read from the source',
  bytesAdded: 'bytes of content that the repository did not have',
  bytesStored: 'bytes that it took in the repository, compressed and encrypted',
  warnings: 'what went wrong without failing the backup, an array of strings',
  unreadable: 'number of files that could not be read',
  durationMs: 'how long it took',
};
