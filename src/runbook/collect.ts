import type { Engine } from '../backup/engine.ts';
import type { SnapshotSummary } from '../backup/types.ts';
import type { RunbookBackup, RunbookFacts, RunbookSource } from './facts.ts';

/** What only whoever runs the backups knows. */
export interface RunbookSetting {
  program: string;
  /** Undefined where it is only known from the backups. */
  host: string | undefined;
  contacts: readonly string[];
  /** What is configured; undefined where nothing is: then the sources are those that have backups. */
  sources: readonly Pick<RunbookSource, 'name' | 'paths' | 'schedules' | 'retention'>[] | undefined;
}

type Repository = Pick<Engine, 'location' | 'repositoryId' | 'fingerprint' | 'plainFiles' | 'list'>;

/** Puts together what a runbook tells, at `nowMs`. */
export async function collectRunbook(
  repository: Repository,
  setting: RunbookSetting,
  nowMs: number,
): Promise<RunbookFacts> {
  const snapshots = (await repository.list()).filter(isGood);
  const bySource = Map.groupBy(snapshots, ({ source }) => source);
  const sources =
    setting.sources ??
    [...bySource].map(([name, own]) => ({ name, paths: own[0]?.paths ?? [], schedules: [], retention: [] }));
  const { location, repositoryId: id, fingerprint } = repository;
  return {
    generated: new Date(nowMs).toISOString(),
    program: setting.program,
    repository: { location, id, fingerprint, rescue: rescueOf(repository) },
    host: setting.host ?? snapshots[0]?.host ?? 'an unknown machine',
    sources: sources.map((source) => ({ ...source, ...newestOf(bySource.get(source.name) ?? []) })),
    contacts: setting.contacts,
  };
}

/** Safety backups hold what somebody wanted to be rid of. */
const isGood = ({ status, trigger }: SnapshotSummary): boolean =>
  (status === 'completed' || status === 'completed_with_warnings') && trigger !== 'pre-restore';

/** `snapshots` are the newest first. */
function newestOf(snapshots: readonly SnapshotSummary[]): Pick<RunbookSource, 'newest' | 'newestVerified'> {
  const [newest] = snapshots;
  const proven = snapshots.find(({ verified }) => verified !== null && verified.damaged === 0);
  const verified = proven?.verified;
  return {
    newest: newest && backupOf(newest),
    newestVerified:
      proven === undefined || verified === null || verified === undefined
        ? undefined
        : { ...backupOf(proven), depth: verified.depth, verifiedAt: verified.time },
  };
}

const backupOf = ({ id, time, files, size }: SnapshotSummary): RunbookBackup => ({ id, time, files, bytes: size });

/** The newest of the programs that lie in the repository. */
function rescueOf({ plainFiles }: Repository): RunbookFacts['repository']['rescue'] {
  const found = Object.entries(plainFiles).filter(([name]) => /^rescue-[^/]+\.mjs$/.test(name));
  const [name, sha256] = found.toSorted(([a], [b]) => a.localeCompare(b, 'en', { numeric: true })).at(-1) ?? [];
  return name === undefined || sha256 === undefined ? undefined : { name, sha256 };
}
