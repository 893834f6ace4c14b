import { describe, expect, it } from 'vitest';
import { SharedRead } from '../../src/serve/shared-read.ts';

/** Reads that end when a test says so. */
function setUp() {
  const open: PromiseWithResolvers<string>[] = [];
  const shared = new SharedRead<string>(() => {
    const one = Promise.withResolvers<string>();
    open.push(one);
    return one.promise;
  });
  return { open, shared };
}

describe('a shared read', () => {
  it('answers all who ask meanwhile with the read after the one that runs', async () => {
    const { open, shared } = setUp();
    const first = shared.get('a');
    const others = [shared.get('a'), shared.get('a'), shared.get('a')];
    expect(open).toHaveLength(1);
    open[0]?.resolve('old');
    expect(await first).toBe('old');
    await expect.poll(() => open.length).toBe(2);
    open[1]?.resolve('new');
    expect(await Promise.all(others)).toEqual(['new', 'new', 'new']);
    const later = shared.get('a');
    expect(open).toHaveLength(3);
    open[2]?.resolve('newest');
    expect(await later).toBe('newest');
  });

  it('is shared by those who ask the same alone', async () => {
    const { open, shared } = setUp();
    void shared.get('a');
    void shared.get('b');
    expect(open).toHaveLength(2);
  });

  it('that fails is tried anew for those who asked meanwhile', async () => {
    const { open, shared } = setUp();
    const first = shared.get('a');
    const second = shared.get('a');
    open[0]?.reject(new Error('broken'));
    await expect(first).rejects.toThrow('broken');
    await expect.poll(() => open.length).toBe(2);
    open[1]?.resolve('whole');
    expect(await second).toBe('whole');
  });
});
