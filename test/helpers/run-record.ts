import type { RunRecord } from '../../src/state/unattended-records.ts';

/** A run that went well at a time, and what a test wants to be different. */
export function runRecord(started: string | number, more: Partial<RunRecord> = {}): RunRecord {
  const at = new Date(started);
  const id = Math.floor(at.getTime() / 1000).toString(16);
  return {
    id,
    source: 'app',
    kind: 'files',
    trigger: 'schedule',
    classes: ['hourly'],
    who: { platform: 'holdfast', id: 'schedule', name: 'schedule' },
    status: 'completed',
    started: at.toISOString(),
    ended: new Date(at.getTime() + 60_000).toISOString(),
    snapshot: id.padStart(64, '0'),
    bytes: 1_000_000_000,
    read: 20_000_000,
    added: 20_000_000,
    stored: 8_000_000,
    files: { new: 20, changed: 80, unmodified: 9900, unreadable: 0 },
    warnings: 0,
    error: null,
    ...more,
  };
}
