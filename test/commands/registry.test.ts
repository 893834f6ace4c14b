import { describe, expect, it } from 'vitest';
import { parseWords } from '../../src/bot/text-grammar.ts';
import { globalFields } from '../../src/cli/globals.ts';
import { optionName } from '../../src/commands/parse-input.ts';
import { commandNames, loadCommand } from '../../src/commands/registry.ts';

async function load(name: string) {
  const command = await loadCommand(name);
  if (command === undefined) throw new Error(`no ${name}`);
  return command;
}

describe.each(commandNames.map((name) => ({ name })))('$name', ({ name }) => {
  it('is registered under its own name, with a summary that a chat can show', async () => {
    const command = await load(name);
    expect(command.name).toBe(name);
    expect(command.name).toMatch(/^[a-z]+( [a-z]+)?$/);
    expect(command.summary.length).toBeLessThanOrEqual(100);
    expect(command.summary).not.toMatch(/\.$/);
  });

  it('fits beside the global options, and within what a chat can offer', async () => {
    const { input } = await load(name);
    expect(() => parseWords(name, { ...globalFields, ...input }, [])).not.toThrow();
    expect(Object.keys(input).filter((key) => key in globalFields)).toEqual([]);
    expect(Object.keys(input).length).toBeLessThanOrEqual(25);
    for (const [key, field] of Object.entries(input)) {
      expect(optionName(key)).toMatch(/^[a-z0-9-]{1,32}$/);
      expect(field.summary.length).toBeLessThanOrEqual(100);
    }
  });

  it('takes any number of values only in its last argument', async () => {
    const positional = Object.values((await load(name)).input).filter((field) => field.position !== undefined);
    expect(positional.slice(0, -1).filter((field) => field.kind === 'list')).toEqual([]);
  });

  it('asks before it destroys, unless nothing can be lost that its words do not name', async () => {
    const { destructive, confirm } = await load(name);
    expect(confirm !== undefined).toBe(destructive && name !== 'mirror');
  });
});

describe('the registry', () => {
  it('knows nothing else', async () => {
    expect(await loadCommand('toString')).toBeUndefined();
    expect(await loadCommand('')).toBeUndefined();
  });
});
