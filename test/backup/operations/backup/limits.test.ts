import { describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../../../src/shared/clock.ts';
import { backupPlace } from '../../../helpers/backup-place.ts';
import { SeededRandom } from '../../../helpers/seeded-random.ts';
import { randomContent } from '../../../helpers/tree/random-content.ts';

const random = new SeededRandom(7);
const MIB = 2 ** 20;

/** Time passes only while somebody sleeps. */
function sleepingClock(): Clock & { sleptMs: number } {
  return {
    ...systemClock,
    sleptMs: 0,
    monotonic() {
      return this.sleptMs;
    },
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      this.sleptMs += ms;
    },
  };
}

describe('a backup with a limit of what it reads in a second', () => {
  it('takes as long as its bytes need, for small files and large ones', async () => {
    const place = backupPlace();
    for (let i = 0; i < 40; i++) place.make.file(`small ${i}`, randomContent(random, 100_000));
    place.make.file('large', randomContent(random, 6 * MIB));
    const clock = sleepingClock();
    const { bytesRead } = await place.backup({ bytesPerSecond: MIB }, { clock });
    const expectedMs = (bytesRead / MIB) * 1000;
    expect(clock.sleptMs).toBeGreaterThan(expectedMs - 2500);
    expect(clock.sleptMs).toBeLessThan(expectedMs + 100);
  });

  it('holds for streams, and ends at once when it is aborted', async () => {
    const place = backupPlace();
    const clock = sleepingClock();
    async function* stream() {
      for (let i = 0; i < 8; i++) yield randomContent(random, MIB);
    }
    await place.backup({ stdin: { name: 'dump', stream: stream() }, bytesPerSecond: MIB }, { clock });
    expect(clock.sleptMs).toBeGreaterThan(5500);
    const controller = new AbortController();
    const aborting: Clock = {
      ...clock,
      sleep: (_ms, signal) => {
        controller.abort(new Error('enough'));
        return Promise.reject(signal?.reason);
      },
    };
    const running = place.backup(
      { stdin: { name: 'dump', stream: stream() }, bytesPerSecond: MIB },
      { clock: aborting, context: { signal: controller.signal } },
    );
    await expect(running).rejects.toMatchObject({ code: 'interrupted' });
  });
});

describe('a backup with a limit of what it stores', () => {
  it('ends before it stores more, and goes on from there when it may', async () => {
    const place = backupPlace();
    for (let i = 0; i < 60; i++) place.make.file(`file ${i}`, randomContent(random, MIB));
    const limited = place.backup({ maxStoredBytes: 40 * MIB });
    await expect(limited).rejects.toMatchObject({ code: 'storage_full', retryable: false });
    const engine = place.engine();
    expect(await engine.list()).toEqual([]);
    const left = await engine.usedBytes();
    expect(left).toBeLessThanOrEqual(41 * MIB);
    expect(left).toBeGreaterThan(MIB);
    const { bytesStored } = await place.backup({ maxStoredBytes: 60 * MIB });
    expect(bytesStored).toBeLessThan(60 * MIB - left + 2 * MIB);
  });
});

describe('a backup for schedules', () => {
  it('says in its snapshot which ones it satisfies', async () => {
    const place = backupPlace();
    place.make.file('note', 'x');
    await place.backup({ trigger: 'schedule', classes: ['hourly', 'daily'] });
    await place.backup({ trigger: 'manual' });
    const found = (await place.engine().list()).map(({ trigger, classes }) => ({ trigger, classes }));
    expect(found).toContainEqual({ trigger: 'schedule', classes: ['hourly', 'daily'] });
    expect(found).toContainEqual({ trigger: 'manual', classes: [] });
  });
});
