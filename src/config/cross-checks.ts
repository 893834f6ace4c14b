import { relative } from 'node:path';
import { formatDuration } from '../shared/durations.ts';
import type { Config } from './config.ts';
import { type Positions, type Problem, problemAt } from './problem.ts';
import type { WrittenConfig } from './schema.ts';

/** What no single key tells. */
export function crossChecks(
  written: WrittenConfig,
  config: Omit<Config, 'warnings' | 'platforms'>,
  positions: Positions,
): Problem[] {
  return [
    ...platformProblems(written, positions),
    ...protectionProblems(written, positions),
    ...folderProblems(config, positions),
    ...freshnessProblems(written, config, positions),
  ];
}

function platformProblems({ platforms }: WrittenConfig, positions: Positions): Problem[] {
  const { discord, slack, console } = platforms;
  if (discord === undefined && slack === undefined && !console) {
    const advice = 'Configure discord or slack, or set console: true.';
    return [problemAt(['platforms'], 'there is none to listen on', positions, advice)];
  }
  if (slack === undefined) return [];
  const needed = slack.mode === 'socket' ? (['appToken'] as const) : (['signingSecret', 'port'] as const);
  return needed
    .filter((key) => slack[key] === undefined)
    .map((key) => problemAt(['platforms', 'slack', key], `is missing, and mode ${slack.mode} needs it`, positions));
}

/** Who asks may not approve, so a protected source that has one owner could never be restored. */
function protectionProblems({ sources, owners }: WrittenConfig, positions: Positions): Problem[] {
  const most = Math.max(new Set(owners.discord).size, new Set(owners.slack).size);
  if (most >= 2) return [];
  return Object.entries(sources)
    .filter(([, source]) => source.protected)
    .map(([name]) =>
      problemAt(
        ['sources', name, 'protected'],
        `needs two owners on one platform, because whoever asks for a restore may not approve it; there ${most === 1 ? 'is 1' : 'are none'}`,
        positions,
        'Add an owner, or take the protection away.',
      ),
    );
}

function folderProblems(
  { restoreRoots, repository, state }: Omit<Config, 'warnings' | 'platforms'>,
  positions: Positions,
): Problem[] {
  return restoreRoots.flatMap((root, i) => {
    const inside = [repository.location, state].find((folder) => isWithin(root, folder) || isWithin(folder, root));
    if (inside === undefined) return [];
    return [
      problemAt(
        ['restoreRoots', i],
        `a restore there could write over ${inside}`,
        positions,
        'Choose a folder of its own.',
      ),
    ];
  });
}

/** Otherwise a source would be called fresh while owners are told that it is stale. */
function freshnessProblems(
  { sources }: WrittenConfig,
  { unattended }: Omit<Config, 'warnings' | 'platforms'>,
  positions: Positions,
): Problem[] {
  const wrong = Object.entries(sources).flatMap(([name, { freshness }]) => {
    const { freshMs, staleMs } = unattended.sources[name]?.freshness ?? { freshMs: 0, staleMs: 0 };
    if (freshMs <= staleMs) return [];
    const path = freshness === undefined ? ['freshness'] : ['sources', name, 'freshness'];
    const found = `fresh (${formatDuration(freshMs)}) is longer than stale (${formatDuration(staleMs)})`;
    return [problemAt(path, found, positions, 'Write both, and make stale the longer one.')];
  });
  return wrong.filter(({ message }, i) => wrong.findIndex((other) => other.message === message) === i);
}

/** Whether `path` is `folder` or lies in it; both absolute. */
export function isWithin(path: string, folder: string): boolean {
  const step = relative(folder, path);
  return step === '' || !(step === '..' || step.startsWith('../'));
}

/** What is no mistake for certain. */
export function warningsOf({ notify, platforms, owners }: WrittenConfig): string[] {
  return (['discord', 'slack'] as const).flatMap((platform) => {
    if (platforms[platform] !== undefined) return [];
    const told =
      notify[platform] === undefined
        ? []
        : [`notify.${platform} names a channel, but ${platform} is not among the platforms`];
    const owned =
      owners[platform].length === 0
        ? []
        : [`owners.${platform} names owners, but ${platform} is not among the platforms`];
    return [...told, ...owned];
  });
}
