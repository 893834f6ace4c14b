import { describe, expect, it } from 'vitest';
import { complete } from '../../src/bot/complete.ts';
import type { CommandSource } from '../../src/commands/command.ts';
import { commandNames, loadCommand } from '../../src/commands/registry.ts';

const commands: CommandSource = { form: 'shell', names: () => commandNames, load: loadCommand, sections: [] };
const candidates = async (source: string) => [`${source}-one`, `${source}-two`];

async function after(typed: string): Promise<string[]> {
  const words = typed.split(' ');
  const partial = words.pop() ?? '';
  return complete(commands, words, partial, candidates);
}

describe('completion', () => {
  it.each([
    { typed: 'sta', offers: ['status', 'stats'] },
    { typed: 'key', offers: ['key'] },
    { typed: 'key ', offers: ['add', 'list', 'passwd', 'remove'] },
    { typed: 'show ', offers: ['snapshot-one', 'snapshot-two'] },
    { typed: 'show snapshot-t', offers: ['snapshot-two'] },
    { typed: 'ls latest ', offers: ['snapshot-path-one', 'snapshot-path-two'] },
    { typed: 'ls latest x ', offers: [] },
    { typed: 'forget a b ', offers: ['snapshot-one', 'snapshot-two'] },
    { typed: 'list --ver', offers: ['--verified'] },
    { typed: 'list --no', offers: ['--no-verified'] },
    { typed: 'list --tag ', offers: ['tag-one', 'tag-two'] },
    { typed: 'list --status bro', offers: ['broken'] },
    { typed: 'restore --safety keep-old ', offers: ['snapshot-one', 'snapshot-two'] },
    { typed: 'diff a ', offers: ['snapshot-one', 'snapshot-two'] },
    { typed: 'stats ', offers: [] },
    { typed: 'nonsense ', offers: [] },
  ])('of "$typed" offers $offers', async ({ typed, offers }) => {
    expect(await after(typed)).toEqual(offers);
  });

  it('offers nothing where candidates cannot be had', async () => {
    const failing = async (): Promise<string[]> => {
      throw new Error('not mounted');
    };
    expect(await complete(commands, ['show'], '', failing)).toEqual([]);
  });
});
