import type { SnapshotSummary } from '../backup/types.ts';
import { bytes, count, share, type Value } from '../view/value.ts';
import { stack } from '../view/view.ts';
import { defineCommand } from './command.ts';

interface SourceUsage {
  source: string;
  snapshots: number;
  storedBytes: number;
}

interface UsageResult {
  location: string;
  usedBytes: number;
  capBytes: number | null;
  daysToCap: number | null;
  freeBytes: number | null;
  sources: SourceUsage[];
}

function usageOf(snapshots: readonly SnapshotSummary[]): SourceUsage[] {
  return [...Map.groupBy(snapshots, ({ source }) => source)]
    .map(([source, own]) => ({
      source,
      snapshots: own.length,
      storedBytes: own.reduce((sum, { stored }) => sum + stored, 0),
    }))
    .toSorted((a, b) => b.storedBytes - a.storedBytes);
}

function forecast({ usedBytes, capBytes, daysToCap }: UsageResult): Value {
  if (capBytes !== null && usedBytes >= capBytes) return 'the cap is reached';
  return daysToCap === null
    ? 'not known: it does not grow, or too little is known of it'
    : count(Math.floor(daysToCap), 'day');
}

export const usage = defineCommand({
  name: 'usage',
  summary: 'Tell how full the repository is, by source, against its cap, and when it will be full',
  details: [
    'What a source takes is what its snapshots added when they were taken; what several share counts for the first.',
  ],
  input: {},
  access: 'owner',
  destructive: false,
  json: {
    location: 'where the repository is',
    usedBytes: 'bytes of all that is in it',
    capBytes: 'what it may take, or null for no limit',
    daysToCap: 'in how many days the cap is reached as it grows, or null where that is unknown',
    freeBytes: 'free bytes where the repository is, or null',
    sources: 'array, the largest first: `source`, `snapshots`, `storedBytes`',
  },
  async run(context): Promise<UsageResult> {
    const repository = await context.repository();
    const [usedBytes, freeBytes = null, snapshots] = await Promise.all([
      repository.usedBytes(),
      repository.freeBytes(),
      repository.list(),
    ]);
    return {
      location: repository.location,
      usedBytes,
      capBytes: (context.runs?.unattended ?? context.configured?.unattended)?.storage.capBytes ?? null,
      daysToCap: context.runs?.storage.capDays() ?? null,
      freeBytes,
      sources: usageOf(snapshots),
    };
  },
  present: (result) =>
    stack(
      {
        kind: 'fields',
        fields: [
          ['Repository', result.location],
          ['Used', bytes(result.usedBytes)],
          ...(result.capBytes === null
            ? []
            : ([
                ['Cap', [bytes(result.capBytes), ', used to ', share(result.usedBytes / result.capBytes)]],
                ['Full in', forecast(result)],
              ] as const)),
          ['Free', result.freeBytes === null ? 'unknown' : bytes(result.freeBytes)],
        ],
      },
      {
        kind: 'table',
        columns: [{ title: 'Source' }, { title: 'Snapshots', align: 'right' }, { title: 'Stored', align: 'right' }],
        rows: result.sources.map(({ source, snapshots, storedBytes }) => [
          source,
          String(snapshots),
          bytes(storedBytes),
        ]),
        empty: 'Nothing has been backed up yet.',
      },
    ),
});
