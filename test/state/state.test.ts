import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readProcessIdentity } from '../../src/shared/process-identity.ts';
import { emptyState } from '../../src/state/document.ts';
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

  it('says so when nothing can be read, and leaves the files alone', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'state.json'), 'x');
    await expect(open(folder)).rejects.toMatchObject({ code: 'damaged' });
    expect(readFileSync(join(folder, 'state.json'), 'utf8')).toBe('x');
  });

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

  it('is not taken over from a process that cannot be seen', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'lock'), JSON.stringify({ ...identity, machine: 'other' }));
    await expect(open(folder)).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringContaining('another machine'),
    });
  });
});
