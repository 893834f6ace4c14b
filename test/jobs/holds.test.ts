import { describe, expect, it } from 'vitest';
import { HoldfastError } from '../../src/shared/errors.ts';
import { RunStage } from '../helpers/run-stage.ts';

const HOUR_MS = 3_600_000;

/** A source with a history, and a last run with most of its content gone. */
async function heldStage(): Promise<{ stage: RunStage; kept: string }> {
  const stage = new RunStage();
  for (let i = 0; i < 10; i++) {
    await stage.run();
    await stage.clock.advance(HOUR_MS);
  }
  const kept = stage.history.lastGood('app')?.snapshot ?? '';
  stage.behaviour.backup = { bytes: 300, bytesAdded: 0 };
  await stage.run();
  return { stage, kept };
}

const pinned = ({ repository }: RunStage, id: string) => repository.snapshots.find((one) => one.id === id)?.pinned;

describe('a run that is far from the usual', () => {
  it('pins the last good snapshot, holds its source, and says so once', async () => {
    const { stage, kept } = await heldStage();
    expect(stage.holds.isHeld('app')).toBe(true);
    expect(stage.holds.any).toBe(true);
    expect(pinned(stage, kept)).toBe(true);
    const holds = stage.happened.filter(({ kind }) => kind === 'hold');
    expect(holds).toEqual([
      {
        kind: 'hold',
        source: 'app',
        suspect: stage.repository.snapshots[0]?.id,
        kept,
        reasons: ['The content shrank to 300 B; usual are 2.93 KiB'],
      },
    ]);
    await stage.clock.advance(HOUR_MS);
    await stage.run();
    expect(stage.happened.filter(({ kind }) => kind === 'hold')).toHaveLength(1);
    expect(stage.kinds().indexOf('hold')).toBeGreaterThan(
      stage.kinds().lastIndexOf('run', stage.kinds().indexOf('hold')),
    );
  });

  it('stays held though the state is lost, and only what is there now is usual once an owner says so', async () => {
    const { stage, kept } = await heldStage();
    await stage.clock.advance(HOUR_MS);
    await stage.run();
    const later = new RunStage();
    later.repository.snapshots.push(...stage.repository.snapshots);
    await later.clock.advance(13 * HOUR_MS);
    const engine = await later.engine();
    for (let i = 0; i < 2; i++) await later.holds.adopt(await engine.list(), ['app']);
    expect(later.happened).toMatchObject([{ kind: 'hold', source: 'app', kept }]);
    await later.holds.accept('app', 'Ann', engine);
    expect(pinned(later, kept)).toBe(false);
    await later.holds.adopt(await engine.list(), ['app']);
    expect(later.holds.any).toBe(false);
  });

  it('stays held over a restart, and is usual once an owner says that all looks right', async () => {
    const { stage, kept } = await heldStage();
    const later = new RunStage('', '', stage.state.reopened());
    later.repository.snapshots.push(...stage.repository.snapshots);
    later.behaviour.backup = { bytes: 300, bytesAdded: 0 };
    await later.clock.advance(11 * HOUR_MS);
    expect(later.holds.isHeld('app')).toBe(true);
    await later.holds.accept('app', 'Ann', await later.engine());
    expect(later.happened).toEqual([{ kind: 'hold_answered', source: 'app', verdict: 'looks right', by: 'Ann' }]);
    expect(pinned(later, kept)).toBe(false);
    await later.run();
    expect(later.holds.any).toBe(false);
    later.behaviour.backup = { bytes: 30, bytesAdded: 0 };
    await later.clock.advance(HOUR_MS);
    await later.run();
    expect(later.holds.isHeld('app')).toBe(true);
  });

  it('that an owner calls wrong never becomes usual', async () => {
    const { stage } = await heldStage();
    await stage.holds.keep('app', 'Ann');
    expect(stage.holds.isHeld('app')).toBe(true);
    expect(stage.happened.at(-1)).toEqual({ kind: 'hold_answered', source: 'app', verdict: 'keep holding', by: 'Ann' });
    stage.behaviour.backup = {};
    await stage.clock.advance(HOUR_MS);
    await stage.run();
    await stage.holds.accept('app', 'Ann', await stage.engine());
    stage.behaviour.backup = { bytes: 300, bytesAdded: 0 };
    await stage.clock.advance(HOUR_MS);
    await stage.run();
    expect(stage.holds.isHeld('app')).toBe(true);
  });

  it('leaves a pin alone that somebody set before', async () => {
    const stage = new RunStage();
    for (let i = 0; i < 10; i++) {
      await stage.run();
      await stage.clock.advance(HOUR_MS);
    }
    const kept = stage.history.lastGood('app')?.snapshot ?? '';
    await (await stage.engine()).pin(kept);
    stage.behaviour.backup = { bytes: 300, bytesAdded: 0 };
    await stage.run();
    await stage.holds.accept('app', 'Ann', await stage.engine());
    expect(pinned(stage, kept)).toBe(true);
  });

  it('is held although it cannot be pinned now, and pinned later', async () => {
    const { stage, kept } = await heldStage();
    const engine = await stage.engine();
    stage.state.document.unattended.holds = [];
    await engine.unpin(kept);
    const failing = { ...engine, pin: () => Promise.reject(new HoldfastError('store_unavailable', 'gone')) };
    await stage.holds.place({ source: 'app', snapshot: kept, suspect: 'x', reasons: [] }, failing);
    expect(stage.holds.of('app')).toMatchObject({ pin: 'wanted' });
    await stage.holds.pinAll(engine);
    expect(stage.holds.of('app')).toMatchObject({ pin: 'ours' });
    expect(pinned(stage, kept)).toBe(true);
  });

  it('is not looked for where nobody wants it', async () => {
    const stage = new RunStage('anomalies: false');
    for (let i = 0; i < 10; i++) await stage.run();
    stage.behaviour.backup = { bytes: 1 };
    await stage.run();
    expect(stage.holds.any).toBe(false);
  });

  it('can only be judged where there is one', async () => {
    const stage = new RunStage();
    await expect(stage.holds.keep('app', 'Ann')).rejects.toMatchObject({
      code: 'not_found',
      advice: 'Nothing is held.',
    });
  });
});
