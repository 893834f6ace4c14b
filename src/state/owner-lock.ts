import { link, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { HoldfastError, systemCode } from '../shared/errors.ts';
import { type ProcessIdentity, processFate } from '../shared/process-identity.ts';

/** Held by the one process that owns a state folder. */
export interface OwnerLock {
  release(): Promise<void>;
}

/**
 * Takes the lock file at `path`, from a dead process too.
 *
 * @throws HoldfastError `locked` where another process has it, or might have
 */
export async function takeOwnerLock(path: string, self: ProcessIdentity): Promise<OwnerLock> {
  const own = JSON.stringify(self);
  const prepared = `${path}.${self.pid}.new`;
  await writeFile(prepared, own, { mode: 0o600 });
  try {
    // Two processes that both find a dead owner: the second one's rename takes nothing away that lives, because it looks again.
    while (!(await linkNew(prepared, path))) await removeDead(path, self);
  } finally {
    await unlink(prepared);
  }
  return {
    async release() {
      if ((await readOwner(path)) === own) await unlink(path);
    },
  };
}

async function linkNew(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    return false;
  }
}

async function removeDead(path: string, self: ProcessIdentity): Promise<void> {
  const found = await readOwner(path);
  if (found === undefined) return;
  const owner = parseOwner(found);
  const fate = owner === undefined ? 'dead' : processFate(owner, self);
  if (fate !== 'dead') throw inUse(path, owner, fate);
  const aside = `${path}.${self.pid}.dead`;
  await rename(path, aside).catch(ignoreAbsent);
  const taken = await readOwner(aside);
  await unlink(aside).catch(ignoreAbsent);
  // Somebody else was faster, and what was moved aside is theirs.
  if (taken !== undefined && taken !== found) throw inUse(path, parseOwner(taken), 'alive');
}

function inUse(path: string, owner: ProcessIdentity | undefined, fate: string): HoldfastError {
  const where = fate === 'alive' ? `process ${owner?.pid}` : `process ${owner?.pid} of another machine or container`;
  return new HoldfastError('locked', `The state folder is in use by ${where} (${path})`, {
    advice:
      fate === 'alive'
        ? 'Stop that one first: two processes never share a state folder.'
        : 'If it has ended, remove the file; otherwise give each its own state folder.',
  });
}

async function readOwner(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function parseOwner(content: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(content) as ProcessIdentity;
  } catch {
    return undefined;
  }
}

function ignoreAbsent(error: unknown): void {
  if (systemCode(error) !== 'ENOENT') throw error;
}
