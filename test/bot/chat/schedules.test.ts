import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ANN, BEN, ChatStage } from '../../helpers/chat-stage.ts';
import { wordsOf } from '../../helpers/memory-platform.ts';

let stage: ChatStage;

beforeEach(async () => {
  stage = await ChatStage.open();
});

afterEach(async () => {
  await stage.stop();
});

const say = async (command: string, raw = {}): Promise<string> => wordsOf((await stage.say(ANN, command, raw)).view);
/** How many cells the line of `app` has. */
const cellsOf = (said: string): number => (/^app .*$/m.exec(said)?.[0] ?? '').split(' | ').length;
const DAILY = { source: 'app', class: 'daily' };

describe('schedules in a chat', () => {
  it('are listed with what they mean and where that is said', async () => {
    const said = await say('schedule list');
    expect(said).toContain('Every hour');
    expect(said).toContain('At 03:00, only on Sunday');
    expect(said).toContain('default');
    expect(said).toMatch(/\w{3} \d{4}-\d\d-\d\d 02:00 UTC/);
  });

  it('are told one by one with their next five runs', async () => {
    const said = await say('schedule list', DAILY);
    expect(said).toContain('At 02:00 (0 2 * * *, UTC)');
    expect(said).toMatch(/Next: \w{3} \d{4}-\d\d-\d\d 02:00(, \w{3} \d{4}-\d\d-\d\d 02:00){4} UTC/);
  });

  it('are changed, which lasts over a restart and says who did it', async () => {
    const raw = { ...DAILY, cron: ['30', '1', '*', '*', '*'], timeZone: 'Europe/Zurich', window: '22:00-06:00' };
    const said = await say('schedule edit', raw);
    expect(said).toContain('At 01:30 (30 1 * * *, Europe/Zurich)');
    expect(said).toContain('22:00-06:00');
    await stage.restart();
    expect(await say('schedule list', DAILY)).toContain('chat: Ann');
    expect(await say('schedule edit', { ...DAILY, window: 'none' })).not.toContain('22:00');
  });

  it('are paused and resumed, all of a source at once or one', async () => {
    const scheduled = cellsOf(await say('status'));
    const paused = await stage.say(ANN, 'schedule pause', { source: 'app' });
    expect(wordsOf(paused.view).match(/paused/g)).toHaveLength(4);
    expect(cellsOf(await say('status'))).toBe(scheduled - 1);
    expect(await stage.press(BEN, paused, 'Resume')).toContain('belongs to whoever asked');
    expect(await stage.press(ANN, paused, 'Resume')).toContain('Resumed');
    expect(await say('schedule list')).toContain('default');
    expect(await say('schedule pause', { source: 'app', class: 'weekly' })).toContain('paused');
    expect((await say('schedule list')).match(/paused/g)).toHaveLength(1);
  });

  it('are deleted, and made again by Undo', async () => {
    await say('schedule edit', {
      ...DAILY,
      cron: '30 1 * * *',
      jitter: '90s',
      missed: 'alert',
      timeZone: 'Asia/Tokyo',
    });
    const before = await say('schedule list', DAILY);
    const deleted = await stage.say(ANN, 'schedule delete', DAILY);
    expect(wordsOf(deleted.view)).toContain('Deleted the daily schedule of app: At 01:30');
    expect(await say('schedule list', DAILY)).toContain('Nothing is backed up by itself');
    expect(await stage.press(ANN, deleted, 'Undo')).toContain('Added');
    expect(await say('schedule list', DAILY)).toBe(before);
  });

  it('are added where there is none', async () => {
    await say('schedule delete', DAILY);
    expect(await say('schedule add', { ...DAILY, cron: ['0', '5', 'L', '*', '*'] })).toContain('on the last day');
    expect(await say('schedule add', { ...DAILY, cron: ['0', '5', '*', '*', '*'] })).toContain(
      'app has a daily schedule already',
    );
  });

  it.each([
    ['schedule add', { ...DAILY, cron: '0 25 * * *' }, 'in the field hour, 25 is not from 0 to 23'],
    ['schedule edit', { ...DAILY, cron: 'daily' }, 'must be five fields'],
    ['schedule edit', { ...DAILY, timeZone: 'Mars' }, 'is no time zone'],
    ['schedule edit', { ...DAILY, window: 'night' }, 'must be a part of a day'],
    ['schedule edit', { ...DAILY, jitter: 'some' }, 'is not a duration'],
    ['schedule edit', DAILY, 'It is not said what to change'],
    ['schedule pause', { source: 'ap' }, 'Did you mean app?'],
    ['schedule list', { source: 'shop' }, 'There are: app'],
  ])('%s %j says %s', async (command, raw, says) => {
    expect(await say(command, raw)).toContain(says);
  });

  it('that are gone cannot be changed', async () => {
    await say('schedule delete', DAILY);
    expect(await say('schedule edit', { ...DAILY, cron: '0 5 * * *' })).toContain('app has no daily schedule');
  });
});
