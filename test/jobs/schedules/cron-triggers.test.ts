import { validate } from 'node-cron';
import { describe, expect, it } from 'vitest';
import { CronTriggers } from '../../../src/jobs/schedules/cron-triggers.ts';
import type { Rule } from '../../../src/jobs/schedules/timing.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';

function open(rules: Rule[]) {
  const clock = new ManualClock();
  let sweeps = 0;
  const triggers = new CronTriggers({ rules: () => rules, sweep: () => sweeps++, clock });
  return { clock, triggers, sweeps: () => sweeps };
}

describe('the triggers', () => {
  it('sweep at once and every minute, until they are stopped', async () => {
    const { clock, triggers, sweeps } = open([{ cron: '0 2 * * *', timeZone: 'UTC' }]);
    triggers.start();
    expect(sweeps()).toBe(1);
    await clock.advance(3 * 60_000);
    expect(sweeps()).toBe(4);
    triggers.stop();
    await clock.advance(10 * 60_000);
    expect(sweeps()).toBe(4);
    expect(clock.sleeping).toBe(0);
  });

  it('take every expression that a schedule may have, also after a change', () => {
    const rules: Rule[] = [
      { cron: '0 * * * *', timeZone: 'UTC' },
      { cron: '0 * * * *', timeZone: 'Europe/Zurich' },
      { cron: '5-50/15 0-23/2 13,L jan-jun fri', timeZone: 'America/New_York' },
    ];
    const { triggers } = open(rules);
    triggers.start();
    rules.splice(0, 2, { cron: '0 2 L * 7', timeZone: 'UTC' });
    expect(() => triggers.follow()).not.toThrow();
    triggers.stop();
  });

  it.each(['0 2 L * *', '1,2 3 * * sun', '*/60 * * * *', '0 */24 */31 */12 */7', '0-59/59 0 1-31/2 jan-dec/3 0-7'])(
    'know %s',
    (cron) => {
      expect(validate(cron)).toBe(true);
    },
  );
});
