import { createHash } from 'node:crypto';
import { appendFileSync, mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createScrubber } from '../../src/shared/scrub.ts';
import type { AuditEntry } from '../../src/state/audit-entry.ts';
import { AuditLog } from '../../src/state/audit-log.ts';
import { ManualClock } from '../helpers/manual-clock.ts';

const who = (id: string) => ({ platform: 'discord', id, name: `person ${id}` });
const newPath = (): string => join(mkdtempSync(join(tmpdir(), 'holdfast-audit-')), 'audit.jsonl');
const linesOf = (path: string): string[] => readFileSync(path, 'utf8').trimEnd().split('\n');
const entriesOf = (path: string): (AuditEntry & { seq: number; prev: string })[] =>
  linesOf(path).map((line) => JSON.parse(line));

async function open(path: string, clock = new ManualClock()): Promise<AuditLog> {
  return AuditLog.open(path, { clock, scrub: createScrubber(['hunter22']), onWarning: () => {} });
}

describe('the audit log', () => {
  it('chains its lines, from run to run', async () => {
    const path = newPath();
    for (const id of ['1', '2']) {
      const log = await open(path);
      log.note({ who: who(id), what: '/backup', outcome: 'allowed' });
      log.note({ who: who(id), what: '/backup', outcome: 'completed' });
      await log.close();
    }
    const lines = linesOf(path);
    const entries = entriesOf(path);
    expect(entries.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    for (let i = 1; i < 4; i++) {
      expect(entries[i]?.prev).toBe(
        createHash('sha256')
          .update(lines[i - 1] as string)
          .digest('hex'),
      );
    }
  });

  it('goes on behind a line that a power cut left unfinished', async () => {
    const path = newPath();
    const first = await open(path);
    first.note({ who: who('1'), what: '/list', outcome: 'allowed' });
    await first.close();
    appendFileSync(path, '{"seq":2,"ti');
    const second = await open(path);
    second.note({ who: who('1'), what: '/list', outcome: 'allowed' });
    await second.close();
    expect(JSON.parse(linesOf(path)[2] as string)).toMatchObject({ seq: 2, what: '/list' });
  });

  it('holds no secrets, and no novels', async () => {
    const path = newPath();
    const log = await open(path);
    log.note({
      who: who('1'),
      what: '/claim hunter22 xoxb-123456789012-abc',
      outcome: 'noted',
      detail: 'x'.repeat(5000),
    });
    await log.close();
    expect(readFileSync(path, 'utf8')).not.toMatch(/hunter22|xoxb/);
    expect(entriesOf(path)[0]?.detail).toHaveLength(300);
  });

  it('writes the first refusals of a person one by one and counts the others', async () => {
    const path = newPath();
    const clock = new ManualClock();
    const log = await open(path, clock);
    for (let i = 0; i < 10_000; i++) log.note({ who: who('7'), what: `/try${i % 3}`, outcome: 'refused' });
    await clock.advance(10_000);
    await log.close();
    const entries = entriesOf(path);
    expect(entries.length).toBeLessThan(30);
    expect(entries.reduce((sum, { times = 1 }) => sum + times, 0)).toBe(10_000);
    expect(entries.at(-1)).toMatchObject({ who: who('7'), what: expect.stringContaining('/try2') });
  });

  it('stays small when the refused have many names, and forgets none', async () => {
    const path = newPath();
    const log = await open(path);
    for (let i = 0; i < 10_000; i++) log.note({ who: who(String(i)), what: '/backup', outcome: 'refused' });
    await log.close();
    expect(statSync(path).size).toBeLessThan(300_000);
    expect(entriesOf(path).reduce((sum, { times = 1 }) => sum + times, 0)).toBe(10_000);
  });

  it('tells counted refusals at ever longer intervals', async () => {
    const path = newPath();
    const clock = new ManualClock();
    const log = await open(path, clock);
    for (let tenSeconds = 0; tenSeconds < 360; tenSeconds++) {
      log.note({ who: who('7'), what: '/backup', outcome: 'refused' });
      await clock.advance(10_000);
    }
    await log.close();
    expect(linesOf(path).length).toBeGreaterThan(30);
    expect(linesOf(path).length).toBeLessThan(40);
  });
});
