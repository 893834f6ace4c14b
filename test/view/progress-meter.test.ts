import { describe, expect, it } from 'vitest';
import { ProgressMeter } from '../../src/view/progress-meter.ts';

function meterAt(): { meter: ProgressMeter; at: (ms: number) => void } {
  let nowMs = 0;
  const meter = new ProgressMeter(() => nowMs);
  return { meter, at: (ms) => (nowMs = ms) };
}

describe('a progress meter', () => {
  it('gives share, rate and time left once it has seen enough', () => {
    const { meter, at } = meterAt();
    expect(meter.add({ phase: 'read', bytes: 0, totalBytes: 1000 })).toMatchObject({
      share: 0,
      bytesPerSecond: undefined,
    });
    at(2000);
    expect(meter.add({ phase: 'read', bytes: 500, totalBytes: 1000 })).toMatchObject({
      share: 0.5,
      bytesPerSecond: 250,
      remainingMs: 2000,
      elapsedMs: 2000,
    });
  });

  it('forgets the rate of an earlier phase', () => {
    const { meter, at } = meterAt();
    meter.add({ phase: 'read', bytes: 0 });
    at(2000);
    meter.add({ phase: 'read', bytes: 9000 });
    at(4000);
    expect(meter.add({ phase: 'write', bytes: 10 })).toMatchObject({ bytesPerSecond: undefined, share: undefined });
  });

  it('follows a rate that changes', () => {
    const { meter, at } = meterAt();
    for (let second = 0; second <= 60; second++) {
      at(second * 1000);
      meter.add({ phase: 'read', bytes: second <= 30 ? second * 1000 : 30_000 + (second - 30) * 10 });
    }
    expect(meter.add({ phase: 'read', bytes: 30_300 }).bytesPerSecond).toBeCloseTo(10, 0);
  });

  it('counts files where bytes are not known in advance, and never goes over all', () => {
    const { meter } = meterAt();
    expect(meter.add({ phase: 'read', files: 3, totalFiles: 4, bytes: 9 }).share).toBe(0.75);
    expect(meter.add({ phase: 'read', files: 5, totalFiles: 4 }).share).toBe(1);
  });
});
