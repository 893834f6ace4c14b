import { describe, expect, it } from 'vitest';
import { ANN, BEN, ChatStage, ELSEWHERE, EVE, HERE } from '../../helpers/chat-stage.ts';
import { buttonOf, wordsOf } from '../../helpers/memory-platform.ts';

const count = (files: number) => ({ files, directories: 0, others: 0, bytes: files * 100 });

describe('a yes to a restore', () => {
  it('works once, also when the click is delivered twice', async () => {
    const stage = await ChatStage.open();
    const preview = await stage.say(ANN, 'restore');
    const id = buttonOf(preview.view, 'Restore') ?? '';
    await stage.platform.press(ANN, HERE, id, preview.ref, 'same event');
    await stage.platform.press(ANN, HERE, id, preview.ref, 'same event');
    expect(stage.count('restore')).toBe(1);
    expect(await stage.pressId(ANN, id, preview)).toContain('used already');
    expect(stage.count('restore')).toBe(1);
    await stage.stop();
  });

  it('works once when two clicks come together', async () => {
    const stage = await ChatStage.open();
    const preview = await stage.say(ANN, 'restore');
    const id = buttonOf(preview.view, 'Restore') ?? '';
    await Promise.all([1, 2, 3].map(() => stage.platform.press(ANN, HERE, id, preview.ref)));
    expect(stage.count('restore')).toBe(1);
    await stage.stop();
  });

  it.each([
    { who: 'another owner', person: BEN, place: HERE, says: 'belongs to whoever asked' },
    { who: 'a stranger', person: EVE, place: HERE, says: 'You may not use this bot' },
    { who: 'the asker, from another channel', person: ANN, place: ELSEWHERE, says: 'another channel' },
    {
      who: 'somebody of the same ID elsewhere',
      person: { ...ANN, platform: 'other' },
      place: HERE,
      says: 'You may not use this bot',
    },
  ])('is refused, in private, to $who', async ({ person, place, says }) => {
    const stage = await ChatStage.open();
    const preview = await stage.say(ANN, 'restore');
    expect(await stage.press(person, preview, 'Restore', place)).toContain(says);
    expect(stage.platform.messages.at(-1)?.only).toBe(person.id);
    expect(stage.count('restore')).toBe(0);
    expect(await stage.press(ANN, preview, 'Restore')).toContain('Done in');
    await stage.stop();
  });

  it('is refused with an ID that was never given', async () => {
    const stage = await ChatStage.open();
    const preview = await stage.say(ANN, 'restore');
    expect(await stage.pressId(ANN, 'AAAAAAAAAAAAAAAAAAAAAA', preview)).toContain('not known any more');
    expect(stage.count('restore')).toBe(0);
    await stage.stop();
  });

  it('is refused when it comes too late', async () => {
    const stage = await ChatStage.open();
    const preview = await stage.say(ANN, 'restore');
    stage.aheadMs = 16 * 60_000;
    expect(await stage.press(ANN, preview, 'Restore')).toContain('has expired');
    expect(stage.count('restore')).toBe(0);
    await stage.stop();
  });

  it('is refused to an owner who was removed meanwhile', async () => {
    const stage = await ChatStage.open();
    const preview = await stage.say(ANN, 'restore');
    stage.owners = [BEN];
    await stage.restart();
    expect(await stage.press(ANN, preview, 'Restore')).toContain('You may not use this bot');
    expect(stage.count('restore')).toBe(0);
    await stage.stop();
  });

  it('is refused when target or options are not the same any more', async () => {
    const stage = await ChatStage.open();
    const preview = await stage.say(ANN, 'restore');
    stage.behaviour.restore = { planHash: 'other' };
    expect(await stage.press(ANN, preview, 'Restore')).toContain('target or the options are not the same');
    expect(stage.count('restore')).toBe(0);
    await stage.stop();
  });

  it('means the backup that was shown, also when there is a newer one', async () => {
    const stage = await ChatStage.open();
    const shown = stage.repository.snapshots[0]?.id;
    const preview = await stage.say(ANN, 'restore');
    await stage.say(ANN, 'backup');
    await stage.press(ANN, preview, 'Restore');
    expect(stage.repository.requests.findLast((request) => 'apply' in (request as object))).toMatchObject({
      snapshot: shown,
      apply: true,
      inPlace: true,
    });
    await stage.stop();
  });

  it('still counts when live data moved a little', async () => {
    const stage = await ChatStage.open({ behaviour: { restore: { changed: count(3) } } });
    const preview = await stage.say(ANN, 'restore');
    stage.behaviour.restore = { changed: count(8) };
    expect(await stage.press(ANN, preview, 'Restore')).toContain('Done in');
    await stage.stop();
  });

  it('is asked for once more when more would be deleted', async () => {
    const stage = await ChatStage.open({ behaviour: { restore: { deleted: count(1) } } });
    const preview = await stage.say(ANN, 'restore');
    stage.behaviour.restore = { deleted: count(2) };
    expect(await stage.press(ANN, preview, 'Restore')).toContain('More would change now');
    expect(stage.count('restore')).toBe(0);
    expect(await stage.press(ANN, preview, 'Restore')).toContain('Done in');
    await stage.stop();
  });

  it('waits while the source is being written, and is good afterwards', async () => {
    const stage = await ChatStage.open({ behaviour: { hangs: true } });
    const preview = await stage.say(ANN, 'restore');
    const backup = stage.platform.command(ANN, HERE, 'backup');
    await expect.poll(() => stage.count('backup')).toBe(1);
    expect(await stage.press(ANN, preview, 'Restore')).toMatch(/Job \w+ \(backup\) is working on app/);
    await stage.say(BEN, 'cancel');
    await backup;
    expect(await stage.press(ANN, preview, 'Restore')).toContain('Done in');
    await stage.stop();
  });
});

