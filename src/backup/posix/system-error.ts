import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import type { ByteString } from '../../shared/bytes.ts';
import { printableName } from '../../shared/printable.ts';

/** A failed system call, shaped like Node's own: `code` ('ENOENT'), negative `errno`, `syscall`, and the name in `path`. */
export interface SystemError extends Error {
  code: string;
  errno: number;
  syscall: string;
  path?: string;
}

// Node's own table lacks some codes that matter here (EDQUOT), the table of constants has two names for others.
const codes = new Map<number, string>();
for (const [code, errno] of Object.entries(constants.errno)) {
  if (code !== 'EOPNOTSUPP' && code !== 'EWOULDBLOCK') codes.set(errno, code);
}

// Asked for once: Node builds the map anew on every call.
const descriptions = getSystemErrorMap();

/** The error for `errno` (positive, as the C library gives it) of a call about `name`. */
export function systemError(errno: number, syscall: string, name?: ByteString): SystemError {
  const code = codes.get(errno) ?? `ERRNO_${errno}`;
  const description = descriptions.get(-errno)?.[1] ?? 'system error';
  const subject = name === undefined ? '' : ` '${printableName(name)}'`;
  const error = new Error(`${code}: ${description}, ${syscall}${subject}`) as SystemError;
  error.code = code;
  error.errno = -errno;
  error.syscall = syscall;
  if (name !== undefined) error.path = name;
  return error;
}

/** Throws Node's error again as the port promises it: about the bare name, with a code for every error number. */
export function rethrow(error: unknown, name: ByteString): never {
  const { errno, syscall } = error as Partial<SystemError>;
  if (typeof errno !== 'number' || syscall === undefined) throw error;
  throw systemError(-errno, syscall, name);
}

/** The error of a call that this implementation does not have: its capability says so. */
export function unsupported(call: string, name?: ByteString): SystemError {
  return systemError(constants.errno.ENOTSUP, call, name);
}
