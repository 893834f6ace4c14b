import { describe, expect, it } from 'vitest';
import { HoldfastError } from '../../../src/shared/errors.ts';
import { RunStage } from '../../helpers/run-stage.ts';

const HOOKS = 'hooks: { before: { command: [prepare] }, after: { command: [clean] } }';
const MIB = 2 ** 20;

const passing = (): HoldfastError => new HoldfastError('store_failed', 'the system was busy', { retryable: true });

describe('a run of a source', () => {
  it('backs up what is configured, with its limits, and remembers how it went', async () => {
    const stage = new RunStage('rate: 1 MB');
    const result = await stage.run();
    expect(stage.repository.requests[stage.repository.calls.indexOf('backup')]).toEqual({
      paths: ['/srv/app'],
      exclude: ['*.tmp'],
      source: 'app',
      trigger: 'schedule',
      classes: ['hourly'],
      tags: ['nightly'],
      bytesPerSecond: MIB,
      maxStoredBytes: 5 * 1024 ** 3 - 5400,
    });
    const run = {
      id: 'job1',
      source: 'app',
      trigger: 'schedule',
      classes: ['hourly'],
      status: 'completed',
      snapshot: result.snapshot,
      bytes: 3000,
      read: 3000,
      added: 2000,
      stored: 900,
      files: { new: 2, changed: 1, unmodified: 0, unreadable: 0 },
      error: null,
      ended: '2030-01-01T00:00:00.000Z',
    };
    expect(stage.history.all).toMatchObject([run]);
    expect(stage.happened[0]).toMatchObject({ kind: 'run', run });
    expect(stage.repository.closed).toBe(stage.repository.opened);
  });

  it('is on the list while it runs', async () => {
    const stage = new RunStage(HOOKS);
    stage.onHook = async () => {
      expect(stage.history.all).toMatchObject([{ id: 'job1', status: 'running', ended: null }]);
    };
    await stage.run();
    expect(stage.hooks).toHaveLength(2);
  });

  it('runs its hooks before the repository is opened and after all is done', async () => {
    const stage = new RunStage(HOOKS);
    const order: string[] = [];
    stage.onHook = async (time) => void order.push(time);
    stage.onOpen = async () => void order.push('open');
    const { snapshot } = await stage.run();
    expect(order).toEqual(['before', 'open', 'after']);
    const facts = { HOLDFAST_SOURCE: 'app', HOLDFAST_TRIGGER: 'schedule' };
    expect(stage.hooks).toEqual([
      { time: 'before', facts },
      { time: 'after', facts: { ...facts, HOLDFAST_STATUS: 'completed', HOLDFAST_SNAPSHOT: snapshot } },
    ]);
  });

  it('does not back up when its hook before fails, and runs the one after all the same', async () => {
    const stage = new RunStage(HOOKS);
    stage.onHook = async (time) => {
      if (time === 'before') throw new HoldfastError('command_failed', 'The hook failed with exit status 7');
    };
    await expect(stage.run()).rejects.toMatchObject({ code: 'command_failed' });
    expect(stage.repository.calls).not.toContain('backup');
    expect(stage.hooks[1]?.facts).toMatchObject({
      HOLDFAST_STATUS: 'failed',
      HOLDFAST_ERROR: 'The hook failed with exit status 7',
    });
    expect(stage.happened).toMatchObject([
      { kind: 'task_works', task: 'hook', source: 'app' },
      { kind: 'run', run: { status: 'failed', error: { phase: 'before hook' } } },
    ]);
  });

  it('has gone well although its hook after failed, which is told by itself', async () => {
    const stage = new RunStage(HOOKS);
    stage.onHook = async (time) => {
      if (time === 'after') throw new HoldfastError('command_failed', 'The hook failed');
    };
    await stage.run();
    expect(stage.happened).toMatchObject([
      {
        kind: 'maintenance_failed',
        task: 'hook',
        source: 'app',
        error: { code: 'command_failed', phase: 'after hook' },
      },
      { kind: 'run', run: { status: 'completed' } },
    ]);
  });

  it('could not start where the repository cannot be opened, and says for when it was due', async () => {
    const stage = new RunStage();
    stage.onOpen = () =>
      Promise.reject(new HoldfastError('store_unavailable', 'The folder /repository does not exist'));
    await expect(stage.run({ due: '2029-12-31T23:00:00.000Z' })).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(stage.happened).toEqual([
      {
        kind: 'not_started',
        source: 'app',
        classes: ['hourly'],
        due: '2029-12-31T23:00:00.000Z',
        error: {
          code: 'store_unavailable',
          message: 'The folder /repository does not exist',
          advice: null,
          phase: 'opening the repository',
        },
      },
    ]);
    expect(stage.history.all).toMatchObject([{ status: 'failed', snapshot: null }]);
  });

  it('is tried again after what may pass by itself, longer and longer', async () => {
    const stage = new RunStage('', 'jobs: { retries: 2 }');
    let failures = 2;
    stage.onOpen = async () => {
      if (failures-- > 0) throw passing();
    };
    const running = stage.run();
    await stage.clock.advance(7000);
    expect(stage.repository.opened).toBe(0);
    await stage.clock.advance(6000);
    await stage.clock.advance(25_000);
    expect(stage.repository.opened).toBe(0);
    await stage.clock.advance(30_000);
    await running;
    expect(stage.history.all).toMatchObject([{ status: 'completed' }]);
  });

  it('fails when it was tried as often as it may be', async () => {
    const stage = new RunStage('', 'jobs: { retries: 1 }');
    stage.onOpen = () => Promise.reject(passing());
    const running = stage.run();
    const failed = expect(running).rejects.toMatchObject({ code: 'store_failed' });
    await stage.clock.advance(60_000);
    await failed;
    expect(stage.kinds()).toEqual(['not_started']);
  });

  it.each(['storage_full', 'damaged', 'wrong_passphrase'] as const)('is never tried again after %s', async (code) => {
    const stage = new RunStage();
    stage.behaviour.fails = new HoldfastError(code, 'No', { retryable: true });
    await expect(stage.run()).rejects.toMatchObject({ code });
    expect(stage.repository.opened).toBe(1);
  });

  it('is ended when it takes too long', async () => {
    const stage = new RunStage('timeout: 2h');
    stage.behaviour.hangs = true;
    const running = stage.run();
    const failed = expect(running).rejects.toMatchObject({ code: 'timed_out' });
    await stage.clock.advance(2 * 3_600_000);
    await failed;
    expect(stage.happened).toMatchObject([
      { kind: 'run', run: { status: 'failed', error: { code: 'timed_out', message: expect.stringContaining('2 h') } } },
    ]);
    expect(stage.repository.closed).toBe(stage.repository.opened);
  });

  it('that somebody cancels was cancelled and has not failed', async () => {
    const stage = new RunStage(`ping: { env: PING }\n${HOOKS}`);
    stage.behaviour.hangs = true;
    const controller = new AbortController();
    const running = stage.run({}, controller.signal);
    const ended = expect(running).rejects.toThrow('Cancelled by Ann');
    await expect.poll(() => stage.repository.calls).toContain('backup');
    controller.abort(new HoldfastError('interrupted', 'Cancelled by Ann'));
    await ended;
    expect(stage.kinds()).toEqual(['task_works', 'run']);
    expect(stage.happened).toMatchObject([{ task: 'hook' }, { run: { status: 'cancelled' } }]);
    expect(stage.hooks[1]?.facts).toMatchObject({ HOLDFAST_STATUS: 'cancelled' });
    expect(stage.pings).toEqual([]);
  });

  it('tells which phase it failed in', async () => {
    const stage = new RunStage();
    stage.behaviour.hangs = true;
    const controller = new AbortController();
    const running = stage.run({}, controller.signal);
    running.catch(() => {});
    await expect.poll(() => stage.repository.calls).toContain('backup');
    controller.abort(new HoldfastError('interrupted', 'Cancelled'));
    await running.catch(() => {});
    expect(stage.history.all[0]?.error?.phase).toBe('backing up');
  });

  it('remembers no secret of a failure, and tells none to its hook', async () => {
    const stage = new RunStage(HOOKS);
    stage.onOpen = () => Promise.reject(new HoldfastError('failed', 'at hunter22', { advice: 'Change hunter22.' }));
    await expect(stage.run()).rejects.toThrow();
    expect(stage.history.all).toMatchObject([{ error: { message: 'at [secret]', advice: 'Change [secret].' } }]);
    expect(stage.hooks.at(-1)?.facts).toMatchObject({ HOLDFAST_ERROR: 'at [secret]' });
  });

  it('of a source that is not configured is refused', async () => {
    const stage = new RunStage();
    await expect(stage.run({ source: 'other' })).rejects.toMatchObject({ code: 'usage', advice: 'There are: app.' });
    expect(stage.history.all).toEqual([]);
  });
});

