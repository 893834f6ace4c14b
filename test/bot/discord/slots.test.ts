import { describe, expect, it } from 'vitest';
import { SerialQueue } from '../../../src/bot/discord/serial-queue.ts';
import { Slots } from '../../../src/bot/discord/slots.ts';

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

describe('a serial queue', () => {
  it('runs tasks of one key one after the other, also after a failure, and other keys beside', async () => {
    const queue = new SerialQueue();
    const order: string[] = [];
    const gate = Promise.withResolvers<void>();
    const first = queue.run('a', async () => {
      await gate.promise;
      order.push('first');
      throw new Error('broken');
    });
    const second = queue.run('a', async () => order.push('second'));
    await queue.run('b', async () => order.push('beside'));
    gate.resolve();
    await expect(first).rejects.toThrow('broken');
    await second;
    expect(order).toEqual(['beside', 'first', 'second']);
  });
});
