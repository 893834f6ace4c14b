import type { SnapshotSummary } from '../backup/types.ts';
import { age, bytes, command, id } from '../view/value.ts';
import { stack, type View } from '../view/view.ts';
import { type CommandContext, defineCommand } from './command.ts';

const HOUR_MS = 3_600_000;
const FRESH_MS = 6 * HOUR_MS;
const STALE_MS = 24 * HOUR_MS;

interface SourceStatus {
  source: string;
  state: 'ok' | 'stale' | 'failed' | 'never' | 'running';
  age: 'fresh' | 'ageing' | 'stale' | null;
  lastRun: string | null;
  lastSnapshot: string | null;
  nextRun: string | null;
  destination: string;
  freeBytes: number | null;
  newestVerified: { snapshot: string; depth: string; time: string } | null;
}

interface StatusResult {
  sources: SourceStatus[];
}

const isGood = ({ status }: SnapshotSummary): boolean => status === 'completed' || status === 'completed_with_warnings';

function ageClass(lastGood: SnapshotSummary | undefined, nowMs: number): SourceStatus['age'] {
  if (lastGood === undefined) return null;
  const ageMs = nowMs - Date.parse(lastGood.time);
  if (ageMs < FRESH_MS) return 'fresh';
  return ageMs < STALE_MS ? 'ageing' : 'stale';
}

function stateOf(
  newest: SnapshotSummary,
  lastGood: SnapshotSummary | undefined,
  ageOf: SourceStatus['age'],
): SourceStatus['state'] {
  if (newest.status === 'broken' || newest.status === 'lost') return 'failed';
  if (lastGood === undefined) return 'never';
  return ageOf === 'stale' ? 'stale' : 'ok';
}

/** One source's state from its snapshots, newest first. */
function sourceStatus(
  snapshots: readonly SnapshotSummary[],
  newest: SnapshotSummary,
  nowMs: number,
): Omit<SourceStatus, 'destination' | 'freeBytes'> {
  const lastGood = snapshots.find(isGood);
  const proven = snapshots.find(({ verified }) => verified !== null && verified.damaged === 0);
  const ageOf = ageClass(lastGood, nowMs);
  return {
    source: newest.source,
    state: stateOf(newest, lastGood, ageOf),
    age: ageOf,
    lastRun: newest.time,
    lastSnapshot: lastGood?.id ?? null,
    nextRun: null,
    newestVerified: proven?.verified
      ? { snapshot: proven.id, depth: proven.verified.depth, time: proven.verified.time }
      : null,
  };
}

/** What is configured and was never backed up, and what runs now. */
function withConfigured(
  known: SourceStatus[],
  {
    configured,
    jobs,
    destination,
    freeBytes,
  }: Pick<CommandContext, 'configured' | 'jobs'> & Pick<SourceStatus, 'destination' | 'freeBytes'>,
): SourceStatus[] {
  const names = new Set(known.map(({ source }) => source));
  const missing = (configured?.sources ?? []).filter(({ name }) => !names.has(name));
  const never = missing.map(
    ({ name }): SourceStatus => ({
      source: name,
      state: 'never',
      age: null,
      lastRun: null,
      lastSnapshot: null,
      nextRun: null,
      destination,
      freeBytes,
      newestVerified: null,
    }),
  );
  const running = new Set(jobs?.list().flatMap(({ state, source }) => (state === 'running' && source ? [source] : [])));
  return [...known, ...never].map((status) => (running.has(status.source) ? { ...status, state: 'running' } : status));
}

const present = ({ sources }: StatusResult): View =>
  stack(
    {
      kind: 'table',
      columns: [
        { title: 'Source' },
        { title: 'State' },
        { title: 'Last run' },
        { title: 'Last snapshot', minor: true },
        { title: 'Verified' },
      ],
      rows: sources.map((source) => [
        source.source,
        source.state,
        source.lastRun === null ? 'never' : age(source.lastRun),
        source.lastSnapshot === null ? 'none' : id(source.lastSnapshot),
        source.newestVerified === null ? 'never' : age(source.newestVerified.time),
      ]),
      empty: ['Nothing has been backed up yet. Start with ', command('backup'), '.'],
    },
    sources[0] && {
      kind: 'fields',
      fields: [
        ['Destination', sources[0].destination],
        ['Free', sources[0].freeBytes === null ? 'unknown' : bytes(sources[0].freeBytes)],
      ],
    },
  );

export const status = defineCommand({
  name: 'status',
  summary: 'Tell for each source when it was backed up last, whether that is recent, and what is proven',
  details: [
    'A source is `stale` when its last good snapshot is a day old or older, and `failed` when its newest snapshot is broken or lost.',
  ],
  chat: {
    details: [
      'A source is `stale` when its last good backup is a day old or older, and `failed` when its newest is broken or lost.',
    ],
  },
  input: {},
  access: 'owner',
  destructive: false,
  json: {
    sources:
      'array, one for each source: `source`; `state` (`ok`, `stale`, `failed`, `running`, or `never` when it has no good snapshot); `age` of the last good snapshot (`fresh` below 6 hours, `ageing` below 24, `stale`, or null); `lastRun` (time, or null); `lastSnapshot` (ID of the last good one, or null); `nextRun` (time, or null when nothing is scheduled); `destination`; `freeBytes` (or null); `newestVerified` (`{snapshot, depth, time}` or null)',
  },
  async run(context): Promise<StatusResult> {
    const repository = await context.repository();
    const [snapshots, freeBytes = null] = await Promise.all([repository.list(), repository.freeBytes()]);
    const own = snapshots.filter(({ trigger }) => trigger !== 'pre-restore');
    const sources = [...Map.groupBy(own, ({ source }) => source).values()].flatMap((group) =>
      group[0] === undefined
        ? []
        : [{ ...sourceStatus(group, group[0], context.now()), destination: repository.location, freeBytes }],
    );
    const { configured, jobs } = context;
    return { sources: withConfigured(sources, { configured, jobs, destination: repository.location, freeBytes }) };
  },
  present,
});
