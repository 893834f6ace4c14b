import { basename, dirname, join } from 'node:path';
import { HoldfastError, systemCode } from '../shared/errors.ts';
import { localProcessFate, type ProcessFate, type ProcessIdentity, processFate } from '../shared/process-identity.ts';
import { type FileCalls, readWhole, removeFile, syncFolder, unlessAbsent, writeNew } from './file-calls.ts';

/** Held by the one process that owns a state folder. */
export interface OwnerLock {
  /** The owner before has ended without giving it back. */
  readonly takenOver: boolean;
  release(): Promise<void>;
}

export interface OwnerLockOptions {
  files: FileCalls;
  self: ProcessIdentity;
  /** Whether somebody answers for the folder, where the owner's process cannot be seen from here: in another container. */
  isAnswered: () => Promise<boolean>;
}

/**
 * Takes the lock file at `path`, from a dead process too.
 *
 * @throws HoldfastError `locked` where another process has it, or might have
 */
export async function takeOwnerLock(path: string, options: OwnerLockOptions): Promise<OwnerLock> {
  const { files, self } = options;
  const own = JSON.stringify(self);
  const prepared = `${path}.${self.pid}.new`;
  await writeNew(files, prepared, Buffer.from(own));
  try {
    // Two processes that both find a dead owner: the second one's rename takes nothing away that lives, because it looks again.
    while (!(await linkNew(files, prepared, path))) await moveDeadAside(path, options);
  } finally {
    await removeFile(files, prepared);
  }
  await syncFolder(files, dirname(path));
  // That there was an owner is all that tells of a power cut after which nothing else looks wrong. So it goes only when the new one is durable.
  const dead = await locksAside(files, path);
  for (const aside of dead) await removeFile(files, aside);
  return {
    takenOver: dead.length > 0,
    async release() {
      if ((await readOwner(files, path)) !== own) return;
      await removeFile(files, path);
      await syncFolder(files, dirname(path));
    },
  };
}

async function linkNew(files: FileCalls, from: string, to: string): Promise<boolean> {
  try {
    await files.link(from, to);
    return true;
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    return false;
  }
}

async function moveDeadAside(path: string, { files, self, isAnswered }: OwnerLockOptions): Promise<void> {
  const found = await readOwner(files, path);
  if (found === undefined) return;
  const owner = parseOwner(found);
  const fate = owner === undefined ? 'dead' : await fateOf(owner, self, isAnswered);
  if (fate !== 'dead') throw inUse(path, owner, fate);
  const aside = `${path}.${self.pid}.dead`;
  await files.rename(path, aside).catch(unlessAbsent);
  const taken = await readOwner(files, aside);
  if (taken === undefined || taken === found) return;
  // Somebody else was faster, and what was moved aside is theirs.
  await linkNew(files, aside, path);
  await removeFile(files, aside);
  throw inUse(path, parseOwner(taken), 'alive');
}

async function locksAside(files: FileCalls, path: string): Promise<string[]> {
  const entries = await files.readdir(dirname(path));
  const mine = entries.filter(({ name }) => name.startsWith(`${basename(path)}.`) && name.endsWith('.dead'));
  return mine.map(({ name }) => join(dirname(path), name));
}

/** On one kernel, containers do not see each other's processes, but they reach each other's sockets. A machine that has started anew runs nothing of before. */
async function fateOf(
  owner: ProcessIdentity,
  self: ProcessIdentity,
  isAnswered: () => Promise<boolean>,
): Promise<ProcessFate> {
  if (owner.boot !== '' && owner.boot === self.boot) {
    if (owner.pidNamespace === self.pidNamespace) return localProcessFate(owner.pid, owner.pidStart);
    return (await isAnswered()) ? 'alive' : 'dead';
  }
  if (owner.boot !== '' && self.boot !== '' && owner.machine === self.machine) return 'dead';
  return processFate(owner, self);
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

async function readOwner(files: FileCalls, path: string): Promise<string | undefined> {
  return (await readWhole(files, path))?.toString('utf8');
}

function parseOwner(content: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(content) as ProcessIdentity;
  } catch {
    return undefined;
  }
}
