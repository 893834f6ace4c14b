import { type ErrorCode, HoldfastError, isNoSpace, systemCode } from '../shared/errors.ts';

const MAKE_WRITABLE = 'Let the user that the bot runs as write there, or name another folder with `state`.';

const REASONS: Readonly<Record<string, { code: ErrorCode; reason: string; advice: string }>> = {
  EROFS: { code: 'store_failed', reason: 'the file system is read-only', advice: MAKE_WRITABLE },
  EACCES: { code: 'permission', reason: 'this user may not', advice: MAKE_WRITABLE },
  EPERM: { code: 'permission', reason: 'this user may not', advice: MAKE_WRITABLE },
  ENOTDIR: {
    code: 'config',
    reason: 'something on its path is not a folder',
    advice: 'Name another one with `state`.',
  },
  EIO: {
    code: 'store_failed',
    reason: 'its disk fails',
    advice: 'Look into the log of the kernel, and replace the disk.',
  },
};

/** What kept the state folder from being taken, in people's words; everything unknown as it is. */
export function unwritable(folder: string, error: unknown): unknown {
  const known = isNoSpace(error)
    ? ({ code: 'storage_full', reason: 'its disk is full', advice: 'Make room on it, and start again.' } as const)
    : REASONS[systemCode(error) ?? ''];
  if (known === undefined || error instanceof HoldfastError) return error;
  const { code, reason, advice } = known;
  return new HoldfastError(code, `The state folder ${folder} cannot be written: ${reason}`, { cause: error, advice });
}
