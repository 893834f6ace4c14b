import type { SnapshotSummary } from '../../backup/types.ts';
import type { Unattended } from '../../config/unattended.ts';
import type { EventSink } from '../../notify/event.ts';
import type { Clock } from '../../shared/clock.ts';
import type { State } from '../../state/state.ts';
import type { UsageSample } from '../../state/unattended-records.ts';
import { remember } from '../remember.ts';
import type { DiskSpace } from './disk-space.ts';
import { daysUntil } from './forecast.ts';
import { crossing, setLatch } from './latches.ts';

export interface StorageWatchParts {
  state: State;
  storage: Unattended['storage'];
  /** Of the repository, for people. */
  location: string;
  /** The repository's folder, where it is one, and the state's. */
  folders: { repository: string | undefined; state: string };
  diskSpace: (folder: string) => Promise<DiskSpace | undefined>;
  clock: Clock;
  sink: EventSink;
}

interface Filling {
  latch: string;
  what: 'cap' | 'disk';
  place: string;
  usedBytes: number;
  limitBytes: number;
  daysLeft: number | null;
}

/** Percent below a threshold at which it counts as left. */
const SLACK = 2;
/** Days of which a sample is kept. */
const DAYS = 400;

/** Watches how full the repository is against its cap, and how full the disks are. It tells and never deletes. */
export class StorageWatch {
  readonly #parts: StorageWatchParts;
  #disk: DiskSpace | undefined;
  #snapshots: Readonly<Record<string, number>> | undefined;

  constructor(parts: StorageWatchParts) {
    this.#parts = parts;
  }

  /** The repository's disk as it was found last, and how many snapshots each source had; undefined before anybody looked. */
  get seen(): { disk: DiskSpace | undefined; snapshots: Readonly<Record<string, number>> | undefined } {
    return { disk: this.#disk, snapshots: this.#snapshots };
  }

  /** Remembers how full the repository is, by source, and tells what crossed a threshold. */
  async sample(repositoryBytes: number, snapshots: readonly SnapshotSummary[]): Promise<void> {
    const { state, clock, folders, diskSpace } = this.#parts;
    const disk = folders.repository === undefined ? undefined : await diskSpace(folders.repository);
    const sample: UsageSample = {
      at: new Date(clock.now()).toISOString(),
      repositoryBytes,
      freeBytes: disk?.freeBytes ?? null,
      totalBytes: disk?.totalBytes ?? null,
      sources: storedBySource(snapshots),
    };
    this.#snapshots = countBySource(snapshots);
    await remember(state, ({ unattended }) => {
      unattended.usage = withSample(unattended.usage, sample);
    });
    await this.#checkCap(repositoryBytes);
    await this.checkDisks();
  }

  /** Tells which disk crossed a threshold. Does not need the repository. */
  async checkDisks(): Promise<void> {
    const { folders, diskSpace } = this.#parts;
    const repository = folders.repository === undefined ? undefined : await diskSpace(folders.repository);
    this.#disk = repository;
    if (repository !== undefined)
      await this.#check(filledDisk('disk:repository', repository, this.#diskDays(repository)));
    const state = await diskSpace(folders.state);
    if (state !== undefined && state.device !== repository?.device)
      await this.#check(filledDisk('disk:state', state, null));
  }

  /** What was measured, oldest first. */
  get samples(): readonly UsageSample[] {
    return this.#parts.state.document.unattended.usage;
  }

  /** In how many days the cap is reached, as it grows; null where that is unknown. */
  capDays(): number | null {
    const { state, storage, clock } = this.#parts;
    if (storage.capBytes === undefined) return null;
    const samples = state.document.unattended.usage.map(({ at, repositoryBytes }) => ({ at, value: repositoryBytes }));
    return daysUntil(samples, storage.capBytes, clock.now());
  }

  #diskDays({ totalBytes }: DiskSpace): number | null {
    const { state, clock } = this.#parts;
    const samples = state.document.unattended.usage.flatMap(({ at, freeBytes }) =>
      freeBytes === null ? [] : [{ at, value: totalBytes - freeBytes }],
    );
    return daysUntil(samples, totalBytes, clock.now());
  }

  async #checkCap(usedBytes: number): Promise<void> {
    const { storage, location } = this.#parts;
    if (storage.capBytes === undefined) return;
    const filling = { what: 'cap', usedBytes, limitBytes: storage.capBytes, daysLeft: this.capDays() } as const;
    await this.#check({ ...filling, latch: 'cap', place: location });
  }

  async #check({ latch, daysLeft, ...filling }: Filling): Promise<void> {
    const { state, storage, clock, sink } = this.#parts;
    const told = state.document.unattended.latches[latch]?.level ?? 0;
    const value = (100 * filling.usedBytes) / filling.limitBytes;
    const found = crossing(told, { value, levels: storage.warnAt, slack: SLACK });
    if (found.level === told) return;
    const { level } = found;
    await setLatch(state, { name: latch, level, at: new Date(clock.now()).toISOString() }, () => {
      if (found.crossing?.kind === 'risen') sink.happened({ kind: 'filling', ...filling, level, daysLeft });
      if (found.crossing?.kind === 'fallen') sink.happened({ kind: 'emptied', ...filling });
    });
  }
}

function filledDisk(latch: string, { folder, freeBytes, totalBytes }: DiskSpace, daysLeft: number | null): Filling {
  const usedBytes = totalBytes - freeBytes;
  return { latch, what: 'disk', place: folder, usedBytes, limitBytes: totalBytes, daysLeft };
}

function storedBySource(snapshots: readonly SnapshotSummary[]): Record<string, number> {
  const bySource: Record<string, number> = {};
  for (const { source, stored } of snapshots) bySource[source] = (bySource[source] ?? 0) + stored;
  return bySource;
}

function countBySource(snapshots: readonly SnapshotSummary[]): Record<string, number> {
  const bySource: Record<string, number> = {};
  for (const { source } of snapshots) bySource[source] = (bySource[source] ?? 0) + 1;
  return bySource;
}

/** The last sample of each day before, and the new one. */
function withSample(samples: readonly UsageSample[], newest: UsageSample): UsageSample[] {
  const day = ({ at }: UsageSample): string => at.slice(0, 10);
  const last = samples.at(-1);
  const before = last !== undefined && day(last) === day(newest) ? samples.slice(0, -1) : samples;
  return [...before, newest].slice(-DAYS);
}
