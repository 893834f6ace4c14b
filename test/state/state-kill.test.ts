import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/shared/clock.ts';
import { readProcessIdentity } from '../../src/shared/process-identity.ts';
import { openState } from '../../src/state/state.ts';
import { scriptEnvironment } from '../helpers/compile-cache.ts';
import { SeededRandom, testSeed } from '../helpers/seeded-random.ts';

const KILLS = 6;
const MOST_CHANGES = 30;
const LONGEST_MS = 20;
const writer = fileURLToPath(new URL('../helpers/state-writer.ts', import.meta.url));

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-state-kill-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Lets the writer confirm some changes, kills it a moment later, and gives how many it had confirmed by then. */
async function writeUntilKilled(changes: number, delayMs: number): Promise<number> {
  const child = spawn(process.execPath, [writer, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: scriptEnvironment(),
  });
  const exited = once(child, 'exit');
  let said = '';
  let confirmed = 0;
  try {
    for await (const piece of child.stdout) {
      said += piece;
      const counts = said
        .split('\n')
        .slice(0, -1)
        .filter((line) => !line.startsWith('warning'));
      confirmed = Number(counts.at(-1) ?? 0);
      if (counts.length < changes || child.killed) continue;
      await systemClock.sleep(delayMs);
      child.kill('SIGKILL');
    }
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
  return confirmed;
}

describe('the state of a process that is killed while it writes', () => {
  it('opens, has every confirmed change and at most one more, and says that one may be missing', async () => {
    const seed = testSeed();
    const random = new SeededRandom(seed);
    for (let i = 0; i < KILLS; i++) {
      const confirmed = await writeUntilKilled(1 + random.below(MOST_CHANGES), random.below(LONGEST_MS));
      const warnings: string[] = [];
      const state = await openState(folder, {
        identity: readProcessIdentity(),
        onWarning: (message) => warnings.push(message),
      });
      const known = state.document.owners.length;
      await state.close();
      expect([confirmed, confirmed + 1], `seed ${seed}, kill ${i}`).toContain(known);
      expect(warnings, `seed ${seed}, kill ${i}`).toEqual([expect.stringMatching(/is lost|may be missing/)]);
    }
  });
});
