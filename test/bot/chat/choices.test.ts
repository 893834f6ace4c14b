import { beforeEach, describe, expect, it } from 'vitest';
import { ANN, BEN, ChatStage, ELSEWHERE, EVE, HERE } from '../../helpers/chat-stage.ts';
import { summary } from '../../helpers/fake-engine.ts';
import { type ShownMessage, selectOf, wordsOf } from '../../helpers/memory-platform.ts';

const HOUR_MS = 3_600_000;

let stage: ChatStage;
let older: string;

beforeEach(async () => {
  stage = await ChatStage.open();
  stage.repository.snapshots.push(summary(2, { source: 'app' }), summary(3, { source: 'app', trigger: 'pre-restore' }));
  older = stage.repository.snapshots[0]?.id ?? '';
});

/** What is said after a choice, wherever it is said. */
async function choose(offered: ShownMessage, option: string, { person = ANN, place = HERE } = {}): Promise<string> {
  const from = stage.platform.messages.length;
  await stage.platform.choose(person, place, selectOf(offered.view)?.id ?? offered.ref.message, option, offered.ref);
  return wordsOf((stage.platform.messages[from] ?? offered).view);
}

function optionOf(offered: ShownMessage, id: string): string {
  const options = selectOf(offered.view)?.options ?? [];
  return options.find(({ label }) => label.startsWith(id.slice(0, 8)))?.value ?? 'not offered';
}

describe('a restore that names no backup', () => {
  it('offers those that can be restored, and goes on with the one that is chosen', async () => {
    const offered = await stage.say(ANN, 'restore');
    expect(selectOf(offered.view)?.options.length).toBe(2);
    expect(stage.count('plan')).toBe(0);
    expect(await choose(offered, optionOf(offered, older))).toContain(`restore snapshot ${older.slice(0, 8)}`);
    await stage.stop();
  });

  it('shows nothing of the backup in what a press sends back', async () => {
    const offered = await stage.say(ANN, 'restore');
    expect(selectOf(offered.view)?.options.map(({ value }) => value)).toEqual(['0', '1']);
    await stage.stop();
  });

  it('has nothing to offer where there is one alone, or where a time says which', async () => {
    expect(selectOf((await stage.say(ANN, 'restore', { at: '1h ago' })).view)).toBeUndefined();
    stage.repository.snapshots.splice(1);
    expect(wordsOf((await stage.say(ANN, 'restore')).view)).toContain('Preview');
    await stage.stop();
  });

  it('still knows what was offered after a restart', async () => {
    const offered = await stage.say(ANN, 'restore');
    await stage.restart();
    expect(await choose(offered, '0')).toContain('Preview');
    await stage.stop();
  });
});

describe('a choice', () => {
  it('is refused to others, elsewhere, twice, late, and where it was never offered', async () => {
    const offered = await stage.say(ANN, 'restore');
    expect(await choose(offered, '0', { person: BEN })).toContain('belongs to whoever asked');
    expect(await choose(offered, '0', { person: EVE })).toContain('You may not use this bot');
    expect(await choose(offered, '0', { place: ELSEWHERE })).toContain('another channel');
    expect(await choose(offered, '7')).toContain('not known');
    expect(await choose(offered, older)).toContain('not known');
    expect(stage.count('plan')).toBe(0);
    const copy = { ...offered };
    await choose(offered, '0');
    expect(await choose(copy, '1')).toContain('used already');
    const late = await stage.say(ANN, 'restore');
    stage.aheadMs = HOUR_MS / 2;
    expect(await choose(late, '0')).toContain('expired');
    const refused = (await stage.audited()).filter(({ outcome }) => outcome === 'refused');
    expect(refused.map(({ detail }) => detail)).toEqual(
      expect.arrayContaining(['other person', 'other channel', 'unknown', 'used', 'expired']),
    );
  });
});
