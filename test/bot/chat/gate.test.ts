import { describe, expect, it } from 'vitest';
import { loadChatCommands } from '../../../src/bot/chat/chat-commands.ts';
import { HoldfastError } from '../../../src/shared/errors.ts';
import { systemRandom } from '../../../src/shared/random.ts';
import { ANN, BEN, ChatStage, EVE, HERE } from '../../helpers/chat-stage.ts';
import { buttonOf, wordsOf } from '../../helpers/memory-platform.ts';

describe('a stranger', () => {
  it('gets the same private refusal for everything, nothing runs, and all of it is audited', async () => {
    const stage = await ChatStage.open();
    const list = await stage.say(ANN, 'restore');
    const asked = [...stage.repository.calls];
    const names = [...(await loadChatCommands()).names(), 'nothing', 'constructor'];
    const answers = new Set<string>();
    for (const name of names) {
      const seen = await stage.say(EVE, name, { backup: 'latest', code: 'GUESS' });
      expect(seen.only).toBe(EVE.id);
      answers.add(wordsOf(seen.view));
    }
    for (const label of ['Restore', 'Cancel']) answers.add(await stage.press(EVE, list, label));
    answers.add(await stage.pressId(EVE, 'forged', list));
    expect(await stage.platform.complete(EVE, HERE, 'restore', 'backup', '')).toEqual([]);
    expect([...answers]).toEqual(['You may not use this bot.\nYour ID here is 3.']);
    expect(stage.repository.calls).toEqual(asked);
    const refused = (await stage.audited()).filter(({ outcome }) => outcome === 'refused');
    expect(refused.reduce((sum, { times = 1 }) => sum + times, 0)).toBe(names.length + 4);
    expect(refused.every(({ who }) => who.id === EVE.id)).toBe(true);
  });
});

describe('a refusal', () => {
  it('that does not arrive is one line of the audit log all the same', async () => {
    const stage = await ChatStage.open();
    const gone = new HoldfastError('not_found', 'The message is gone');
    const reply = { show: () => Promise.reject(gone), whisper: () => Promise.reject(gone) };
    const events = stage.bot.gate.eventsFor(stage.platform);
    for (let i = 0; i < 40; i++) {
      await events.onCommand(
        { kind: 'command', eventId: `e${i}`, person: EVE, place: HERE, command: 'list', raw: {} },
        reply,
      );
    }
    const noted = (await stage.audited()).filter(({ who }) => who.id === EVE.id);
    expect(new Set(noted.map(({ outcome }) => outcome))).toEqual(new Set(['refused']));
    expect(noted.reduce((sum, { times = 1 }) => sum + times, 0)).toBe(40);
  });

  it('waits for others, of which only a few are told at once, and owners do not wait for any', async () => {
    const stage = await ChatStage.open();
    const never = Promise.withResolvers<undefined>();
    let told = 0;
    const reply = {
      show: () => {
        told++;
        return never.promise;
      },
      whisper: () => never.promise,
    };
    const events = stage.bot.gate.eventsFor(stage.platform);
    const working = Array.from({ length: 50 }, (_, i) =>
      events.onCommand(
        { kind: 'command', eventId: `e${i}`, person: EVE, place: HERE, command: 'list', raw: {} },
        reply,
      ),
    );
    expect(wordsOf((await stage.say(ANN, 'whoami')).view)).toContain('an owner');
    expect(told).toBeLessThan(10);
    never.resolve(undefined);
    await Promise.all(working);
    expect(told).toBe(50);
    await stage.stop();
  });
});

describe('a bot that nobody owns', () => {
  it('runs nothing, and belongs to whoever sends the code first', async () => {
    const stage = await ChatStage.open({ owners: [] });
    expect(stage.bot.owners.none).toBe(true);
    const old = await stage.bot.owners.issueCode(systemRandom);
    const code = await stage.bot.owners.issueCode(systemRandom);
    expect(code).toMatch(/^[2-9A-Z]{4}(-[2-9A-Z]{4}){3}$/);
    expect(wordsOf((await stage.say(ANN, 'list')).view)).toContain('You may not');
    expect(wordsOf((await stage.say(ANN, 'claim', { code: old })).view)).toContain('You may not');
    expect(wordsOf((await stage.say(ANN, 'claim', { code: code.toLowerCase() })).view)).toContain(
      'You own this bot now',
    );
    expect(wordsOf((await stage.say(EVE, 'claim', { code })).view)).toContain('You may not');
    expect(wordsOf((await stage.say(ANN, 'claim', { code })).view)).toContain('You are an owner already');
    await stage.restart();
    expect(wordsOf((await stage.say(ANN, 'whoami')).view)).toContain('an owner');
    expect(JSON.stringify(await stage.audited())).not.toMatch(new RegExp(`${code}|${old}`, 'i'));
  });

  it('cannot be claimed with a code that has expired', async () => {
    const stage = await ChatStage.open({ owners: [] });
    const code = await stage.bot.owners.issueCode(systemRandom);
    stage.aheadMs = 3_600_001;
    expect(wordsOf((await stage.say(ANN, 'claim', { code })).view)).toContain('You may not');
    await stage.stop();
  });
});

