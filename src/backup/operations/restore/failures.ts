import type { ByteString } from '../../../shared/bytes.ts';
import { type ErrorCode, HoldfastError, isNoSpace, systemCode } from '../../../shared/errors.ts';
import { printableName } from '../../../shared/printable.ts';
import type { ThreadError } from './jobs.ts';

const NOT_ALLOWED = new Set(['EACCES', 'EPERM', 'EROFS']);

/** Names in the journal folder, which mean nothing to people. */
const OF_OURS = /^(\d*|\.holdfast-.*)$/;

/** The HoldfastError for a failure of a system call on the target. HoldfastErrors pass as they are. */
export function targetFailure(error: unknown, target: ByteString): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const place = printableName(target);
  const path = (error as { path?: unknown }).path;
  const about = typeof path === 'string' && !OF_OURS.test(path) ? ` ('${printableName(path as ByteString)}')` : '';
  const code = systemCode(error) ?? '';
  if (isNoSpace(error)) {
    return new HoldfastError('storage_full', `No room is left for the restore to ${place}.`, {
      advice: 'Free space there, or restore to another place with --to. Nothing was changed.',
      cause: error,
    });
  }
  if (NOT_ALLOWED.has(code)) {
    return new HoldfastError('permission', `The restore may not write to ${place}${about} (${code}).`, {
      advice: 'Run as a user who may, or restore to another place with --to.',
      cause: error,
    });
  }
  const found = code === '' ? (error instanceof Error ? error.message : String(error)) : code;
  return new HoldfastError('failed', `The restore to ${place} failed${about}: ${found}.`, {
    advice: 'Check what kind of place that is, or restore to another one with --to.',
    cause: error,
  });
}

/** An error as it was thrown in a thread. */
export function threadFailure(error: ThreadError): Error {
  if (error.holdfast) {
    const about =
      error.path === undefined || error.path === '' ? '' : ` ('${printableName(error.path as ByteString)}')`;
    const options = error.advice === undefined ? {} : { advice: error.advice };
    return new HoldfastError(error.code as ErrorCode, `${error.message}${about}`, options);
  }
  return Object.assign(new Error(error.message), { code: error.code, path: error.path });
}

/** Errors lose their class on the way between threads. */
export function describeFailure(error: unknown, path: string | undefined): ThreadError {
  const holdfast = error instanceof HoldfastError;
  return {
    message: error instanceof Error ? error.message : String(error),
    code: systemCode(error),
    holdfast,
    advice: holdfast ? error.advice : undefined,
    path,
  };
}
