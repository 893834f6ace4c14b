import { afterEach, describe, expect, it } from 'vitest';
import { ANN, ChatStage } from '../../helpers/chat-stage.ts';
import { wordsOf } from '../../helpers/memory-platform.ts';

describe('incidents in a chat', () => {
  let stage: ChatStage;
  afterEach(() => stage.stop());

  const fail = async (): Promise<string> => {
    stage.bot.events.happened({
      kind: 'not_started',
      source: 'app',
      classes: ['daily'],
      due: '2030-01-01T02:00:00Z',
      error: { code: 'locked', message: 'Another program has it', advice: 'End it.', phase: 'starting' },
    });
    const list = await stage.say(ANN, 'incidents');
    return /[0-9a-f]{4}/.exec(wordsOf(list.view))?.[0] ?? '';
  };
  const said = async (command: string, raw = {}): Promise<string> => wordsOf((await stage.say(ANN, command, raw)).view);

  it('are listed, shown, acknowledged and snoozed', async () => {
    stage = await ChatStage.open();
    expect(await said('incidents')).toContain('Nothing is wrong');
    const incident = await fail();
    expect(await said('incidents')).toContain('app | Another program has it');
    const log = await said('incident log', { incident: incident.slice(0, 3) });
    expect(log).toMatch(/Error: locked: Another program has it[\s\S]*Try: End it\./);
    expect(await said('incident acknowledge', { incident })).toContain('acknowledged by Ann');
    expect(await said('incident snooze', { incident, for: '2h' })).toContain('is snoozed until');
    expect(await said('incidents')).toContain('by Ann');
  });

  it('hit many sources, and say the cause once', async () => {
    stage = await ChatStage.open();
    const sources = Array.from({ length: 9 }, (_, i) => `source-${i}`);
    const error = { code: 'locked', message: 'Another program has it', advice: 'End it.', phase: 'reading' };
    for (const source of sources) {
      stage.bot.events.happened({
        kind: 'not_started',
        source,
        classes: ['daily'],
        due: '2030-01-01T02:00:00Z',
        error,
      });
    }
    const incident = /[0-9a-f]{4}/.exec(await said('incidents'))?.[0] ?? '';
    const log = await said('incident log', { incident });
    expect(log.match(/Error: locked/g)).toHaveLength(1);
    for (const source of sources) expect(log).toMatch(new RegExp(`^${source} \\| failing \\| 1 time`, 'm'));
  });

  it('that do not exist are told as such', async () => {
    stage = await ChatStage.open();
    expect(await said('incident log', { incident: 'ffff' })).toContain('There is no incident "ffff"');
  });

  it('complete by their ID', async () => {
    stage = await ChatStage.open();
    const incident = await fail();
    const place = { platform: 'memory', channel: 'c1', direct: false };
    expect(await stage.platform.complete(ANN, place, 'incident log', 'incident', '')).toEqual([
      { label: `${incident} app: Another program has it`, value: incident },
    ]);
  });
});