describe('events', () => {
  it('that are delivered again are not worked on again, also after a restart', async () => {
    const stage = await ChatStage.open();
    await stage.platform.command(ANN, HERE, 'backup', {}, 'e1');
    await stage.platform.command(ANN, HERE, 'backup', {}, 'e1');
    await stage.restart();
    await stage.platform.command(ANN, HERE, 'backup', {}, 'e1');
    expect(stage.count('backup')).toBe(1);
    await stage.stop();
  });

  it('that fail inside are answered without telling how, and logged', async () => {
    const stage = await ChatStage.open({ behaviour: { fails: new Error('secret detail') } });
    const seen = await stage.say(ANN, 'list');
    expect(wordsOf(seen.view)).toContain('its log says more');
    expect(wordsOf(seen.view)).not.toContain('secret');
    expect(stage.logged.join()).toContain('secret detail');
    await stage.stop();
  });
});

describe('jobs in a chat', () => {
  it('are told in their channel when the bot was killed while they ran, and hang no longer', async () => {
    const stage = await ChatStage.open({ behaviour: { hangs: true } });
    const running = stage.platform.command(ANN, HERE, 'backup');
    await expect.poll(() => stage.count('backup')).toBe(1);
    const shown = stage.platform.messages.at(-1);
    await stage.restart();
    await running;
    expect(wordsOf(shown?.view ?? { kind: 'text', text: '' })).toContain('was interrupted');
    expect(buttonOf(shown?.view ?? { kind: 'text', text: '' }, 'Cancel')).toBeUndefined();
    expect(wordsOf((await stage.say(BEN, 'jobs')).view)).toContain('interrupted');
    const ends = (await stage.audited()).filter(({ what }) => /^job \w+: backup of app/.test(what));
    expect(ends).toMatchObject([{ outcome: 'failed', detail: expect.stringContaining('interrupted') }]);
  });

  it('tell their end in a new message when the old one is gone', async () => {
    const stage = await ChatStage.open({ behaviour: { hangs: true } });
    const running = stage.platform.command(ANN, HERE, 'backup');
    await expect.poll(() => stage.count('backup')).toBe(1);
    stage.platform.messages.length = 0;
    await stage.platform.command(BEN, HERE, 'cancel');
    await running;
    expect(stage.platform.messages.map(({ view }) => wordsOf(view)).join()).toContain('was cancelled');
    await stage.stop();
  });
});

describe('completion', () => {
  it('offers backups with what tells them apart, sources and restore roots', async () => {
    const stage = await ChatStage.open({ restoreRoots: ['/srv/restored'] });
    const id = stage.repository.snapshots[0]?.id.slice(0, 8) ?? '';
    const backups = await stage.platform.complete(ANN, HERE, 'restore', 'backup', '');
    expect(backups.map(({ value }) => value)).toEqual(['latest', id]);
    expect(backups[1]?.label).toContain('app');
    expect(await stage.platform.complete(ANN, HERE, 'backup', 'source', 'a')).toEqual([{ label: 'app', value: 'app' }]);
    expect(await stage.platform.complete(ANN, HERE, 'restore', 'to', '')).toEqual([
      { label: '/srv/restored', value: '/srv/restored' },
    ]);
    expect(await stage.platform.complete(ANN, HERE, 'verify', 'depth', 'd')).toEqual([
      { label: 'deep', value: 'deep' },
    ]);
    expect(await stage.platform.complete(ANN, HERE, 'restore', 'path', 'set')).toEqual([
      { label: 'settings.json', value: 'settings.json' },
    ]);
    expect(await stage.platform.complete(ANN, HERE, 'nothing', 'x', '')).toEqual([]);
    await stage.stop();
  });
});
