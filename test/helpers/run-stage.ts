import type { Engine } from '../../src/backup/engine.ts';
import { Holds } from '../../src/jobs/holds.ts';
import { RunHistory } from '../../src/jobs/run-history.ts';
import type { HookFacts, HookTime } from '../../src/jobs/runs/hook-runner.ts';
import { SourceRunner } from '../../src/jobs/runs/source-runner.ts';
import type { SourceRunRequest } from '../../src/jobs/source-runs.ts';
import type { DiskSpace } from '../../src/jobs/watch/disk-space.ts';
import { FreshnessWatch } from '../../src/jobs/watch/freshness-watch.ts';
import { RepositoryWatch } from '../../src/jobs/watch/repository-watch.ts';
import { RunWatch } from '../../src/jobs/watch/run-watch.ts';
import { roomFor } from '../../src/jobs/watch/storage-room.ts';
import { StorageWatch } from '../../src/jobs/watch/storage-watch.ts';
import type { HappenedEvent } from '../../src/notify/event.ts';
import { systemRandom } from '../../src/shared/random.ts';
import { type FakeBehaviour, fakeRepository } from './fake-engine.ts';
import { ManualClock } from './manual-clock.ts';
import { MemoryState } from './memory-state.ts';
import { unattendedOf } from './unattended.ts';

export const REQUEST: SourceRunRequest = {
  source: 'app',
  trigger: 'schedule',
  classes: ['hourly'],
  tags: ['nightly'],
  who: { platform: 'holdfast', id: 'schedule', name: 'schedule' },
  job: 'a1b2c3d4',
};

/** Runs of configured sources on a fake repository, with what happens, and time to move on. */
export class RunStage {
  readonly clock = new ManualClock();
  readonly state: MemoryState;
  readonly behaviour: FakeBehaviour = {};
  readonly repository = fakeRepository(this.behaviour);
  readonly happened: HappenedEvent[] = [];
  readonly hooks: { time: HookTime; facts: HookFacts }[] = [];
  readonly pings: boolean[] = [];
  readonly warnings: string[] = [];
  readonly history: RunHistory;
  readonly holds: Holds;
  readonly freshness: FreshnessWatch;
  readonly storage: StorageWatch;
  readonly runs: SourceRunner;
  /** What the next calls do before anything else. */
  onHook: (time: HookTime) => Promise<void> = async () => {};
  onOpen: () => Promise<void> = async () => {};
  onPing: () => Promise<void> = async () => {};
  disk: DiskSpace | undefined;
  stateDisk: DiskSpace | undefined;
  #jobs = 0;

  constructor(source = '', more = '', state = new MemoryState()) {
    this.state = state;
    const unattended = unattendedOf({ app: source }, more);
    const { clock } = this;
    const care = unattended.sources;
    const sink = { happened: (event: HappenedEvent) => void this.happened.push(event) };
    const common = { state, clock, sink };
    this.history = new RunHistory(state);
    this.holds = new Holds(common);
    const { history, holds } = this;
    const folders = { repository: '/repository', state: '/state' };
    const diskSpace = async (folder: string) => (folder === '/repository' ? this.disk : this.stateDisk);
    this.storage = new StorageWatch({
      ...common,
      storage: unattended.storage,
      location: '/repository',
      folders,
      diskSpace,
    });
    this.freshness = new FreshnessWatch({ ...common, history, care });
    const repository = new RepositoryWatch({ sources: ['app'], history, holds, storage: this.storage });
    const watch = new RunWatch({
      care,
      history,
      holds,
      freshness: this.freshness,
      repository,
      sink,
      onWarning: (message) => this.warnings.push(message),
      ping: async (_source, good) => {
        this.pings.push(good);
        await this.onPing();
      },
    });
    this.runs = new SourceRunner({
      sources: [{ name: 'app', paths: ['/srv/app'], exclude: ['*.tmp'], protected: false }],
      care,
      retries: unattended.jobs.retries,
      openRepository: async () => {
        await this.onOpen();
        const engine = await this.engine();
        return { engine, close: () => engine.close() };
      },
      roomFor: (engine) =>
        roomFor(engine, {
          location: '/repository',
          capBytes: unattended.storage.capBytes,
          disk: async () => this.disk,
        }),
      runHook: async (_source, time, facts) => {
        this.hooks.push({ time, facts });
        await this.onHook(time);
      },
      watch: (run, engine) => watch.ended(run, engine),
      history,
      clock,
      random: systemRandom,
      sink,
      scrub: (text) => text.replaceAll('hunter22', '[secret]'),
    });
  }

  engine(): Promise<Engine> {
    return this.repository.open({ location: '/repository', passphrase: () => 'secret' });
  }

  run(more: Partial<SourceRunRequest> = {}, signal?: AbortSignal) {
    const job = `job${++this.#jobs}`;
    return this.runs.run({ ...REQUEST, job, ...more }, { signal });
  }

  kinds(): string[] {
    return this.happened.map(({ kind }) => kind);
  }
}
