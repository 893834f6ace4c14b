import { describe, expect, it } from 'vitest';
import { parseWords } from '../../src/bot/text-grammar.ts';
import { globalFields } from '../../src/cli/globals.ts';
import { parseInput } from '../../src/commands/parse-input.ts';
import { configuredNames, loadForOperator } from '../../src/commands/registry.ts';

/** As a shell does it, of words that have nothing in them but quotes. */
const split = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');

describe.each(configuredNames.map((name) => ({ name })))('$name at a shell', ({ name }) => {
  it('has examples that can be typed there, and says that it needs a configuration', async () => {
    const command = (await loadForOperator(name)) ?? expect.fail();
    expect(command.details?.at(-1)).toContain('--config FILE');
    expect(command.examples?.length).toBeGreaterThan(0);
    for (const example of command.examples ?? []) {
      expect(example.startsWith(name), example).toBe(true);
      expect(example.replace(/'[^']*'/g, ''), 'the shell would take it for names of files').not.toContain('*');
      const fields = { ...globalFields, ...command.input };
      const raw = parseWords(name, fields, split(example.slice(name.length)));
      expect(() => parseInput(command.input, raw, { nowMs: 0 }), example).not.toThrow();
      expect(example).not.toMatch(/ (?!\d)[a-z-]+:\S/);
    }
  });
});
