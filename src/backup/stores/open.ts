import { mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HoldfastError, systemCode } from '../../shared/errors.ts';
import { printableText } from '../../shared/printable.ts';
import { readProcessIdentity } from '../../shared/process-identity.ts';
import type { Store } from '../ports.ts';
import { LocalStore } from './local.ts';
import { MemoryStore } from './memory.ts';
import { toStoreError } from './store-error.ts';

/** Two letters at least, so that a drive letter is no scheme. */
const SCHEME = /^(?<scheme>[A-Za-z][A-Za-z0-9+.-]+):/;
const MOUNT_ADVICE = 'Check the path; if it is on a disk or a share, mount that first.';
const ABSENT_ADVICE = `${MOUNT_ADVICE} A new repository is made by init.`;

export interface OpenStoreOptions {
  /** Make the folder when it is missing (its parent must be there). */
  create?: boolean;
}

/** What `memory:NAME` holds, for as long as the process runs. */
const memories = new Map<string, Map<string, Buffer>>();

/**
 * The store at `location`: a folder's path, a `file:` URL, or `memory:NAME` (in this process, for tests). Whether there
 * is a repository in it is not looked at. Throws `usage` for other schemes and for what is no folder, `store_unavailable`
 * for a missing folder, `permission`.
 */
export async function openStore(location: string, options: OpenStoreOptions = {}): Promise<Store> {
  if (location === '') throw new HoldfastError('usage', 'The location of the repository is empty.');
  const scheme = SCHEME.exec(location)?.groups?.scheme?.toLowerCase();
  if (scheme === 'memory') return new MemoryStore(memoryOf(location), location);
  const root = scheme === undefined ? resolve(location) : pathOfUrl(location, scheme);
  await checkFolder(root, options.create ?? false);
  return new LocalStore(root, { identity: readProcessIdentity() });
}

function memoryOf(location: string): Map<string, Buffer> {
  const objects = memories.get(location) ?? new Map<string, Buffer>();
  memories.set(location, objects);
  return objects;
}

function pathOfUrl(location: string, scheme: string): string {
  if (scheme !== 'file') {
    throw new HoldfastError('usage', `Repositories cannot be at ${scheme}: locations.`, {
      advice: `Give a folder's path or a file: URL; for a folder with that name write ./${scheme}:...`,
    });
  }
  try {
    return resolve(fileURLToPath(location));
  } catch (error) {
    throw new HoldfastError('usage', `Not a file: URL of this machine: ${location}.`, {
      advice: 'Write it with three slashes, such as file:///srv/backup.',
      cause: error,
    });
  }
}

/** What a repository whose creation was interrupted may hold, and what file systems and desktops put into any folder. */
const OWN_NAMES = new Set(
  'FORMAT.md config gc holdfast.json index keys lost+found notes packs sessions snapshots tmp'.split(' '),
);
const OWN_PATTERN = /^(\.|rescue-.*\.mjs$)/;

/** Throws `refused` where a new repository would get mixed up with other files of the folder at `location`. */
export async function refuseForeignFolder(location: string): Promise<void> {
  const scheme = SCHEME.exec(location)?.groups?.scheme?.toLowerCase();
  if (location === '' || (scheme !== undefined && scheme !== 'file')) return;
  const root = scheme === undefined ? resolve(location) : pathOfUrl(location, scheme);
  const names = await readdir(root).catch(() => []);
  const foreign = names.find((name) => !OWN_NAMES.has(name) && !OWN_PATTERN.test(name));
  if (foreign === undefined) return;
  throw new HoldfastError('refused', `${root} holds other files, such as ${printableText(foreign)}.`, {
    advice: `Choose a folder that is new or empty, such as ${join(root, 'holdfast')}.`,
  });
}

async function checkFolder(root: string, create: boolean): Promise<void> {
  const found = await kindOf(root);
  if (found === 'folder') return;
  if (found === 'other') {
    throw new HoldfastError('usage', `${root} is not a folder.`, { advice: 'Give the path of a folder.' });
  }
  if (!create) {
    throw new HoldfastError('store_unavailable', `The folder ${root} does not exist.`, { advice: ABSENT_ADVICE });
  }
  if ((await kindOf(dirname(root))) !== 'folder') {
    throw new HoldfastError('store_unavailable', `Cannot make ${root}: there is no folder ${dirname(root)}.`, {
      advice: MOUNT_ADVICE,
    });
  }
  await makeRoot(root);
}

async function makeRoot(root: string): Promise<void> {
  try {
    await mkdir(root, { mode: 0o700 });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw toStoreError(error, `make the folder ${root}`);
  }
}

async function kindOf(path: string): Promise<'folder' | 'other' | 'missing'> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'other';
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return 'missing';
    throw toStoreError(error, `look at ${path}`);
  }
}
