import type { ByteString } from '../../../shared/bytes.ts';

/** What SQLite keeps beside a database: the write-ahead log, its index in shared memory, and the rollback journal. */
export const SIDECAR_SUFFIXES = ['-wal', '-shm', '-journal'] as const;

/** The names that a database's sidecar files have, whether they exist or not. */
export function sidecarsOf(name: ByteString): ByteString[] {
  return SIDECAR_SUFFIXES.map((suffix) => `${name}${suffix}` as ByteString);
}

/** True for a name that a sidecar would have. Only a database of the rest of the name beside it makes it one. */
export function isSqliteSidecar(name: ByteString): boolean {
  // Asked of every name of a walk: most are done after one look.
  if (!name.includes('-')) return false;
  return SIDECAR_SUFFIXES.some((suffix) => name.length > suffix.length && name.endsWith(suffix));
}