describe('a run and the room for it', () => {
  it('fails at the cap with the ways out, and deletes nothing', async () => {
    const stage = new RunStage('', 'storage: { cap: 5000 }');
    await expect(stage.run()).rejects.toMatchObject({
      code: 'storage_full',
      message: '/repository takes 5.27 KiB, and its cap is 4.88 KiB',
      advice: expect.stringMatching(/Raise storage.cap.*keep less.*move the repository/),
    });
    expect(stage.repository.calls).toEqual([]);
    expect(stage.happened).toMatchObject([{ kind: 'run', run: { error: { phase: 'looking for room' } } }]);
  });

  it('fails with the same ways out when it needs more than is left', async () => {
    const stage = new RunStage('', 'storage: { cap: 6000 }');
    const details = { limitBytes: 600 };
    stage.behaviour.fails = new HoldfastError('storage_full', 'There is room for 600 B', { details });
    await expect(stage.run()).rejects.toMatchObject({
      code: 'storage_full',
      message: 'More would be stored than the 600 B that are left below the cap of the repository',
    });
  });

  it('leaves the disk a reserve, and fails when that is all there is', async () => {
    const stage = new RunStage('', 'storage: { cap: false }');
    stage.disk = { folder: '/repository', device: 1, freeBytes: 40 * MIB, totalBytes: 1000 * MIB };
    await stage.run();
    expect(stage.repository.requests[0]).toMatchObject({ maxStoredBytes: 8 * MIB });
    stage.disk = { ...stage.disk, freeBytes: 20 * MIB };
    await expect(stage.run()).rejects.toMatchObject({
      code: 'storage_full',
      message: 'The disk of /repository is full: 20.0 MiB are free',
    });
  });
});

describe('a dead-man ping', () => {
  const settled = () => new Promise((resolve) => setImmediate(resolve));

  it('tells successes and failures', async () => {
    const stage = new RunStage('ping: { env: PING }');
    await stage.run();
    stage.behaviour.fails = new HoldfastError('damaged', 'No');
    await expect(stage.run()).rejects.toThrow('No');
    await settled();
    expect(stage.pings).toEqual([true, false]);
  });

  it('that fails is told, and fails no run', async () => {
    const stage = new RunStage('ping: { env: PING }');
    stage.onPing = () => Promise.reject(new HoldfastError('failed', 'it cannot be reached'));
    await stage.run();
    await settled();
    expect(stage.happened).toContainEqual(expect.objectContaining({ kind: 'maintenance_failed', task: 'ping' }));
  });

  it('that hangs holds nothing up', async () => {
    const stage = new RunStage('ping: { env: PING }');
    stage.onPing = () => new Promise(() => {});
    await stage.run();
    expect(stage.history.all).toMatchObject([{ status: 'completed' }]);
  });
});
