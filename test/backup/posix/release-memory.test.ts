import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { releasingMemory } from '../../../src/backup/posix/release-memory.ts';

const run = promisify(execFile);
const MIB = 2 ** 20;

/** Frees every second one of a thousand buffers, and prints what that did to the process's resident memory while `work` waited. */
const FREES_EVERY_SECOND = (work: string) => `
  import { releasingMemory } from ${JSON.stringify(new URL('../../../src/backup/posix/release-memory.ts', import.meta.url).href)};
  import { setTimeout as delay } from 'node:timers/promises';
  const buffers = Array.from({ length: 1000 }, () => Buffer.allocUnsafeSlow(100_000).fill(1));
  for (let i = 0; i < buffers.length; i += 2) buffers[i].buffer.transfer(0);
  const before = process.memoryUsage.rss();
  await ${work};
  console.log(before - process.memoryUsage.rss(), buffers.length);
`;

async function freed(work: string): Promise<number> {
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', FREES_EVERY_SECOND(work)]);
  return Number(stdout.split(' ')[0]);
}

describe('memory that was freed', () => {
  it('goes back to the system while something runs, from between what is in use', async () => {
    expect(await freed('delay(1200)')).toBeLessThan(10 * MIB);
    expect(await freed('releasingMemory(() => delay(1200))')).toBeGreaterThan(30 * MIB);
  });

  it('is no concern of what runs: its result and its failure come through', async () => {
    expect(await releasingMemory(async () => 7)).toBe(7);
    await expect(releasingMemory(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  });
});
