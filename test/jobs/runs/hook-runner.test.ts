import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Hook } from '../../../src/config/unattended.ts';
import { type HookFacts, runHook } from '../../../src/jobs/runs/hook-runner.ts';
import { systemClock } from '../../../src/shared/clock.ts';

const FACTS: HookFacts = { HOLDFAST_SOURCE: 'app', HOLDFAST_TRIGGER: 'schedule' };
const folder = mkdtempSync(join(tmpdir(), 'holdfast-hook-'));
const file = (name: string) => join(folder, name);

const hook = (command: string[], more: Partial<Hook> = {}): Hook => ({
  command,
  shell: false,
  timeoutMs: 60_000,
  env: {},
  ...more,
});

const run = (one: Hook, more: { facts?: HookFacts; signal?: AbortSignal } = {}): Promise<void> =>
  runHook(
    one,
    { time: 'before', facts: FACTS, ...more },
    {
      environment: { PATH: process.env.PATH ?? '' },
      resolve: async ({ env }) => `secret of ${env}`,
      clock: systemClock,
    },
  );

/** Processes whose arguments hold a word that no other test uses. */
const isAlive = (pid: number): boolean => {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
};

describe('a hook', () => {
  it('is told of the run, and gets what is configured, and nothing else of the bot', async () => {
    const env = { GREETING: 'hello', TOKEN: { env: 'X' } };
    const facts: HookFacts = { ...FACTS, HOLDFAST_STATUS: 'failed', HOLDFAST_ERROR: 'no room' };
    await run(hook(['sh', '-c', `env > ${file('seen')}`], { env }), { facts });
    const seen = readFileSync(file('seen'), 'utf8').split('\n');
    expect(seen).toEqual(
      expect.arrayContaining([
        'HOLDFAST_SOURCE=app',
        'HOLDFAST_TRIGGER=schedule',
        'HOLDFAST_STATUS=failed',
        'HOLDFAST_ERROR=no room',
        'GREETING=hello',
        'TOKEN=secret of X',
      ]),
    );
    expect(seen.filter((line) => /^(VITEST|HOME|npm_)/.test(line))).toEqual([]);
  });

  it('is read by no shell unless it asks for one', async () => {
    await run(hook(['touch', file('$HOME; touch other')]));
    expect(() => readFileSync(file('$HOME; touch other'))).not.toThrow();
    await run(hook([`echo shell > ${file('by-shell')}`], { shell: true }));
    expect(readFileSync(file('by-shell'), 'utf8')).toBe('shell\n');
  });

  it('that fails tells its status and the end of what it said, without its secrets', async () => {
    const script = 'for i in $(seq 2000); do echo line $i; done; echo "token is $TOKEN" >&2; exit 7';
    const failing = run(hook(['sh', '-c', script], { env: { TOKEN: { env: 'X' } } }));
    await expect(failing).rejects.toMatchObject({
      code: 'command_failed',
      message: expect.stringMatching(
        /before a backup of app failed with exit status 7 and said:.*line 2000.*\[secret\]/s,
      ),
    });
    await expect(failing).rejects.not.toMatchObject({ message: expect.stringMatching(/secret of X|line 1\n/) });
  });

  it.each([
    [['holdfast-no-such-program'], 'was not found'],
    [[folder], 'may not be executed'],
  ])('that cannot be started says so: %j', async (command, reason) => {
    await expect(run(hook(command))).rejects.toMatchObject({
      code: 'command_failed',
      message: expect.stringContaining(reason),
    });
  });

  it('that takes too long is ended with everything that it started', async () => {
    const script = `trap '' TERM; sleep 600 & echo $! > ${file('child')}; echo waiting; wait`;
    writeFileSync(file('child'), '');
    const running = run(hook(['bash', '-c', `(${script}) & wait`], { timeoutMs: 1000 }));
    await expect(running).rejects.toMatchObject({ code: 'timed_out', message: expect.stringContaining('waiting') });
    const child = Number(readFileSync(file('child'), 'utf8'));
    await expect.poll(() => isAlive(child), { timeout: 20_000 }).toBe(false);
  });

  it('is ended when the run is cancelled', async () => {
    const controller = new AbortController();
    const running = run(hook(['sh', '-c', `echo $$ > ${file('pid')}; sleep 600`]), { signal: controller.signal });
    running.catch(() => {});
    const pid = async () => Number(readFileSync(file('pid'), 'utf8'));
    await expect.poll(() => pid().catch(() => 0), { timeout: 20_000 }).toBeGreaterThan(0);
    controller.abort(new Error('Cancelled by Ann'));
    await expect(running).rejects.toThrow('Cancelled by Ann');
    expect(isAlive(await pid())).toBe(false);
  });

  it('may leave something running that holds its output', async () => {
    await run(hook([`sleep 600 & echo $! > ${file('left')}`], { shell: true }));
    const left = Number(readFileSync(file('left'), 'utf8'));
    expect(isAlive(left)).toBe(true);
    process.kill(left);
  });
});
