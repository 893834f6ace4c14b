import { describe, expect, it } from 'vitest';
import { ManualClock } from './manual-clock.ts';

describe('the manual clock', () => {
  it('moves only when it is told to', async () => {
    const clock = new ManualClock(1000);
    await clock.advance(250);
    expect([clock.now(), clock.monotonic()]).toEqual([1250, 250]);
  });

  it('wakes sleepers in order of time, each at its own moment', async () => {
    const clock = new ManualClock(0);
    const woken: string[] = [];
    const late = clock.sleep(30).then(() => woken.push(`late ${clock.now()}`));
    const early = clock
      .sleep(10)
      .then(() => clock.sleep(10))
      .then(() => woken.push(`twice ${clock.now()}`));
    await clock.advance(29);
    expect(woken).toEqual(['twice 20']);
    await clock.advance(1);
    await Promise.all([late, early]);
    expect(woken).toEqual(['twice 20', 'late 30']);
  });

  it('gives up a sleep whose signal aborts', async () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    const sleep = clock.sleep(10, controller.signal);
    controller.abort(new Error('enough'));
    await expect(sleep).rejects.toThrow('enough');
    expect(clock.sleeping).toBe(0);
  });
});
