import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../../src/state/audit-entry.ts';
import { verifyAudit } from '../../../src/state/verify-audit.ts';
import { ANN, ChatStage, EVE } from '../../helpers/chat-stage.ts';
import { wordsOf } from '../../helpers/memory-platform.ts';

const shortOf = ({ who, what, input, outcome }: AuditEntry): string =>
  [who.name, what.replace(/\w{8}:/, 'ID:'), input?.replace(/plan \w+/, 'plan'), outcome].filter(Boolean).join(' | ');

describe('what a bot audits', () => {
  it('is every command with its input, every button, every end, and its own start and stop', async () => {
    const stage = await ChatStage.open();
    await stage.say(ANN, 'list', { source: 'app' });
    await stage.say(ANN, 'show', { backup: 'ffffffff' });
    await stage.say(EVE, 'list');
    const preview = await stage.say(ANN, 'restore');
    await stage.press(ANN, preview, 'Restore');
    await stage.say(ANN, 'claim', { code: 'SECRET-CODE' });
    const entries = await stage.audited();
    expect(entries.map(shortOf)).toEqual([
      'Holdfast | audit log | noted',
      'Holdfast | start | noted',
      'Ann | /list | source: app | allowed',
      'Ann | /list | source: app | completed',
      'Ann | /show | backup: ffffffff | allowed',
      'Ann | /show | failed',
      'Eve | /list | refused',
      'Ann | /restore | allowed',
      'Ann | button | confirm restore, plan | allowed',
      'Ann | job ID: restore of app | completed',
      'Ann | /claim | allowed',
      'Ann | /claim | completed',
      'Holdfast | stop | noted',
    ]);
    expect(entries.find(({ what }) => what === '/show')).toMatchObject({ who: ANN, where: 'c1' });
    expect(JSON.stringify(entries)).not.toContain('SECRET-CODE');
  });

  it('is shown page by page, and by who did what, when and with what outcome', async () => {
    const stage = await ChatStage.open();
    for (let i = 0; i < 12; i++) await stage.say(ANN, 'list', { page: i + 1 });
    await stage.say(EVE, 'restore');
    const first = await stage.say(ANN, 'audit');
    expect(wordsOf(first.view)).toContain('Page 1 of 2');
    expect(await stage.press(ANN, first, 'Next')).toContain('Page 2 of 2');
    const refused = wordsOf((await stage.say(ANN, 'audit', { outcome: 'refused' })).view);
    expect(refused).toContain('Eve (3) on memory in c1');
    expect(refused).not.toContain('Ann');
    expect(wordsOf((await stage.say(ANN, 'audit', { who: 'eve', command: 'list' })).view)).toContain('no such entries');
    expect(wordsOf((await stage.say(ANN, 'audit', { command: 'page: 7' })).view)).toContain('/list page: 7');
    expect(wordsOf((await stage.say(ANN, 'audit', { to: '2020-01-01' })).view)).toContain('no such entries');
    await stage.stop();
  });

  it('is compared with what snapshots have seen, and a log that was made shorter is told', async () => {
    const stage = await ChatStage.open();
    for (let i = 0; i < 3; i++) await stage.say(ANN, 'list');
    const head = await stage.bot.auditHead();
    stage.behaviour.facts = [
      {
        snapshot: 'a'.repeat(64),
        time: '2030-01-01T00:00:00.000Z',
        source: 'app',
        host: 'h',
        here: true,
        facts: { audit: head },
      },
      {
        snapshot: 'b'.repeat(64),
        time: '2030-01-01T00:00:00.000Z',
        source: 'app',
        host: 'h',
        here: true,
        facts: { audit: 'odd' },
      },
    ];
    await stage.bot.checkAudit();
    expect(stage.logged.filter((line) => line.includes('audit'))).toEqual([]);
    await stage.stop();
    const file = join(stage.folder, 'state', 'audit.jsonl');
    const lines = readFileSync(file, 'utf8').split('\n');
    writeFileSync(file, `${lines.slice(0, 4).join('\n')}\n`);
    expect((await verifyAudit(join(stage.folder, 'state'))).breaks).toEqual([]);
    await stage.start();
    await stage.bot.checkAudit();
    expect(stage.logged.at(-1)).toContain('its end was cut off');
    expect((await stage.audited()).find(({ what }) => what === 'audit broken')).toMatchObject({ outcome: 'failed' });
  });
});
