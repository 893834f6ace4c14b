import { createRequire } from 'node:module';
import type koffiModule from 'koffi';

/** Long enough to cost nothing, short enough for what a few blocks leave behind. */
const EVERY_MS = 500;

let release: (() => void) | undefined;

/**
 * Runs `work`, and gives memory that was freed meanwhile back to the system twice a second. Buffers of many sizes come and go by the thousand, and
 * what glibc has between two that are in use it keeps: with a million files a fifth of the process (malloc_trim(3)). Where there is no such call
 * nothing happens.
 */
export async function releasingMemory<T>(work: () => Promise<T>): Promise<T> {
  const timer = setInterval(() => {
    release ??= bindRelease();
    release();
  }, EVERY_MS);
  timer.unref();
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

function bindRelease(): () => void {
  try {
    const koffi: typeof koffiModule = createRequire(import.meta.url)('koffi');
    const trim = koffi.load(null).func('int malloc_trim(size_t pad)');
    return () => trim(0);
  } catch {
    // Another C library, or a process that may not load any.
    return () => {};
  }
}
