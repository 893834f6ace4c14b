import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HoldfastError } from '../../../src/shared/errors.ts';
import { ANN, ChatStage } from '../../helpers/chat-stage.ts';
import { wordsOf } from '../../helpers/memory-platform.ts';

let stage: ChatStage;

beforeEach(async () => {
  stage = await ChatStage.open();
});

afterEach(() => stage.stop());

const say = async (command: string, raw = {}): Promise<string> => wordsOf((await stage.say(ANN, command, raw)).view);

describe('a backup in a chat', () => {
  it('goes the way of all runs: with its reason and its tags, into the history', async () => {
    expect(await say('backup', { source: 'app', trigger: 'pre-migration', tag: ['v2'] })).toContain('Backed up app');
    const request = stage.repository.requests[stage.repository.calls.lastIndexOf('backup')];
    expect(request).toMatchObject({ source: 'app', trigger: 'pre-migration', tags: ['v2'], exclude: ['*.tmp'] });
    expect(await say('history', { source: 'app' })).toMatch(/app.*completed.*pre-migration/s);
  });

  it('that fails is in the history with its phase, and in the status with its reason', async () => {
    stage.behaviour.fails = new HoldfastError('storage_full', 'The disk is full');
    await say('backup', { source: 'app' });
    stage.behaviour.fails = undefined;
    expect(await say('history', { status: 'failed' })).toContain('The disk is full');
    expect(await say('history', { status: 'completed' })).toContain('There are no such runs');
    const status = await say('status');
    expect(status).toContain('failed');
    expect(status).toContain('app: ');
  });

  it('stays in the history as deleted when somebody deletes it', async () => {
    await say('backup', { source: 'app' });
    const [taken] = stage.repository.snapshots;
    const asked = await stage.say(ANN, 'delete', { backup: taken?.id ?? '' });
    await stage.press(ANN, asked, 'Delete');
    expect(await say('history')).toMatch(/deleted/);
  });
});

describe('the usage', () => {
  it('is told by source, against the cap', async () => {
    await say('backup', { source: 'app' });
    const words = await say('usage');
    expect(words).toMatch(/Cap.*GiB/s);
    expect(words).toContain('app');
  });
});

describe('a hold', () => {
  it('is refused where nothing is held', async () => {
    expect(await say('hold accept', { source: 'app' })).toContain('app is not held');
    expect(await say('hold keep', { source: 'app' })).toContain('app is not held');
  });

  it('is shown in the status, kept and accepted', async () => {
    for (let i = 0; i < 9; i++) await say('backup', { source: 'app' });
    stage.behaviour.backup = { bytes: 3, bytesAdded: 0 };
    await say('backup', { source: 'app' });
    expect(await say('status')).toContain('held');
    expect(await say('hold keep', { source: 'app' })).toContain('app stays held');
    expect(await say('hold accept', { source: 'app' })).toContain('app is held no longer');
    expect(await say('status')).not.toContain('held');
  });
});