describe('a protected source', () => {
  it('asks the other owner once, also when two clicks come together', async () => {
    const stage = await ChatStage.open({ isProtected: true });
    const preview = await stage.say(ANN, 'restore');
    const id = buttonOf(preview.view, 'Restore') ?? '';
    const before = stage.platform.messages.length;
    await Promise.all([1, 2].map(() => stage.platform.press(ANN, HERE, id, preview.ref)));
    expect(
      stage.platform.messages
        .slice(before)
        .map(({ view }) => wordsOf(view))
        .join(),
    ).toContain('used already');
    await stage.stop();
  });

  it('is restored when another owner approves, with a button of their own', async () => {
    const stage = await ChatStage.open({ isProtected: true });
    const preview = await stage.say(ANN, 'restore');
    const first = buttonOf(preview.view, 'Restore') ?? '';
    expect(await stage.press(ANN, preview, 'Restore')).toContain('another owner has to approve');
    expect(stage.count('restore')).toBe(0);
    expect(buttonOf(preview.view, 'Approve')).not.toBe(first);
    expect(await stage.press(ANN, preview, 'Approve')).toContain('another owner has to approve it');
    expect(await stage.press(EVE, preview, 'Approve')).toContain('You may not use this bot');
    expect(stage.count('restore')).toBe(0);
    await stage.restart();
    expect(await stage.press(BEN, preview, 'Approve')).toContain('Done in');
    expect(stage.count('restore')).toBe(1);
    await stage.stop();
  });

  it('is asked about in the channel when the request came in private', async () => {
    const stage = await ChatStage.open({ isProtected: true });
    const direct = { platform: 'memory', channel: 'd1', direct: true };
    const preview = await stage.say(ANN, 'restore', {}, direct);
    await stage.press(ANN, preview, 'Restore', direct);
    const asked = stage.platform.messages.find(({ ref }) => ref.channel === 'c9');
    expect(asked === undefined ? '' : wordsOf(asked.view)).toContain('Ann asks');
    if (asked !== undefined) await stage.press(BEN, asked, 'Approve', { ...HERE, channel: 'c9' });
    expect(stage.count('restore')).toBe(1);
    await stage.stop();
  });

  it('also guards its backups from being deleted by one alone', async () => {
    const stage = await ChatStage.open({ isProtected: true });
    const asked = await stage.say(ANN, 'delete', { backup: 'latest' });
    expect(await stage.press(ANN, asked, 'Delete')).toContain('another owner has to approve');
    expect(stage.repository.snapshots).toHaveLength(1);
    await stage.press(BEN, asked, 'Approve');
    expect(stage.repository.snapshots).toHaveLength(0);
    await stage.stop();
  });
});
