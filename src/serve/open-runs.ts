import { isAbsolute } from 'node:path';
import type { OpenServices } from '../bot/chat/requests.ts';
import type { Config } from '../config/config.ts';
import { Holds } from '../jobs/holds.ts';
import type { RunDesk } from '../jobs/run-desk.ts';
import { RunHistory } from '../jobs/run-history.ts';
import { type HookParts, type HookTime, runHook } from '../jobs/runs/hook-runner.ts';
import { SourceRunner } from '../jobs/runs/source-runner.ts';
import type { DiskSpace } from '../jobs/watch/disk-space.ts';
import { FreshnessWatch } from '../jobs/watch/freshness-watch.ts';
import { ping } from '../jobs/watch/ping.ts';
import { RepositoryWatch } from '../jobs/watch/repository-watch.ts';
import { RunWatch } from '../jobs/watch/run-watch.ts';
import { roomFor } from '../jobs/watch/storage-room.ts';
import { StorageWatch } from '../jobs/watch/storage-watch.ts';
import { WatchLoop } from '../jobs/watch/watch-loop.ts';
import type { EventSink } from '../notify/event.ts';
import type { Clock } from '../shared/clock.ts';
import type { RandomSource } from '../shared/random.ts';
import type { State } from '../state/state.ts';

export interface RunsOptions {
  config: Pick<Config, 'repository' | 'sources' | 'state' | 'unattended'>;
  state: State;
  services: OpenServices;
  openJobServices: () => Promise<OpenServices>;
  hooks: Pick<HookParts, 'environment' | 'resolve'>;
  diskSpace: (folder: string) => Promise<DiskSpace | undefined>;
  sink: EventSink;
  clock: Clock;
  random: RandomSource;
  scrub: (text: string) => string;
  onWarning: (message: string) => void;
  /** Hears how hooks ended. */
  onHook?: (source: string, time: HookTime, failure: Error | undefined) => void;
}

/** How configured sources are backed up, and what is watched about them, wired. */
export function openRuns(options: RunsOptions): { desk: RunDesk; watching: WatchLoop } {
  const { config, state, services, openJobServices, hooks, diskSpace, sink, clock } = options;
  const { unattended, sources } = config;
  const { location } = config.repository;
  const { storage: limits, sources: care } = unattended;
  const folders = { repository: isAbsolute(location) ? location : undefined, state: config.state };
  const history = new RunHistory(state);
  const holds = new Holds({ state, clock, sink });
  const storage = new StorageWatch({ state, storage: limits, location, folders, diskSpace, clock, sink });
  const freshness = new FreshnessWatch({ state, history, care, clock, sink });
  const repository = new RepositoryWatch({ sources: sources.map(({ name }) => name), history, holds, storage });
  const watch = new RunWatch({
    ...options,
    care,
    history,
    holds,
    freshness,
    repository,
    ping: async (source, good) => {
      const address = care[source]?.ping;
      if (address !== undefined) await ping(await hooks.resolve(address, `sources.${source}.ping`), good);
    },
  });
  const disk = async () => (folders.repository === undefined ? undefined : diskSpace(folders.repository));
  const runs = new SourceRunner({
    ...options,
    sources,
    care,
    history,
    retries: unattended.jobs.retries,
    openRepository: () => openEngine(openJobServices),
    roomFor: (engine) => roomFor(engine, { location, capBytes: limits.capBytes, disk }),
    runHook: async (source, time, facts, signal) => {
      const hook = care[source]?.hooks[time];
      if (hook === undefined) return;
      await runHook(hook, { time, facts, signal }, { ...hooks, clock }).then(
        () => options.onHook?.(source, time, undefined),
        (error: Error) => {
          options.onHook?.(source, time, error);
          throw error;
        },
      );
    },
    watch: (run, engine) => watch.ended(run, engine),
  });
  const watching = new WatchLoop({
    ...options,
    freshness,
    storage,
    repository,
    openRepository: () => services.repository(),
  });
  return { desk: { runs, history, holds, storage, unattended }, watching };
}

async function openEngine(open: RunsOptions['openJobServices']) {
  const services = await open();
  try {
    return { engine: await services.repository(), close: () => services.close() };
  } catch (error) {
    await services.close();
    throw error;
  }
}
