import type { SnapshotSummary } from '../backup/types.ts';
import { ageOf } from '../jobs/watch/freshness-watch.ts';
import { age, bytes, command, id } from '../view/value.ts';
import { stack, type View } from '../view/view.ts';
import { type CommandContext, defineCommand } from './command.ts';
import { runState } from './parts/run-state.ts';

const HOUR_MS = 3_600_000;
/** Where no configuration says otherwise. */
const FRESHNESS = { freshMs: 6 * HOUR_MS, staleMs: 24 * HOUR_MS };

interface SourceStatus {
  source: string;
  state: 'ok' | 'stale' | 'failed' | 'never' | 'running';
  age: 'fresh' | 'ageing' | 'stale' | null;
  lastRun: string | null;
  lastSnapshot: string | null;
  nextRun: string | null;
  /** Why the newest run failed. */
  error: string | null;
  held: boolean;
  /** What its snapshots added to the repository. */
  storedBytes: number;
  destination: string;
  freeBytes: number | null;
  newestVerified: { snapshot: string; depth: string; time: string } | null;
}

interface StatusResult {
  sources: SourceStatus[];
}

const isGood = ({ status }: SnapshotSummary): boolean => status === 'completed' || status === 'completed_with_warnings';

function stateOf(
  newest: SnapshotSummary,
  lastGood: SnapshotSummary | undefined,
  age: SourceStatus['age'],
): SourceStatus['state'] {
  if (newest.status === 'broken' || newest.status === 'lost') return 'failed';
  if (lastGood === undefined) return 'never';
  return age === 'stale' ? 'stale' : 'ok';
}

/** One source's state from its snapshots, newest first. */
function sourceStatus(
  snapshots: readonly SnapshotSummary[],
  newest: SnapshotSummary,
  { now, runs, configured }: Pick<CommandContext, 'now' | 'runs' | 'configured'>,
): Omit<SourceStatus, 'destination' | 'freeBytes'> {
  const lastGood = snapshots.find(isGood);
  const proven = snapshots.find(({ verified }) => verified !== null && verified.damaged === 0);
  const { source } = newest;
  const limits = (runs?.unattended ?? configured?.unattended)?.sources[source]?.freshness ?? FRESHNESS;
  const ageNow = lastGood === undefined ? null : ageOf(now() - Date.parse(lastGood.time), limits);
  const { failedAt, ...told } = runState(source, lastGood?.time ?? null, runs);
  return {
    source,
    state: failedAt === null ? stateOf(newest, lastGood, ageNow) : 'failed',
    age: ageNow,
    lastRun: failedAt ?? newest.time,
    ...told,
    storedBytes: snapshots.reduce((sum, { stored }) => sum + stored, 0),
    lastSnapshot: lastGood?.id ?? null,
    nextRun: null,
    newestVerified: proven?.verified
      ? { snapshot: proven.id, depth: proven.verified.depth, time: proven.verified.time }
      : null,
  };
}

/** What is configured and was never backed up, what runs now, and what is to run. */
function withConfigured(
  known: SourceStatus[],
  {
    configured,
    jobs,
    runs,
    schedules,
    destination,
    freeBytes,
  }: Pick<CommandContext, 'configured' | 'jobs' | 'runs' | 'schedules'> &
    Pick<SourceStatus, 'destination' | 'freeBytes'>,
): SourceStatus[] {
  const names = new Set(known.map(({ source }) => source));
  const missing = (configured?.sources ?? []).filter(({ name }) => !names.has(name));
  const never = missing.map(({ name }): SourceStatus => {
    const { failedAt, ...told } = runState(name, null, runs);
    return {
      source: name,
      state: failedAt === null ? 'never' : 'failed',
      age: null,
      lastRun: failedAt,
      lastSnapshot: null,
      nextRun: null,
      ...told,
      storedBytes: 0,
      destination,
      freeBytes,
      newestVerified: null,
    };
  });
  const running = new Set(jobs?.list().flatMap(({ state, source }) => (state === 'running' && source ? [source] : [])));
  return [...known, ...never].map((status) => ({
    ...status,
    nextRun: schedules?.nextRunOf(status.source) ?? null,
    ...(running.has(status.source) && { state: 'running' }),
  }));
}

const present = ({ sources }: StatusResult): View => {
  const isScheduled = sources.some(({ nextRun }) => nextRun !== null);
  return stack(
    {
      kind: 'table',
      columns: [
        { title: 'Source' },
        { title: 'State' },
        { title: 'Last run' },
        ...(isScheduled ? [{ title: 'Next run' }] : []),
        { title: 'Last snapshot', minor: true },
        { title: 'Verified' },
        { title: 'Stored', align: 'right', minor: true },
      ],
      rows: sources.map((source) => [
        source.source,
        source.held ? `${source.state}, held` : source.state,
        source.lastRun === null ? 'never' : age(source.lastRun),
        ...(isScheduled ? [source.nextRun === null ? 'none' : age(source.nextRun)] : []),
        source.lastSnapshot === null ? 'none' : id(source.lastSnapshot),
        source.newestVerified === null ? 'never' : age(source.newestVerified.time),
        bytes(source.storedBytes),
      ]),
      empty: ['Nothing has been backed up yet. Start with ', command('backup'), '.'],
    },
    ...sources.flatMap(({ source, error }) =>
      error === null ? [] : [{ kind: 'text', tone: 'bad', text: `${source}: ${error}` } as const],
    ),
    sources[0] && {
      kind: 'fields',
      fields: [
        ['Destination', sources[0].destination],
        ['Free', sources[0].freeBytes === null ? 'unknown' : bytes(sources[0].freeBytes)],
      ],
    },
  );
};

export const status = defineCommand({
  name: 'status',
  summary: 'Tell for each source when it was backed up last, whether that is recent, and what is proven',
  details: [
    'A source is `stale` when its last good snapshot is a day old or older (or as configured), and `failed` when its newest run failed, or its newest snapshot is broken or lost.',
  ],
  chat: {
    details: [
      'A source is `stale` when its last good backup is older than it may be, and `failed` when its newest run failed or its newest backup is broken or lost.',
    ],
  },
  input: {},
  access: 'owner',
  destructive: false,
  json: {
    sources:
      'array, one for each source: `source`; `state` (`ok`, `stale`, `failed`, `running`, or `never` when it has no good snapshot); `age` of the last good snapshot (`fresh` below 6 hours, `ageing` below 24, `stale`, or null; the limits can be configured); `lastRun` (time, or null); `lastSnapshot` (ID of the last good one, or null); `nextRun` (time, or null when nothing is scheduled); `error` (why the newest run failed, or null); `held` (true after a run far from the usual, until an owner has looked); `storedBytes` (what its snapshots added); `destination`; `freeBytes` (or null); `newestVerified` (`{snapshot, depth, time}` or null)',
  },
  async run(context): Promise<StatusResult> {
    const repository = await context.repository({ ahead: 'catalog' });
    const [snapshots, freeBytes = null] = await Promise.all([repository.list(), repository.freeBytes()]);
    const own = snapshots.filter(({ trigger }) => trigger !== 'pre-restore');
    const sources = [...Map.groupBy(own, ({ source }) => source).values()].flatMap((group) =>
      group[0] === undefined
        ? []
        : [{ ...sourceStatus(group, group[0], context), destination: repository.location, freeBytes }],
    );
    const { configured, jobs, runs, schedules } = context;
    const { location: destination } = repository;
    return {
      sources: withConfigured(sources, { configured, jobs, runs, schedules, destination, freeBytes }),
    };
  },
  present,
});
