import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRepository } from '../../../src/backup/index.ts';
import { createQuickRepository } from '../quick-repository.ts';
import type { Apart, ChatDriver, MakeDriver, SeenMessage, Stage, Who } from './chat-driver.ts';

/** Earlier backups, so that a list has pages. */
async function takeBackups({ data, repository, passphrase }: Stage, count: number): Promise<void> {
  const engine = await openRepository({ location: repository, passphrase: () => passphrase });
  for (let i = 0; i < count; i++) await engine.backup({ paths: [data], source: 'app', tags: [`run-${i}`] });
  await engine.close();
}

/** The conversation that every platform must be able to hold, in order, on one repository. */
export function conversationSuite(platform: string, makeDriver: MakeDriver, apart: Apart = {}): void {
  const { alone, forgets } = apart;
  const another: Who = alone === undefined ? 'second owner' : 'owner';
  const told = (title: string, reason?: string): string => (reason === undefined ? title : `${title}: ${reason}`);

  describe(`a conversation on ${platform}`, () => {
    let chat: ChatDriver;
    let stage: Stage;
    let result: SeenMessage;
    const data = (name: string): string => join(stage.data, name);

    beforeAll(async () => {
      const folder = mkdtempSync(join(tmpdir(), 'holdfast-conversation-'));
      const repository = join(folder, 'repository');
      stage = {
        folder,
        data: join(folder, 'data'),
        restoreRoot: join(folder, 'restored'),
        repository,
        passphrase: 'open sesame',
      };
      mkdirSync(stage.data);
      mkdirSync(stage.restoreRoot);
      for (let i = 0; i < 50; i++) writeFileSync(data(`file-${i}.txt`), `content ${i}\n`);
      await createQuickRepository(repository, stage.passphrase);
      await takeBackups(stage, 21);
      chat = await makeDriver(stage);
    });

    afterAll(async () => {
      await chat?.stop();
      rmSync(stage.folder, { recursive: true, force: true });
    });

    it(told(alone === undefined ? 'tells a stranger nothing, in private' : 'has no strangers', alone), async () => {
      if (alone !== undefined) {
        await expect(chat.command('stranger', 'list')).rejects.toThrow('There is no stranger');
        expect((await chat.command('owner', 'whoami')).text).toContain('an owner');
        return;
      }
      for (const command of ['list', 'help', 'whoami', 'restore', 'backup']) {
        const seen = await chat.command('stranger', command);
        expect(seen.private).toBe(true);
        expect(seen.text).toContain('You may not use this bot');
        expect(seen.text).not.toMatch(/app|repository|\/backup/);
      }
    });

    it('backs up a source, and tells what was stored', async () => {
      const seen = await chat.command('owner', 'backup', { source: 'app' });
      expect(seen.private).toBe(alone !== undefined);
      expect(seen.text).toContain('Backed up app');
      expect(seen.text).toContain('50 unchanged');
      expect(seen.buttons).not.toContain('Cancel');
    });

    it('says which sources there are when another is named', async () => {
      expect((await chat.command('owner', 'backup', { source: 'apq' })).text).toContain('Did you mean app?');
    });

    it('lists in pages, which turn', async () => {
      const first = await chat.command('owner', 'list', { source: 'app' });
      expect(first.text).toContain('Page 1 of 2');
      const second = await chat.press('owner', first, 'Next');
      expect(second.text).toContain('Page 2 of 2');
      expect(second.buttons).toContain('Previous');
      const none = await chat.command('owner', 'list', { tag: 'nothing' });
      expect(none.text).toContain('There are no such snapshots');
    });

    it('verifies', async () => {
      expect((await chat.command('owner', 'verify', { backup: 'latest', depth: 'deep' })).text).toContain(
        'No damage found',
      );
    });

    it('tells how things stand', async () => {
      expect((await chat.command('owner', 'status')).text).toMatch(/app/);
      expect((await chat.command('owner', 'jobs')).text).toMatch(/verify/);
    });

    it('completes what is half typed', async () => {
      expect(await chat.complete('owner', 'pin', 'backup', 'lat')).toContain('latest');
    });

    /** Only whoever asked may press; gives what can be pressed now. */
    const onlyOwner = async (
      offered: SeenMessage,
      press: (who: Who, message: SeenMessage) => Promise<SeenMessage>,
      askAgain: () => Promise<SeenMessage>,
    ): Promise<SeenMessage> => {
      if (alone === undefined) {
        const refused = await press('second owner', offered);
        expect(refused.private).toBe(true);
        expect(refused.text).toContain('belongs to whoever asked');
        expect((await press('stranger', offered)).text).toContain('You may not use this bot');
      }
      if (forgets === undefined) return offered;
      expect((await press('owner', offered)).text).toContain('Nothing is asked');
      return askAgain();
    };

    it('offers the newest backups to choose from where a restore names none', async () => {
      writeFileSync(data('file-1.txt'), 'changed\n');
      const before = await chat.command('owner', 'restore');
      expect(before.options.length).toBe(10);
      expect(before.options[0]).toMatch(/^[0-9a-f]{8} · .* · [\d.]+ B|KiB$/);
      await chat.restart();
      const offered = await onlyOwner(
        before,
        (who, message) => chat.choose(who, message, before.options[1] ?? ''),
        () => chat.command('owner', 'restore'),
      );
      const preview = await chat.choose('owner', offered, offered.options[1] ?? '');
      expect(preview.text).toContain(`restore snapshot ${offered.options[1]?.slice(0, 8)}`);
      expect(preview.buttons).toEqual(['Restore', 'Cancel']);
      expect(preview.options).toEqual([]);
      await chat.press('owner', preview, 'Cancel');
    });

    it('shows what a restore would do, and does nothing without a yes', async () => {
      writeFileSync(data('file-1.txt'), 'changed\n');
      rmSync(data('file-2.txt'));
      const preview = await chat.command('owner', 'restore', { backup: 'latest' });
      expect(preview.text).toMatch(/Nothing was written/);
      expect(preview.buttons).toEqual(['Restore', 'Cancel']);
      const kept = await chat.press('owner', preview, 'Cancel');
      expect(kept.text).toContain('nothing was changed');
      expect(readFileSync(data('file-1.txt'), 'utf8')).toBe('changed\n');
    });

    it(told('restores after a restart between preview and click', forgets), async () => {
      const ask = (): Promise<SeenMessage> => chat.command('owner', 'restore', { backup: 'latest' });
      const before = await ask();
      await chat.restart();
      const preview = await onlyOwner(before, (who, message) => chat.press(who, message, 'Restore'), ask);
      expect(readFileSync(data('file-1.txt'), 'utf8')).toBe('changed\n');
      result = await chat.press('owner', preview, 'Restore');
      expect(result.text).toContain('Done in');
      expect(readFileSync(data('file-1.txt'), 'utf8')).toBe('content 1\n');
      expect(readFileSync(data('file-2.txt'), 'utf8')).toBe('content 2\n');
    });

    it('undoes the restore, after asking again', async () => {
      expect(result.buttons).toContain('Undo');
      const preview = await chat.press('owner', result, 'Undo');
      expect(preview.buttons).toEqual(['Restore', 'Cancel']);
      const undone = await chat.press('owner', preview, 'Restore');
      expect(undone.text).toContain('Done in');
      expect(readFileSync(data('file-1.txt'), 'utf8')).toBe('changed\n');
      expect(() => readFileSync(data('file-2.txt'))).toThrow();
    });

    it('files what a restore saved first under the source that it is of', async () => {
      const engine = await openRepository({ location: stage.repository, passphrase: () => stage.passphrase });
      const saved = await engine.list({ trigger: 'pre-restore' });
      await engine.close();
      expect(saved.length).toBeGreaterThan(0);
      expect(new Set(saved.map(({ source }) => source))).toEqual(new Set(['app']));
    });

    it('refuses a folder that is no restore root, and restores into one that is', async () => {
      const refused = await chat.command('owner', 'restore', { backup: 'latest', to: '/etc' });
      expect(refused.text).toContain('none of the folders');
      const preview = await chat.command('owner', 'restore', { backup: 'latest', to: join(stage.restoreRoot, 'copy') });
      await chat.press('owner', preview, 'Restore');
      expect(readFileSync(join(stage.restoreRoot, 'copy', 'file-3.txt'), 'utf8')).toBe('content 3\n');
    });

    it('cancels a running job', async () => {
      for (let i = 0; i < 60; i++) writeFileSync(data(`large-${i}`), Buffer.alloc(4 * 1024 * 1024, `large ${i} `));
      const running = await chat.begin('owner', 'backup', { source: 'app' });
      expect(running.buttons).toContain('Cancel');
      const again = await chat.command(another, 'backup', { source: 'app' });
      expect(again.text).toMatch(/Job \w+ \(backup\) is working on app/);
      await chat.press(another, running, 'Cancel');
      await expect.poll(() => chat.look(running).text, { timeout: 30_000 }).toContain('was cancelled');
      expect(chat.look(running).buttons).toEqual([]);
      for (let i = 0; i < 60; i++) rmSync(data(`large-${i}`));
    });

    it('deletes a backup that is named, after asking', async () => {
      const asked = await chat.command('owner', 'delete', { backup: 'latest' });
      expect(asked.text).toContain('Delete the backup');
      expect((await chat.press('owner', asked, 'Delete')).text).toContain('Deleted the backup');
    });

    it('explains itself', async () => {
      const help = await chat.command('owner', 'help');
      expect(help.text).toContain('restore');
      expect(help.text).not.toContain('key add');
    });
  });
}
