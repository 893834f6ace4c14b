import { expect, it } from 'vitest';
import { prometheusText } from '../../src/http/prometheus.ts';
import { botMetrics } from '../../src/serve/bot-metrics.ts';
import { emptyState } from '../../src/state/document.ts';
import type { RunRecord } from '../../src/state/unattended-records.ts';
import { runRecord } from '../helpers/run-record.ts';

const run = (given: Partial<RunRecord>): RunRecord => runRecord('2030-01-01T00:00:00.000Z', given);

function text(runs: RunRecord[]): string {
  const document = emptyState();
  document.unattended.runs = runs;
  return prometheusText(
    botMetrics(
      { document: () => document, storage: { seen: { disk: undefined, snapshots: { app: 3 } } } },
      {
        sources: ['app', 'never'],
        capBytes: 5000,
        platforms: new Map([
          ['discord', 'connected'],
          ['slack', 'refused'],
        ]),
        process: { version: '1.2.3', node: 'v24.0.0', startedMs: 1500, memory: { rss: 9, heapUsed: 8 } },
      },
    ),
  );
}

it('tells of each source when it was backed up last, and how the last run went', () => {
  const failed = { id: '2', status: 'failed', snapshot: null, read: 5, stored: 0 } as const;
  const lines = text([
    run({}),
    run({ ...failed, started: '2030-01-01T01:00:00.000Z', ended: '2030-01-01T01:00:02.000Z' }),
  ]).split('\n');
  const success = Date.parse('2030-01-01T00:00:00Z') / 1000;
  expect(lines).toContain(`holdfast_source_last_success_timestamp_seconds{source="app"} ${success}`);
  expect(lines).toContain('holdfast_source_last_run_duration_seconds{source="app"} 2');
  expect(lines).toContain('holdfast_source_last_run_read_bytes{source="app"} 5');
  expect(lines).toContain('holdfast_source_last_run_status{source="app",status="failed"} 1');
  expect(lines).toContain('holdfast_source_last_run_status{source="app",status="completed"} 0');
  expect(lines).toContain('holdfast_source_snapshots{source="app"} 3');
  expect(lines).toContain('holdfast_source_snapshots{source="never"} 0');
  expect(lines.filter((line) => line.includes('last_') && line.includes('never'))).toEqual([]);
});

it('tells that a run went well whose snapshot retention has let go', () => {
  expect(text([run({ status: 'expired' })])).toContain('last_run_status{source="app",status="completed"} 1');
});

it('tells of the process, the platforms and the cap', () => {
  const lines = text([]).split('\n');
  expect(lines).toContain('holdfast_build_info{version="1.2.3",node="v24.0.0"} 1');
  expect(lines).toContain('process_start_time_seconds 1.5');
  expect(lines).toContain('holdfast_platform_connected{platform="discord"} 1');
  expect(lines).toContain('holdfast_platform_connected{platform="slack"} 0');
  expect(lines).toContain('holdfast_repository_cap_bytes 5000');
});
