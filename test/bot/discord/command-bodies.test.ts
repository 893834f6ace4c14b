import { describe, expect, it } from 'vitest';
import { loadChatCommands } from '../../../src/bot/chat/chat-commands.ts';
import { areRegistered, commandBodies } from '../../../src/bot/discord/command-bodies.ts';
import { type AnyCommand, defineCommand } from '../../../src/commands/command.ts';
import { choice, flag, integer, list, required, text } from '../../../src/commands/field.ts';
import { judgeCommands, judgeShape } from '../../helpers/discord/judge-body.ts';

const sample = (name: string): AnyCommand =>
  defineCommand({
    name,
    summary: `Does ${name} ${'very '.repeat(40)}well`,
    input: {
      keepGoing: flag('Go on'),
      limit: integer('How many', 1),
      depth: choice('How deep', ['quick', 'full']),
      path: list('Which paths', { completes: 'snapshot-path' }),
      backup: required(text('Which backup', { position: 'ID', completes: 'snapshot' })),
    },
    access: 'owner',
    destructive: false,
    json: {},
    run: async () => ({}),
    present: () => ({ kind: 'stack', views: [] }),
  });

describe('the commands as Discord registers them', () => {
  it.each(['global', 'guild'] as const)('are accepted, all that a chat has: %s', async (scope) => {
    const { all } = await loadChatCommands();
    const bodies = commandBodies(all, scope);
    expect(judgeShape('PUT /applications/{application_id}/commands', bodies)).toEqual([]);
    expect(
      judgeCommands(
        bodies.map((body) => ({ ...body })),
        scope === 'guild',
      ),
    ).toEqual([]);
  });

  it('have options by type, required ones first, with choices or autocomplete', () => {
    const [body] = commandBodies([sample('do')], 'guild');
    expect(body?.description).toHaveLength(100);
    expect(body?.options).toEqual([
      { type: 3, name: 'backup', description: 'Which backup', required: true, autocomplete: true },
      { type: 5, name: 'keep-going', description: 'Go on' },
      { type: 4, name: 'limit', description: 'How many', min_value: 0 },
      {
        type: 3,
        name: 'depth',
        description: 'How deep',
        choices: [
          { name: 'quick', value: 'quick' },
          { name: 'full', value: 'full' },
        ],
      },
      { type: 3, name: 'path', description: 'Which paths', autocomplete: true },
    ]);
  });

  it('of two words are subcommands of the first', () => {
    const bodies = commandBodies([sample('key add'), sample('key remove')], 'global');
    expect(bodies).toMatchObject([
      {
        name: 'key',
        description: 'key: add, remove',
        contexts: [0, 1],
        options: [
          { type: 1, name: 'add' },
          { type: 1, name: 'remove' },
        ],
      },
    ]);
  });

  it('are known again among what Discord adds, in any order, and a change is seen', () => {
    const wanted = commandBodies([sample('do'), sample('key add')], 'global');
    const stored = wanted
      .toReversed()
      .map((body) => ({ ...body, id: '1', version: '2', nsfw: false, name_localizations: null }));
    expect(areRegistered(stored, wanted)).toBe(true);
    expect(areRegistered(stored.slice(1), wanted)).toBe(false);
    expect(areRegistered(undefined, wanted)).toBe(false);
    expect(
      areRegistered(
        stored.map((body) => ({ ...body, description: 'other' })),
        wanted,
      ),
    ).toBe(false);
  });
});
