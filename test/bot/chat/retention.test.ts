import { afterEach, describe, expect, it } from 'vitest';
import { ANN, ChatStage } from '../../helpers/chat-stage.ts';
import { summary } from '../../helpers/fake-engine.ts';
import { wordsOf } from '../../helpers/memory-platform.ts';

describe('retention in a chat', () => {
  let stage: ChatStage;
  afterEach(() => stage.stop());

  async function opened(more: Parameters<typeof ChatStage.open>[0] = {}): Promise<ChatStage> {
    stage = await ChatStage.open(more);
    stage.repository.snapshots.splice(0);
    for (let hour = 40; hour > 0; hour--) stage.repository.snapshots.push(summary(hour, { source: 'app' }));
    stage.repository.snapshots.push(summary(0, { source: 'app', trigger: 'pre-migration' }));
    stage.repository.snapshots.push(summary(-1, { source: '/elsewhere' }));
    return stage;
  }

  it('tells what each rule keeps and what would go, and changes nothing', async () => {
    const { repository } = await opened();
    const said = wordsOf((await stage.say(ANN, 'retention')).view);
    expect(said).toContain('hourly 24');
    expect(said).toContain('pre-migration for 365 d');
    expect(said).toMatch(/1[45] snapshots would be forgotten/);
    expect(said).toContain('Nothing was changed. The next forget is at');
    expect(repository.snapshots).toHaveLength(42);
    expect(repository.requests.at(-1)).toMatchObject({ filter: { source: 'app' }, dryRun: true });
  });

  it('knows only sources that are configured', async () => {
    await opened();
    const said = wordsOf((await stage.say(ANN, 'retention', { source: '/elsewhere' })).view);
    expect(said).toContain('/elsewhere is not configured');
    expect(said).toContain('app');
  });
});
