import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { measure } from '../../bench/measure.ts';

const environment = { PATH: process.env.PATH ?? '' };
const mebi = 1 << 20;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-measure-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('measure', () => {
  it('counts time and memory of grandchildren', async () => {
    const busy = 'const b = Buffer.alloc(200 << 20, 1); const t = Date.now(); while (Date.now() - t < 300) b[0]++';
    const command = { argv: ['sh', '-c', `"$0" -e '${busy}'; true`, process.execPath] };
    const { wallMs, cpuMs, peakBytes } = await measure(command, environment, join(folder, 'log'));
    expect(wallMs).toBeGreaterThan(300);
    expect(cpuMs).toBeGreaterThan(200);
    expect(peakBytes).toBeGreaterThan(200 * mebi);
    expect(peakBytes).toBeLessThan(400 * mebi);
  });

  it('waits and does not count as processor time what only waited', async () => {
    const { wallMs, cpuMs } = await measure({ argv: ['sleep', '0.2'] }, environment, join(folder, 'log'));
    expect(wallMs).toBeGreaterThan(190);
    expect(cpuMs).toBeLessThan(100);
  });

  it('fails with the end of the output when the command fails', async () => {
    const command = { argv: ['sh', '-c', 'echo no such repository >&2; exit 3'] };
    await expect(measure(command, environment, join(folder, 'log'))).rejects.toThrow(
      /ended with 3: no such repository/,
    );
  });

  it('runs in the folder and with the variables that it is given, and no others', async () => {
    const command = { argv: ['sh', '-c', 'pwd; echo "[$HOME][$WORD]"'], cwd: folder };
    await measure(command, { ...environment, WORD: 'given' }, join(folder, 'log'));
    expect(readFileSync(join(folder, 'log'), 'utf8')).toBe(`${folder}\n[][given]\n`);
  });
});
