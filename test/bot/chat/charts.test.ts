import { afterEach, describe, expect, it } from 'vitest';
import { ANN, ChatStage } from '../../helpers/chat-stage.ts';
import { wordsOf } from '../../helpers/memory-platform.ts';

describe('/charts', () => {
  let stage: ChatStage;
  afterEach(() => stage.stop());

  const said = async (raw = {}): Promise<string> => wordsOf((await stage.say(ANN, 'charts', raw)).view);

  it('draws the calendar also where nothing was measured, and the sizes of a source once it was backed up', async () => {
    stage = await ChatStage.open();
    expect(await said()).toContain('Backups of the last 14 days');
    expect(await said({ what: 'sizes' })).toContain('Nothing was measured yet');
    await stage.say(ANN, 'backup', { source: 'app' });
    expect(await said({ what: 'sizes' })).toContain('app: sizes and durations');
    expect(await said({ what: 'storage' })).toMatch(/Storage: |Nothing was measured yet/);
  });

  it('says which sources there are when another is named', async () => {
    stage = await ChatStage.open();
    expect(await said({ source: 'apq' })).toContain('Did you mean app?');
  });
});
