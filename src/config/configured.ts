import { realpath } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { HoldfastError, systemCode } from '../shared/errors.ts';
import type { Config, ConfiguredSource } from './config.ts';
import { isWithin } from './cross-checks.ts';
import type { Unattended } from './unattended.ts';

/** What the configuration allows commands to touch. */
export interface Configured {
  readonly sources: readonly ConfiguredSource[];
  readonly restoreRoots: readonly string[];
  /** What is kept of each source, when it is stale, and what the repository may take. */
  readonly unattended?: Unattended | undefined;
  /**
   * The absolute folder that is meant: in a restore root, also where links lead.
   *
   * @throws HoldfastError `refused` for everything else
   */
  restoreFolder(given: string): Promise<string>;
  /** @throws HoldfastError `refused` unless all of `paths` belong to a configured source or a restore root */
  requireOrigin(paths: readonly string[]): void;
  /** Whether writing to `paths` could alter a protected source. */
  isProtected(paths: readonly string[]): boolean;
}

export function createConfigured({
  file,
  sources,
  restoreRoots,
  unattended,
}: Pick<Config, 'file' | 'sources' | 'restoreRoots'> & Partial<Pick<Config, 'unattended'>>): Configured {
  const inRoot = (path: string): boolean => restoreRoots.some((root) => isWithin(path, root));
  const owned = [...sources.flatMap(({ paths }) => paths), ...restoreRoots];
  const guarded = sources.flatMap((source) => (source.protected ? source.paths : []));
  return {
    sources,
    restoreRoots,
    unattended,
    async restoreFolder(given) {
      const asConfigured = resolve(dirname(file), given);
      const wanted = inRoot(asConfigured) ? asConfigured : resolve(restoreRoots[0] ?? '/', given);
      const real = await realTarget(wanted);
      const realRoots = await Promise.all(restoreRoots.map(realTarget));
      if (inRoot(wanted) && realRoots.some((root) => isWithin(real, root))) return wanted;
      throw new HoldfastError('refused', `${given} is in none of the folders that a chat may restore into`, {
        advice:
          restoreRoots.length === 0
            ? 'Leave `to` out to restore where it came from, or configure restoreRoots.'
            : `Choose one of: ${restoreRoots.join(', ')}.`,
      });
    },
    requireOrigin(paths) {
      const foreign = paths.find((path) => !owned.some((folder) => isWithin(path, folder)));
      if (foreign === undefined && paths.length > 0) return;
      throw new HoldfastError('refused', `${foreign ?? 'What was backed up'} belongs to no configured source`, {
        advice: 'Say with `to` into which restore root it is to go.',
      });
    },
    isProtected: (paths) =>
      paths.some((path) => guarded.some((folder) => isWithin(path, folder) || isWithin(folder, path))),
  };
}

/** The same for whoever runs the machine, who may touch all of it anyway. */
export const forOperator = (configured: Configured): Configured => ({
  ...configured,
  restoreFolder: async (given) => resolve(given),
  requireOrigin: () => {},
});

/** Where a path leads, as far as it exists. */
async function realTarget(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const parent = dirname(path);
    if (systemCode(error) !== 'ENOENT' || parent === path) throw error;
    return resolve(await realTarget(parent), path.slice(parent.length).replace(/^\//, ''));
  }
}
