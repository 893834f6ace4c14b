import type { Incident } from '../../state/unattended-records.ts';
import type { StorageTrend } from '../../view/charts/storage-chart.ts';
import { age, bytes, count, type Value } from '../../view/value.ts';
import { good, heading, hint, type Sentence, stack, type View } from '../../view/view.ts';
import { storagePicture } from '../charts.ts';

export interface SourceFacts {
  name: string;
  lastGood: string | null;
  /** Of the newest good backup. */
  bytes: number | null;
  /** Never backed up, or older than it may be. */
  silent: boolean;
  /** Of the last day. */
  completed: number;
  failed: number;
}

export interface DigestFacts {
  day: string;
  sources: readonly SourceFacts[];
  incidents: readonly Incident[];
  holds: readonly { source: string; since: string }[];
  storage: StorageTrend | undefined;
  /** Of the disk that holds the repository. */
  freeBytes: number | null;
  maintenance: readonly { task: string; at: string; summary: string }[];
}

const MOST_NAMED = 30;

/** How everything stands, what needs somebody first. */
export function digestView({ day, sources, incidents, holds, storage, freeBytes, maintenance }: DigestFacts): View {
  const silent = sources.filter((source) => source.silent);
  return stack(
    heading(`Backups on ${day}`),
    silent.length === 0
      ? undefined
      : block('bad', [count(silent.length, 'source'), ' without a recent backup'], silent.map(silence)),
    incidents.length === 0
      ? undefined
      : block('bad', [count(incidents.length, 'open trouble')], incidents.map(trouble)),
    holds.length === 0
      ? undefined
      : block(
          'warning',
          [count(holds.length, 'source'), ' held until somebody has looked'],
          holds.map(({ source, since }) => [`${source}, since `, age(since)]),
        ),
    silent.length + incidents.length + holds.length > 0
      ? undefined
      : good(
          ...(sources.length === 0
            ? ['No source is configured']
            : [sources.length === 1 ? 'The only source is backed up' : `All ${sources.length} sources are backed up`]),
        ),
    sources.length === 0 ? undefined : sourceTable(sources),
    storage === undefined ? undefined : storagePicture(storage),
    freeBytes === null ? undefined : hint(bytes(freeBytes), ' free on the disk of the repository'),
    maintenance.length === 0
      ? undefined
      : hint(
          ...maintenance.flatMap(({ task, at }, i): Value[] => [i === 0 ? 'Last ' : ', last ', `${task} `, age(at)]),
        ),
  );
}

const block = (tone: 'bad' | 'warning', title: Sentence, items: readonly Sentence[]): View =>
  stack(
    { kind: 'status', tone, text: title },
    { kind: 'list', items: items.slice(0, MOST_NAMED), total: items.length },
  );

const silence = ({ name, lastGood }: SourceFacts): Sentence =>
  lastGood === null ? `${name}: no good backup is known` : [`${name}: last good backup `, age(lastGood)];

function trouble({ affected, since, last, acknowledged, id }: Incident): Sentence {
  const names = affected.filter(({ state }) => state === 'failing').map(({ name }) => name);
  const known = acknowledged === null ? '' : `, acknowledged by ${acknowledged}`;
  return [
    `${names.slice(0, MOST_NAMED).join(', ')}: ${last.error.message}, since `,
    age(since),
    `${known} (incident ${id})`,
  ];
}

const sourceTable = (sources: readonly SourceFacts[]): View => ({
  kind: 'table',
  columns: [
    { title: 'Source' },
    { title: 'State' },
    { title: 'Last good' },
    { title: 'Runs', align: 'right' },
    { title: 'Failed', align: 'right' },
    { title: 'Size', align: 'right' },
  ],
  rows: sources
    .toSorted((a, b) => Number(b.silent) - Number(a.silent))
    .map((source) => [
      source.name,
      stateOf(source),
      source.lastGood === null ? 'never' : age(source.lastGood),
      String(source.completed + source.failed),
      String(source.failed),
      source.bytes === null ? '' : bytes(source.bytes),
    ]),
  empty: 'No source is configured.',
});

function stateOf({ lastGood, silent, failed }: SourceFacts): string {
  if (silent) return lastGood === null ? 'never' : 'stale';
  return failed > 0 ? 'failing' : 'ok';
}
