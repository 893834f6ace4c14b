import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ANN, ChatStage } from '../../helpers/chat-stage.ts';
import { wordsOf } from '../../helpers/memory-platform.ts';

describe('a bot whose state', () => {
  it('is gone lists, verifies and restores as before, for the owners of its configuration', async () => {
    const stage = await ChatStage.open();
    await stage.say(ANN, 'list');
    await stage.stop();
    rmSync(join(stage.folder, 'state'), { recursive: true });
    await stage.start();
    expect(wordsOf((await stage.say(ANN, 'list')).view)).toContain('app');
    expect(wordsOf((await stage.say(ANN, 'verify')).view)).toContain('No damage found');
    const preview = await stage.say(ANN, 'restore');
    await stage.press(ANN, preview, 'Restore');
    expect(stage.count('restore')).toBe(1);
    await stage.stop();
  });

  it('cannot be written says so and backs up all the same', async () => {
    const stage = await ChatStage.open();
    const inTheWay = join(stage.folder, 'state', 'state.json.new');
    mkdirSync(inTheWay);
    const before = readFileSync(join(stage.folder, 'state', 'state.json'), 'utf8');
    expect(wordsOf((await stage.say(ANN, 'backup', { source: 'app' })).view)).toContain('Backed up app');
    expect(wordsOf((await stage.say(ANN, 'jobs')).view)).toContain('completed');
    expect(readFileSync(join(stage.folder, 'state', 'state.json'), 'utf8')).toBe(before);
    expect(stage.logged.filter((line) => line.startsWith('warning: The state cannot be saved'))).toHaveLength(1);
    rmdirSync(inTheWay);
    await stage.say(ANN, 'backup', { source: 'app' });
    expect(stage.logged).toContainEqual(expect.stringContaining('The state is saved again'));
    await stage.restart();
    expect(wordsOf((await stage.say(ANN, 'jobs')).view).match(/completed/g)).toHaveLength(2);
    await stage.stop();
    expect(existsSync(inTheWay)).toBe(false);
  });

  it('cannot be written does nothing for a click that might work twice', async () => {
    const stage = await ChatStage.open();
    const preview = await stage.say(ANN, 'restore');
    const asked = stage.count('restore');
    mkdirSync(join(stage.folder, 'state', 'state.json.new'));
    expect(await stage.press(ANN, preview, 'Restore')).toContain('The state cannot be saved');
    expect(stage.count('restore')).toBe(asked);
    rmdirSync(join(stage.folder, 'state', 'state.json.new'));
    await stage.stop();
  });
});
