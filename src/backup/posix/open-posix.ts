import fs from 'node:fs';
import type { ByteString } from '../../shared/bytes.ts';
import { HoldfastError } from '../../shared/errors.ts';
import { FallbackPosix } from './fallback.ts';
import { loadLibc } from './libc.ts';
import { NativePosix } from './native.ts';
import type { Posix } from './posix.ts';

export interface PosixOptions {
  /** 'off' takes the implementation on Node alone even where the native one would work. */
  native?: 'auto' | 'off';
}

/**
 * The exact and safe file-system calls of this machine, for the calling thread. Throws HoldfastError `refused` where
 * neither implementation could be safe.
 */
export function openPosix(options: PosixOptions = {}): Posix {
  requireProc();
  return (options.native ?? 'auto') === 'off' ? new FallbackPosix() : (tryNative() ?? new FallbackPosix());
}

/** Why the native implementation cannot be used here, in a few words; undefined when it can. For diagnosis. */
export function nativeProblem(): string | undefined {
  try {
    probe(new NativePosix(loadLibc()));
    return undefined;
  } catch (error) {
    return error instanceof Error ? (error.message.split('\n')[0] ?? error.message) : String(error);
  }
}

function tryNative(): Posix | undefined {
  try {
    const posix = new NativePosix(loadLibc());
    probe(posix);
    return posix;
  } catch {
    // Missing package, forbidden add-ons, a filter that denies the calls: `nativeProblem` says which.
    return undefined;
  }
}

/** Makes one call of each kind, so that a wrong layout or a forbidden call shows here and not in the middle of a restore. */
function probe(posix: NativePosix): void {
  const root = posix.openRoot('/proc/self' as ByteString);
  try {
    const byCall = posix.statusAt(root, 'status' as ByteString);
    const byNode = fs.lstatSync(`/proc/self/fd/${root}/status`, { bigint: true });
    const same = byCall.ino === byNode.ino && byCall.dev === Number(byNode.dev) && byCall.type === 'file';
    if (!same || !posix.names(root).includes('status' as ByteString))
      throw new Error('the C library answers strangely');
    posix.xattrNamesAt(root, 'status' as ByteString);
  } finally {
    posix.close(root);
  }
}

function requireProc(): void {
  if (process.platform === 'linux' && fs.existsSync('/proc/self/fd')) return;
  throw new HoldfastError(
    'refused',
    `Files cannot be handled safely here: there is no /proc/self/fd (${process.platform}).`,
    {
      advice: 'Run on Linux with /proc mounted: `mount -t proc proc /proc`.',
    },
  );
}
