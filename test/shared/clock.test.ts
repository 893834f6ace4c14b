import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/shared/clock.ts';

describe('the system clock', () => {
  it('gives the time of day in milliseconds', () => {
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1000);
  });

  it('sleeps as long as asked on the monotonic clock', async () => {
    const start = systemClock.monotonic();
    await systemClock.sleep(20);
    expect(systemClock.monotonic() - start).toBeGreaterThanOrEqual(20);
  });

  it('rejects with the reason when the signal aborts', async () => {
    const controller = new AbortController();
    const sleep = systemClock.sleep(60_000, controller.signal);
    controller.abort(new Error('stop now'));
    await expect(sleep).rejects.toThrow('stop now');
  });

  it('rejects at once when the signal has aborted before, even for no time', async () => {
    await expect(systemClock.sleep(0, AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
  });

  it('does not cut a sleep short that is longer than a timer can be', async () => {
    const controller = new AbortController();
    const sleep = systemClock.sleep(2 ** 40, controller.signal);
    const winner = await Promise.race([sleep, systemClock.sleep(20).then(() => 'still asleep')]);
    expect(winner).toBe('still asleep');
    controller.abort(new Error('done'));
    await expect(sleep).rejects.toThrow('done');
  });
});
