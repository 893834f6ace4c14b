import { describe, expect, it } from 'vitest';
import { defineCommand } from '../../src/commands/command.ts';
import { flag, list, text } from '../../src/commands/field.ts';
import { inForm } from '../../src/commands/form.ts';
import { loadOn, loadWhole, namesOn } from '../../src/commands/registry.ts';

const seen: unknown[] = [];
const sample = defineCommand({
  name: 'sample',
  summary: 'Try forms',
  input: {
    name: text('A name'),
    force: flag('Force', { on: 'shell' }),
    paths: list('Paths', { on: 'shell' }),
    where: text('Where', { on: 'chat' }),
  },
  access: 'owner',
  destructive: false,
  json: {},
  async run(_context, given) {
    seen.push(given);
    return {};
  },
  present: () => ({ kind: 'text', text: '' }),
});

describe('the form of a command', () => {
  it('leaves out the fields that belong elsewhere', () => {
    expect(Object.keys(inForm(sample, 'chat').input)).toEqual(['name', 'where']);
    expect(Object.keys(inForm(sample, 'shell').input)).toEqual(['name', 'force', 'paths']);
  });

  it('runs with what is left out as if it were not given', async () => {
    await inForm(sample, 'chat').run({} as never, { name: 'x', where: undefined });
    expect(seen.at(-1)).toEqual({ name: 'x', where: undefined, force: false, paths: [] });
  });
});

describe('commands by surface', () => {
  it.each([
    { name: 'backup', fields: ['source', 'tag', 'trigger', 'force'] },
    { name: 'list', fields: ['tag', 'source', 'from', 'to', 'verified', 'page'] },
    { name: 'restore', fields: ['backup', 'to', 'at', 'source', 'path', 'check', 'delete', 'keepGoing'] },
    { name: 'verify', fields: ['backup', 'depth'] },
    { name: 'pin', fields: ['backup', 'reason'] },
  ])('a chat is offered $fields of $name', async ({ name, fields }) => {
    expect(Object.keys((await loadOn('chat', name))?.input ?? {})).toEqual(fields);
  });

  it('keep keys and other repositories away from chats', async () => {
    expect(namesOn('chat')).not.toContain('key add');
    expect(await loadOn('chat', 'key add')).toBeUndefined();
    expect(await loadOn('shell', 'key add')).toBeDefined();
  });

  it('know nothing else', async () => {
    expect(await loadOn('chat', 'toString')).toBeUndefined();
    expect(await loadWhole('constructor')).toBeUndefined();
  });
});
