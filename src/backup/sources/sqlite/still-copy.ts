import { type BigIntStats, constants } from 'node:fs';
import { chmod, copyFile, rm, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type ByteString, toFsPath } from '../../../shared/bytes.ts';
import { systemCode } from '../../../shared/errors.ts';

/** What makes up a database's state on disk. The index in shared memory (`-shm`) is rebuilt from the log. */
const PARTS = ['', '-wal', '-journal'] as const;
const ATTEMPTS = 4;
/** Longer than a tick of the clock that kernels stamp files with (10 ms at most), so that a later write shows in the times. */
const TICK_MS = 50;

/**
 * Copies a database with its log and journal as they lie there, at a moment when nobody writes: nothing about the files changes from before
 * the copy until after it. So the copy is what a power cut at that moment would have left, and SQLite brings it to the last committed state
 * when it is opened. False where the files never stood still. Rejects with system errors.
 */
export async function copyWhileStill(source: ByteString, target: string, signal?: AbortSignal): Promise<boolean> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = await look(source);
    await delay(TICK_MS, undefined, { signal });
    if (!isSame(before, await look(source))) continue;
    await copyParts(source, target, before);
    if (isSame(before, await look(source))) return true;
  }
  return false;
}

type Look = (BigIntStats | undefined)[];

function look(source: ByteString): Promise<Look> {
  return Promise.all(
    PARTS.map((suffix) => {
      const found = stat(part(source, suffix), { bigint: true });
      return suffix === '' ? found : found.catch(absent);
    }),
  );
}

function absent(error: unknown): undefined {
  if (systemCode(error) !== 'ENOENT') throw error;
}

function isSame(a: Look, b: Look): boolean {
  return a.every((x, i) => {
    const y = b[i];
    if (x === undefined || y === undefined) return x === y;
    return x.ino === y.ino && x.size === y.size && x.mtimeNs === y.mtimeNs && x.ctimeNs === y.ctimeNs;
  });
}

async function copyParts(source: ByteString, target: string, found: Look): Promise<void> {
  for (const [i, suffix] of PARTS.entries()) {
    await rm(`${target}${suffix}`, { force: true });
    if ((found[i]?.size ?? 0n) === 0n) continue;
    try {
      await copyFile(part(source, suffix), `${target}${suffix}`, constants.COPYFILE_FICLONE);
    } catch (error) {
      // A sidecar that is gone by now is noticed by the look that follows.
      if (suffix === '') throw error;
      absent(error);
      continue;
    }
    // The mode came along: a copy of what is read-only has to be written to for its recovery.
    await chmod(`${target}${suffix}`, 0o600);
  }
}

function part(source: ByteString, suffix: string): string | Buffer {
  return toFsPath(`${source}${suffix}` as ByteString);
}
