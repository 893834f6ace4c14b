import { describe, expect, it } from 'vitest';
import { SerialQueue } from '../../../src/bot/discord/serial-queue.ts';

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
