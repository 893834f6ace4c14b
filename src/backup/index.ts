import { closeSync, openSync, statSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { availableParallelism, homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../shared/clock.ts';
import { systemRandom } from '../shared/random.ts';
import type { Engine, OpenRequest } from './engine.ts';
import { maxObjectBytes } from './format/object-limits.ts';
import { LocalMemory } from './local-memory.ts';
import { type EngineParts, OpenEngine } from './open-engine.ts';
import type { Store } from './ports.ts';
import { createRepository as createInStore, refuseExisting } from './repository/create-repository.ts';
import { readHostFacts } from './repository/host-facts.ts';
import { openRepository as openInStore } from './repository/open-repository.ts';
import type { RepositoryPorts } from './repository/repository.ts';
import { BoundedStore } from './stores/bounded.ts';
import { openStore, refuseForeignFolder } from './stores/open.ts';

export type { Engine, OpenRequest } from './engine.ts';

/** So much is packed in less time than a thread takes to boot. */
const LITTLE_BYTES = 4 * 2 ** 20;

const CATALOG = ['snapshots/', 'notes/'];
const READ_AHEAD = { all: ['index/', ...CATALOG], catalog: CATALOG, nothing: [] };

/**
 * Opens the repository at a location.
 *
 * @throws HoldfastError `not_a_repository`, `wrong_passphrase`, `unsupported_version`, `store_unavailable`, `damaged`, `usage`
 */
export async function openRepository(request: OpenRequest): Promise<Engine> {
  const store = new BoundedStore(await openStore(request.location), maxObjectBytes);
  try {
    const [ports, parts] = await Promise.all([portsOf(store), partsOf(store)]);
    const deriving = Promise.withResolvers<void>();
    const opening = openInStore(ports, {
      passphrase: request.passphrase,
      early: READ_AHEAD[request.ahead ?? 'all'],
      onDeriving: deriving.resolve,
    });
    // At once: nothing may be awaited between them, or a failure to open would be nobody's.
    const engine = new OpenEngine(parts, opening);
    // Whatever the caller does next, if only loading an operation, would keep the passphrase waiting.
    await (request.early === true ? Promise.race([deriving.promise, engine.opened()]) : engine.opened());
    return engine;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/**
 * Creates a repository, with the rescue program and the format's description beside it.
 *
 * @throws HoldfastError `refused` where there is one already or something else, `store_unavailable`, `permission`, `storage_full`, `usage`
 */
export async function createRepository(request: OpenRequest): Promise<Engine> {
  await refuseForeignFolder(request.location);
  const store = new BoundedStore(await openStore(request.location, { create: true }), maxObjectBytes);
  try {
    const ports = await portsOf(store);
    // Before anybody is asked for a passphrase, twice.
    await refuseExisting(store);
    const repository = await createInStore(ports, {
      passphrase: await request.passphrase(),
      label: request.label ?? 'first',
      files: await plainFiles(),
    });
    const engine = new OpenEngine(await partsOf(store), Promise.resolve(repository));
    await engine.opened();
    return engine;
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function portsOf(store: Store): Promise<RepositoryPorts> {
  return {
    store,
    clock: systemClock,
    random: systemRandom,
    host: readHostFacts(),
    writer: await memory().writer(),
  };
}

async function partsOf(store: Store): Promise<EngineParts> {
  return {
    store,
    clock: systemClock,
    heads: (repositoryId) => memory().heads(repositoryId, store.location),
    files: { openSync, writeSync, closeSync },
    posix: process.env.HOLDFAST_POSIX === 'fallback' ? 'off' : 'auto',
    host: hostname(),
    program: `holdfast ${await version()}`,
    workingFolder: process.cwd(),
    commandEnvironment: withoutSecrets(process.env),
    skipped: identityOf(store.location),
    threads: availableParallelism(),
    inlineBelowBytes: LITTLE_BYTES,
    plainFiles,
  };
}

/** What this installation remembers lies with the user's other state; see the XDG base directory specification. */
function memory(): LocalMemory {
  const { HOLDFAST_STATE_DIR, XDG_STATE_HOME } = process.env;
  const folder = HOLDFAST_STATE_DIR ?? join(XDG_STATE_HOME ?? join(homedir(), '.local', 'state'), 'holdfast');
  return new LocalMemory(folder, systemRandom);
}

/** Passphrases come in variables of ours; a command that is backed up has no business with them. */
function withoutSecrets(environment: NodeJS.ProcessEnv): Record<string, string> {
  const kept = Object.entries(environment).filter(
    ([name, value]) => value !== undefined && !name.startsWith('HOLDFAST_'),
  );
  return Object.fromEntries(kept) as Record<string, string>;
}

/** The repository's own folder is never part of a backup. */
function identityOf(location: string): { dev: number; ino: bigint }[] {
  try {
    const { dev, ino } = statSync(location, { bigint: true });
    return [{ dev: Number(dev), ino }];
  } catch {
    return [];
  }
}

async function version(): Promise<string> {
  const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}

/** What a person needs to read the repository without this program. */
async function plainFiles(): Promise<{ name: string; bytes: Buffer }[]> {
  const [rescue, format] = await Promise.all([
    readFile(new URL('../rescue/rescue.mjs', import.meta.url)),
    readFile(new URL('../../docs/FORMAT.md', import.meta.url)),
  ]);
  return [
    { name: `rescue-${await version()}.mjs`, bytes: rescue },
    { name: 'FORMAT.md', bytes: format },
  ];
}
