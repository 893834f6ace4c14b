import { copyFileSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readProcessIdentity } from '../../src/shared/process-identity.ts';
import { emptyState } from '../../src/state/document.ts';
import { type FileCalls, nodeFileCalls } from '../../src/state/file-calls.ts';
import { openState } from '../../src/state/state.ts';

const identity = readProcessIdentity();
const newFolder = (): string => mkdtempSync(join(tmpdir(), 'holdfast-state-'));

async function open(folder: string, warnings: string[] = []) {
  return openState(folder, { identity, onWarning: (message) => warnings.push(message) });
}

const owner = (id: string) => ({ platform: 'discord', id, name: 'Ann', since: '2030-01-01T00:00:00.000Z' });

describe('the state', () => {
  it('is remembered from run to run', async () => {
    const folder = newFolder();
    const first = await open(folder);
    expect(await first.update(({ owners }) => owners.push(owner('1')))).toBe(1);
    await first.close();
    const second = await open(folder);
    expect(second.document.owners).toEqual([owner('1')]);
    await second.close();
  });

  it('has on disk what an update promised, also when many come at once', async () => {
    const folder = newFolder();
    const state = await open(folder);
    await Promise.all(
      Array.from({ length: 50 }, (_, i) => state.update(({ owners }) => owners.push(owner(String(i))))),
    );
    expect(JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8')).owners).toHaveLength(50);
    await state.close();
  });

  it.each([
    { code: 'EROFS', is: 'store_failed', says: 'the file system is read-only' },
    { code: 'EACCES', is: 'permission', says: 'this user may not' },
    { code: 'ENOSPC', is: 'storage_full', says: 'its disk is full' },
  ])('says so where its folder cannot be written: $code', async ({ code, is, says }) => {
    const folder = newFolder();
    const failing = () => Promise.reject(Object.assign(new Error(code), { code }));
    const files: FileCalls = { ...nodeFileCalls, open: failing, unlink: failing };
    await expect(openState(folder, { identity, onWarning: () => {}, files })).rejects.toMatchObject({
      code: is,
      message: `The state folder ${folder} cannot be written: ${says}`,
      advice: expect.any(String),
    });
  });

  it('says so where its folder lies below a file', async () => {
    const folder = join(newFolder(), 'file');
    writeFileSync(folder, '');
    await expect(open(join(folder, 'state'))).rejects.toMatchObject({ code: 'config' });
  });

  it.each([
    { what: 'is cut off', content: '{"schema":1,"own' },
    { what: 'is empty', content: '' },
    { what: 'is something else', content: '{"a":1}' },
  ])('falls back to the version before when the file $what', async ({ content }) => {
    const folder = newFolder();
    const first = await open(folder);
    await first.update(({ owners }) => owners.push(owner('1')));
    await first.update(({ owners }) => owners.push(owner('2')));
    await first.close();
    writeFileSync(join(folder, 'state.json'), content);
    const warnings: string[] = [];
    const second = await open(folder, warnings);
    expect(second.document.owners.map(({ id }) => id)).toEqual(['1']);
    expect(warnings).toEqual([expect.stringContaining('the version before it is used')]);
    await second.close();
  });

  it.each([['state.json'], ['state.json.bak'], ['state.json', 'state.json.bak']])(
    'of which nothing can be read is set aside, which is told, and begins anew (%s %s)',
    async (...names) => {
      const folder = newFolder();
      for (let time = 1; time <= 2; time++) {
        for (const name of names) writeFileSync(join(folder, name), `x${time}`);
        const state = await open(folder);
        expect(state.document).toEqual(emptyState());
        expect(state.losses).toEqual([expect.stringContaining('All that it held is lost')]);
        for (const name of names) {
          const aside = join(folder, `${name}.unreadable${time > 1 ? '-2' : ''}`);
          expect(readFileSync(aside, 'utf8')).toBe(`x${time}`);
          expect(state.losses[0]).toContain(aside);
        }
        await state.close();
      }
      const again = await open(folder);
      expect(again.losses).toEqual([]);
      await again.close();
    },
  );

  it('of an earlier program is brought up to date and keeps what it knew', async () => {
    const folder = newFolder();
    const old = { schema: 1, owners: [owner('1')], claim: null, buttons: [], jobs: [] };
    writeFileSync(join(folder, 'state.json'), JSON.stringify(old));
    const state = await open(folder);
    expect(state.document).toEqual({ ...emptyState(), owners: [owner('1')] });
    await state.close();
  });

  it('of a later program is not touched', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'state.json'), '{"schema":99}');
    await expect(open(folder)).rejects.toMatchObject({ code: 'unsupported_version' });
  });

  it('has one owner at a time', async () => {
    const folder = newFolder();
    const first = await open(folder);
    await expect(open(folder)).rejects.toMatchObject({ code: 'locked' });
    await first.close();
    await (await open(folder)).close();
  });

  it('is taken over from a process that has died', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'lock'), JSON.stringify({ ...identity, pid: 4_000_000, pidStart: 1 }));
    await (await open(folder)).close();
  });

  it('says that the process before was ended while it ran, and no such thing after an orderly end', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'lock'), JSON.stringify({ ...identity, pid: 4_000_000, pidStart: 1 }));
    const warnings: string[] = [];
    await (await open(folder, warnings)).close();
    expect(warnings).toEqual([expect.stringContaining('a change of its last moment may be missing')]);
    await (await open(folder, warnings)).close();
    expect(warnings).toHaveLength(1);
  });

  it('is taken over after the machine has started anew', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'lock'), JSON.stringify({ ...identity, boot: 'before' }));
    await (await open(folder)).close();
  });

  it.each([
    { answered: false, outcome: 'taken over from' },
    { answered: true, outcome: 'left to' },
  ])('is $outcome another container, where it answers: $answered', async ({ answered }) => {
    const folder = newFolder();
    writeFileSync(join(folder, 'lock'), JSON.stringify({ ...identity, pidNamespace: '1', machine: 'container' }));
    const isAnswered = async () => answered;
    const opened = openState(folder, { identity, onWarning: () => {}, isAnswered });
    if (answered) await expect(opened).rejects.toMatchObject({ code: 'locked' });
    else await (await opened).close();
  });

  it('is not taken over from a machine that cannot be seen', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'lock'), JSON.stringify({ ...identity, machine: 'other', boot: 'other' }));
    await expect(open(folder)).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringContaining('another machine'),
    });
  });

  it('keeps the last document that can be read until a new one is safe', async () => {
    const folder = newFolder();
    const first = await open(folder);
    await first.update(({ owners }) => owners.push(owner('1')));
    await first.update(({ owners }) => owners.push(owner('2')));
    await first.close();
    writeFileSync(join(folder, 'state.json'), 'torn');
    const renamed = withFailing('rename', (path) => path.endsWith('state.json'));
    const second = await openState(folder, { identity, onWarning: () => {}, files: renamed });
    await expect(second.update(({ owners }) => owners.push(owner('3')))).rejects.toMatchObject({ code: 'failed' });
    await second.close();
    const third = await open(folder);
    expect(third.document.owners.map(({ id }) => id)).toEqual(['1']);
    await third.close();
  });

  it('on a full disk goes on in memory, says so once, and is saved with the first change for which there is room', async () => {
    const folder = newFolder();
    let room = true;
    const files: FileCalls = {
      ...nodeFileCalls,
      open: async (path, flags, mode) => {
        if (!room && path.endsWith('.new')) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
        return nodeFileCalls.open(path, flags, mode);
      },
    };
    const warnings: string[] = [];
    const state = await openState(folder, { identity, onWarning: (text) => warnings.push(text), files });
    await state.update(({ owners }) => owners.push(owner('1')));
    const saved = readFileSync(join(folder, 'state.json'), 'utf8');
    room = false;
    for (const id of ['2', '3']) {
      await expect(state.update(({ owners }) => owners.push(owner(id)))).rejects.toMatchObject({
        code: 'storage_full',
        message: expect.stringContaining('the disk is full'),
      });
    }
    expect(state.document.owners).toHaveLength(3);
    expect(readFileSync(join(folder, 'state.json'), 'utf8')).toBe(saved);
    room = true;
    await state.update(({ owners }) => owners.push(owner('4')));
    expect(JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8')).owners).toHaveLength(4);
    expect(warnings).toEqual([expect.stringContaining('the disk is full'), expect.stringContaining('saved again')]);
    await state.close();
  });

  it('tells of a change that was being written when the process ended', async () => {
    const folder = newFolder();
    const first = await openState(folder, {
      identity,
      onWarning: () => {},
      files: withFailing('rename', (path) => path.endsWith('state.json')),
    });
    await expect(first.update(({ owners }) => owners.push(owner('1')))).rejects.toMatchObject({ code: 'failed' });
    const second = await openState(newFolderWith(folder), { identity, onWarning: () => {} });
    expect(second.losses).toEqual([expect.stringContaining('A change was being written')]);
    await second.close();
    await first.close();
  });
});

/** A copy of what a killed process leaves. */
function newFolderWith(folder: string): string {
  const copy = newFolder();
  for (const name of readdirSync(folder).filter((one) => one.startsWith('state.json'))) {
    copyFileSync(join(folder, name), join(copy, name));
  }
  return copy;
}

function withFailing(call: 'rename', fails: (to: string) => boolean): FileCalls {
  return {
    ...nodeFileCalls,
    async [call](from: string, to: string) {
      if (fails(to)) throw Object.assign(new Error('broken'), { code: 'EIO' });
      await nodeFileCalls[call](from, to);
    },
  };
}
