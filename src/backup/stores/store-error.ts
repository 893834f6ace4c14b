import { type ErrorCode, HoldfastError, systemCode } from '../../shared/errors.ts';

const NO_ROOM = {
  code: 'storage_full',
  retryable: false,
  reason: 'no space is left there',
  advice:
    'Free space on that file system, or remove backups: `holdfast forget` with a retention rule, then `holdfast prune --grace 0s`.',
} as const;
const NOT_ALLOWED = {
  code: 'permission',
  retryable: false,
  reason: 'this process is not allowed to',
  advice: 'Run as the user who owns the repository, or change the owner of its folder.',
} as const;
const READ_ONLY = {
  code: 'permission',
  retryable: false,
  reason: 'the file system is read-only',
  advice: 'Mount it writable, and check the disk if it was writable before.',
} as const;
const GONE = {
  code: 'store_unavailable',
  retryable: false,
  reason: 'the place is gone',
  advice: 'Mount or reconnect it, then try again.',
} as const;
const BUSY = { code: 'store_failed', retryable: true, reason: 'the system was busy', advice: undefined } as const;
const SLOW = { ...GONE, retryable: true, reason: 'the place does not answer' } as const;
/** Not repeated: after a failed fsync the same call may succeed without the data being on the disk. */
const DEVICE = {
  code: 'store_failed',
  retryable: false,
  reason: 'the device reported an error',
  advice: 'Look for disk errors in the system log.',
} as const;

const TOO_LARGE = {
  code: 'store_failed',
  retryable: false,
  reason: 'a file may not be that large there',
  advice: 'Raise the limit on the size of files (ulimit -f), or use a file system that allows files of 64 MiB.',
} as const;

interface Meaning {
  code: ErrorCode;
  retryable: boolean;
  reason: string;
  advice: string | undefined;
}

/** What a system error means for a store that is a folder. Codes that are not listed give `store_failed`. */
const MEANINGS: Record<string, Meaning> = {
  ENOSPC: NO_ROOM,
  EDQUOT: NO_ROOM,
  EACCES: NOT_ALLOWED,
  EPERM: NOT_ALLOWED,
  EROFS: READ_ONLY,
  ENODEV: GONE,
  ENOTCONN: GONE,
  ENXIO: GONE,
  ESTALE: SLOW,
  ETIMEDOUT: SLOW,
  EHOSTDOWN: SLOW,
  EHOSTUNREACH: SLOW,
  EAGAIN: BUSY,
  EBUSY: BUSY,
  EINTR: BUSY,
  EMFILE: BUSY,
  ENFILE: BUSY,
  EIO: DEVICE,
  EFBIG: TOO_LARGE,
} satisfies Record<string, Meaning>;

/**
 * The HoldfastError for `error`, which came from a system call. `doing` completes "Cannot ...", with the place:
 * `store packs/ab/... in /repo`. HoldfastErrors pass as they are.
 */
export function toStoreError(error: unknown, doing: string): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const code = systemCode(error) ?? '';
  const meaning = MEANINGS[code];
  if (meaning === undefined) {
    const found = error instanceof Error ? error.message : String(error);
    return new HoldfastError('store_failed', `Cannot ${doing}: ${found}.`, { cause: error });
  }
  return new HoldfastError(meaning.code, `Cannot ${doing}: ${meaning.reason} (${code}).`, {
    cause: error,
    retryable: meaning.retryable,
    details: { systemCode: code },
    ...(meaning.advice === undefined ? {} : { advice: meaning.advice }),
  });
}
