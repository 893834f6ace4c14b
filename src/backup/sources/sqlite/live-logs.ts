import type { ByteString } from '../../../shared/bytes.ts';
import { systemCode } from '../../../shared/errors.ts';
import type { Posix } from '../../posix/posix.ts';
import { readStart } from '../../posix/read-start.ts';

/** How logs begin that SQLite takes up when it next opens the database (https://www.sqlite.org/fileformat2.html, sections 3 and 4). */
const WAL_MAGICS = ['377f0682', '377f0683'];
const JOURNAL_MAGIC = 'd9d505f920a163d7';
/** It is none, or nobody may look. */
const NO_LOG = new Set(['ENOENT', 'ELOOP', 'EACCES', 'EPERM', 'ENXIO', 'ENODEV']);

/**
 * The files in an open folder whose content SQLite would play into whatever database has the name `name`: the write-ahead log with its index, and a
 * rollback journal. Logs that are empty or finished are left out.
 */
export function liveLogs(posix: Posix, dir: number, name: ByteString): ByteString[] {
  const [wal, index, journal] = ['-wal', '-shm', '-journal'].map((suffix) => `${name}${suffix}` as ByteString) as [
    ByteString,
    ByteString,
    ByteString,
  ];
  const logs = WAL_MAGICS.includes(startOf(posix, dir, wal, 4)) ? [wal, index] : [];
  if (startOf(posix, dir, journal, 8) === JOURNAL_MAGIC) logs.push(journal);
  return logs;
}

/** In hexadecimal; empty where there is no such file. */
function startOf(posix: Posix, dir: number, name: ByteString, length: number): string {
  try {
    return readStart(posix, dir, name, length).toString('hex');
  } catch (error) {
    if (NO_LOG.has(systemCode(error) ?? '')) return '';
    throw error;
  }
}
