import { describe, expect, it } from 'vitest';
import { Slots } from '../../src/bot/slots.ts';

describe('slots', () => {
  it('let so many tasks run at once, and the others in their order', async () => {
    const slots = new Slots(2);
    const started: number[] = [];
    const gates = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
    const tasks = gates.map(({ promise }, i) =>
      slots.run(() => {
        started.push(i);
        return promise;
      }),
    );
    expect(started).toEqual([0, 1]);
    gates[1]?.resolve();
    await tasks[1];
    expect(started).toEqual([0, 1, 2]);
    gates[0]?.reject(new Error('broken'));
    await expect(tasks[0]).rejects.toThrow('broken');
    expect(started).toEqual([0, 1, 2, 3]);
    gates[2]?.resolve();
    gates[3]?.resolve();
    await Promise.all(tasks.slice(2));
  });
});
