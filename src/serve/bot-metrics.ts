import type { PlatformState } from '../bot/platform.ts';
import type { Metric, Sample } from '../http/prometheus.ts';
import { wasGoodRun } from '../jobs/run-history.ts';
import type { StorageWatch } from '../jobs/watch/storage-watch.ts';
import type { JobState, StateDocument } from '../state/document.ts';
import type { RunRecord, RunStatus } from '../state/unattended-records.ts';

/** What of a bot is counted. */
export interface BotFacts {
  document: () => StateDocument;
  storage: Pick<StorageWatch, 'seen'>;
}

/** What of its process is. */
export interface ProcessFacts {
  version: string;
  node: string;
  /** Milliseconds since 1970. */
  startedMs: number;
  memory: { rss: number; heapUsed: number };
}

export interface MetricOptions {
  sources: readonly string[];
  capBytes: number | undefined;
  platforms: ReadonlyMap<string, PlatformState | 'refused'>;
  process: ProcessFacts;
}

const JOB_STATES: readonly JobState[] = [
  'pending',
  'running',
  'completed',
  'completed_with_warnings',
  'failed',
  'cancelled',
  'interrupted',
];
const RUN_STATUSES: readonly RunStatus[] = [
  'running',
  'completed',
  'completed_with_warnings',
  'failed',
  'cancelled',
  'interrupted',
  'skipped',
];

const gauge = (name: string, help: string, samples: readonly Sample[]): Metric => ({
  name: `holdfast_${name}`,
  help,
  type: 'gauge',
  samples,
});

const seconds = (time: string): number => Date.parse(time) / 1000;

/** All that `/metrics` tells. Everything comes from what the bot remembers: asking costs nothing and opens nothing. */
export function botMetrics({ document, storage }: BotFacts, options: MetricOptions): Metric[] {
  const state = document();
  return [
    ...processMetrics(options.process),
    gauge(
      'platform_connected',
      'Whether the chat platform is connected.',
      [...options.platforms].map(([platform, now]) => ({ labels: { platform }, value: Number(now === 'connected') })),
    ),
    ...sourceMetrics(state, storage, options.sources),
    ...storageMetrics(state, storage, options.capBytes),
    gauge(
      'jobs',
      'Jobs by state; those that have ended as far as they are remembered.',
      JOB_STATES.map((one) => ({
        labels: { state: one },
        value: state.jobs.filter((job) => job.state === one).length,
      })),
    ),
    gauge(
      'incidents_open',
      'Troubles that last.',
      (['warning', 'failure'] as const).map((severity) => ({
        labels: { severity },
        value: state.unattended.incidents.filter((one) => one.severity === severity && one.ended === null).length,
      })),
    ),
  ];
}

function processMetrics({ version, node, startedMs, memory }: ProcessFacts): Metric[] {
  const plain = (name: string, help: string, value: number): Metric => ({
    name,
    help,
    type: 'gauge',
    samples: [{ value }],
  });
  return [
    gauge('build_info', 'Always 1; the labels say what runs.', [{ labels: { version, node }, value: 1 }]),
    plain('process_start_time_seconds', 'When the process started, since 1970.', startedMs / 1000),
    plain('process_resident_memory_bytes', 'Memory of the process, without those of its engines.', memory.rss),
    plain('nodejs_heap_size_used_bytes', 'JavaScript heap in use.', memory.heapUsed),
  ];
}

function sourceMetrics(
  { unattended }: StateDocument,
  { seen }: BotFacts['storage'],
  sources: readonly string[],
): Metric[] {
  const last = new Map<string, RunRecord>();
  const lastEnded = new Map<string, RunRecord>();
  const good = new Map(Object.entries(unattended.lastGood).map(([source, { at }]) => [source, seconds(at)]));
  for (const run of unattended.runs) {
    last.set(run.source, run);
    if (run.ended !== null) lastEnded.set(run.source, run);
    if (wasGoodRun(run)) good.set(run.source, Math.max(good.get(run.source) ?? 0, seconds(run.started)));
  }
  const each = (name: string, help: string, measure: (source: string) => number | undefined): Metric =>
    gauge(
      `source_${name}`,
      help,
      sources.flatMap((source) => {
        const value = measure(source);
        return value === undefined ? [] : [{ labels: { source }, value }];
      }),
    );
  const ofEnded = (measure: (run: RunRecord, ended: string) => number) => (source: string) => {
    const run = lastEnded.get(source);
    return run?.ended ? measure(run, run.ended) : undefined;
  };
  return [
    each('last_success_timestamp_seconds', 'When the newest good backup began.', (source) => good.get(source)),
    each(
      'last_run_timestamp_seconds',
      'When the last run that has ended began.',
      ofEnded((run) => seconds(run.started)),
    ),
    each(
      'last_run_duration_seconds',
      'How long the last run took.',
      ofEnded((run, ended) => seconds(ended) - seconds(run.started)),
    ),
    each(
      'last_run_read_bytes',
      'What the last run read.',
      ofEnded(({ read }) => read),
    ),
    each(
      'last_run_stored_bytes',
      'What the last run added to the repository.',
      ofEnded(({ stored }) => stored),
    ),
    gauge(
      'source_last_run_status',
      '1 for the status of the last run, 0 for all others.',
      sources.flatMap((source) => {
        const run = last.get(source);
        if (run === undefined) return [];
        return RUN_STATUSES.map((status) => ({ labels: { source, status }, value: Number(endOf(run) === status) }));
      }),
    ),
    each('snapshots', 'Snapshots in the repository, as last seen.', (source) =>
      seen.snapshots === undefined ? undefined : (seen.snapshots[source] ?? 0),
    ),
    each('held', 'Whether the last good backup is held, because a run was far from the usual.', (source) =>
      Number(unattended.holds.some((hold) => hold.source === source)),
    ),
  ];
}

/** What has been let go since went well when it ended. */
const endOf = ({ status }: RunRecord): RunStatus =>
  status === 'expired' || status === 'deleted' ? 'completed' : status;

function storageMetrics(
  { unattended: { usage } }: StateDocument,
  { seen }: BotFacts['storage'],
  capBytes: number | undefined,
): Metric[] {
  const newest = usage.at(-1);
  const free = seen.disk?.freeBytes ?? newest?.freeBytes;
  const one = (value: number | null | undefined): Sample[] => (typeof value === 'number' ? [{ value }] : []);
  return [
    gauge('repository_bytes', 'What the repository takes, as last seen.', one(newest?.repositoryBytes)),
    gauge('repository_cap_bytes', 'What it may take.', one(capBytes)),
    gauge('repository_free_bytes', 'What is free on its disk.', one(free)),
  ];
}
