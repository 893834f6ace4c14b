import { readdir } from 'node:fs/promises';
import { posix } from 'node:path';
import type { CommandSource, Services } from '../../commands/command.ts';
import type { CompletionSource } from '../../commands/field.ts';
import { SHOWN_ID_DIGITS } from '../../view/units.ts';
import type { Candidates } from '../complete.ts';

/** More would scroll the screen away. */
const MOST = 100;

type Finder = (partial: string, words: readonly string[]) => Promise<string[]>;

/** Completion candidates from the open repository and the local file system. */
export function openCandidates(services: Services, commands: CommandSource): Candidates {
  const snapshots = async () => (await services.repository()).list();
  const distinct = (values: Iterable<string>): string[] => [...new Set(values)];
  const finders: Readonly<Partial<Record<CompletionSource, Finder>>> = {
    snapshot: async () => ['latest', ...(await snapshots()).map(({ id }) => id.slice(0, SHOWN_ID_DIGITS))],
    source: async () => distinct((await snapshots()).map(({ source }) => source)),
    tag: async () => distinct((await snapshots()).flatMap(({ tags }) => tags)),
    'snapshot-path': (partial, words) =>
      snapshotPaths(services, words.find((word) => !word.startsWith('-')) ?? 'latest', partial),
    'local-path': localPaths,
    command: async () => [...commands.names()],
    key: async () => (await (await services.repository()).keys()).map(({ id }) => id.slice(0, SHOWN_ID_DIGITS)),
  };
  return async (source, partial, words) => ((await finders[source]?.(partial, words)) ?? []).slice(0, MOST);
}

async function snapshotPaths(services: Services, snapshot: string, partial: string): Promise<string[]> {
  const folder = partial.includes('/') ? posix.dirname(`${partial}x`) : '';
  const repository = await services.repository();
  const found: string[] = [];
  for await (const { path, type } of repository.entries(snapshot, {
    ...(folder && { path: folder }),
    recursive: false,
  })) {
    if (path.startsWith(partial)) found.push(type === 'directory' ? `${path}/` : path);
    if (found.length >= MOST) break;
  }
  return found;
}

async function localPaths(partial: string): Promise<string[]> {
  // As typed, `./` included: what is offered must begin with it.
  const typed = partial.slice(0, partial.lastIndexOf('/') + 1);
  const names = await readdir(typed === '' ? '.' : typed, { withFileTypes: true });
  return names.map((entry) => `${typed}${entry.name}${entry.isDirectory() ? '/' : ''}`);
}
