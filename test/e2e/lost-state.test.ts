import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { expect, it, vi } from 'vitest';
import { textOf } from '../helpers/discord/fake-discord.ts';
import { ServedBot } from '../helpers/served-bot.ts';

// Processes take their time on a busy machine.
vi.setConfig({ testTimeout: 300_000 });

const GARBLED = '\0\0garbled';
const HELD = 'held: a later run was far from the usual';
const EVERY_MINUTE = `schedules: { hourly: '* * * * *', daily: false, weekly: false, monthly: false }
retention: { last: 1 }
digest: false
`;
const NO_MAINTENANCE = `${EVERY_MINUTE}maintenance: { forget: false, prune: false, verify: false }\n`;
const MAINTENANCE = `${EVERY_MINUTE}maintenance: { forget: '* * * * *', prune: '* * * * *', verify: false }\n`;

async function idsOf(bot: ServedBot, source: string): Promise<string[]> {
  const { snapshots } = JSON.parse((await bot.alone('list', '--source', source, '--json')).output);
  return (snapshots as { id: string }[]).map(({ id }) => id);
}

/** Every way to lose it, and what has to be there afterwards. */
const LOSSES: Record<string, { lose: (bot: ServedBot) => void; look?: (bot: ServedBot) => Promise<void> }> = {
  'is gone': { lose: (bot) => rmSync(bot.at('state'), { recursive: true }) },
  'cannot be read, nor the one before': {
    lose: (bot) => {
      for (const name of ['state.json', 'state.json.bak']) writeFileSync(bot.at('state', name), GARBLED);
    },
    look: async (bot) => {
      await bot.told(/All that it held is lost/);
      for (const name of ['state.json', 'state.json.bak'])
        expect(readFileSync(bot.at('state', `${name}.unreadable`), 'latin1')).toBe(GARBLED);
    },
  },
};

// Both at once: they wait for the same minutes.
it.concurrent.for(Object.entries(LOSSES))(
  'a bot whose state %s lists, verifies and restores, runs its schedules, and forgets nothing that was held',
  async ([, { lose, look }], { expect, onTestFinished }) => {
    const bot = await ServedBot.make({ sources: { app: '', held: '' } });
    onTestFinished(() => bot.close());
    writeFileSync(bot.at('app/note.txt'), 'first\n');
    writeFileSync(bot.at('held/note.txt'), 'precious\n');
    await bot.start();
    await bot.ask('backup', { source: 'app' }, /Backed up/);
    for (let i = 0; i < 2; i++) {
      writeFileSync(bot.at('held/note.txt'), `precious ${i}\n`);
      await bot.ask('backup', { source: 'held' }, /Backed up/);
    }
    await bot.end('SIGKILL');
    const held = await idsOf(bot, 'held');
    // As the bot has it after a run that was far from the usual.
    expect(await bot.alone('pin', held[1] ?? '', '--reason', HELD)).toMatchObject({ status: 0 });
    lose(bot);
    writeFileSync(bot.at('app/note.txt'), 'second\n');
    bot.configure({ sources: { app: '', held: '' }, byItself: NO_MAINTENANCE });

    await bot.start();
    await look?.(bot);
    const listed = await bot.askForText('list');
    for (const id of [...held, ...(await idsOf(bot, 'app'))]) expect(listed).toContain(id.slice(0, 8));
    expect(textOf(await bot.ask('verify', { depth: 'deep' }, /damage/))).toContain('No damage found');
    await bot.restore({ backup: 'latest', source: 'app' });
    expect(readFileSync(bot.at('app/note.txt'), 'utf8')).toBe('first\n');
    for (const source of ['app', 'held']) await bot.told(new RegExp(`${source}: backed up`));

    await bot.end('SIGKILL');
    lose(bot);
    bot.configure({ sources: { app: '', held: '' }, byItself: MAINTENANCE });
    await bot.start();
    await bot.told(/The last backup of held is far from the usual/);
    await expect
      .poll(async () => bot.askForText('jobs'), { timeout: 120_000, interval: 1000 })
      .toMatch(/forget +completed/);
    expect(await idsOf(bot, 'held')).toEqual(expect.arrayContaining(held));
  },
);
