import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EventLog } from '../../src/state/event-log.ts';

const MINUTE_MS = 60_000;

describe('the log of events', () => {
  it('knows an event again, also after a restart', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'holdfast-events-')), 'events.log');
    let now = 1_000_000;
    const first = await EventLog.open(path, () => now);
    expect([first.isNew('a'), first.isNew('a'), first.isNew('b')]).toEqual([true, false, true]);
    await first.close();
    now += 10 * MINUTE_MS;
    const second = await EventLog.open(path, () => now);
    expect([second.isNew('a'), second.isNew('c')]).toEqual([false, true]);
    await second.close();
    now += 15 * MINUTE_MS;
    const third = await EventLog.open(path, () => now);
    expect([third.isNew('a'), third.isNew('c')]).toEqual([true, false]);
    await third.close();
  });

  it('stays small whatever comes', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'holdfast-events-')), 'events.log');
    const log = await EventLog.open(path, () => 1_000_000);
    for (let i = 0; i < 100_000; i++) {
      log.isNew(`event ${i}`);
      if (i % 20_000 === 0) await log.close();
    }
    await log.close();
    expect(readFileSync(path, 'utf8').split('\n').length).toBeLessThan(60_000);
    expect(log.isNew('event 99999')).toBe(false);
  });
});
