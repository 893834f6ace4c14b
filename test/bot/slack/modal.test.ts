import { beforeAll, describe, expect, it } from 'vitest';
import { type ChatCommands, loadChatCommands } from '../../../src/bot/chat/chat-commands.ts';
import { commandModal, formErrors, pickModal, readSubmission } from '../../../src/bot/slack/modal.ts';
import type { RawValue } from '../../../src/commands/field.ts';
import { judgeModal } from '../../helpers/slack/judge-blocks.ts';

const ORIGIN = { channel: 'C0001', responseUrl: 'https://hooks.slack.test/1', receivedMs: 7 };

let commands: ChatCommands;

beforeAll(async () => {
  commands = await loadChatCommands();
});

/** Something for every field of a command. */
function filled(fields: ChatCommands['all'][number]['input'], word: string): Record<string, RawValue> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, { kind, choices }]) => [
      key,
      kind === 'flag' ? true : kind === 'list' ? [word, word] : (choices?.[0] ?? word),
    ]),
  );
}

describe('forms on Slack', () => {
  it('are what Slack takes, for every command, however long what is known already', () => {
    expect(judgeModal(pickModal(commands, ORIGIN))).toEqual([]);
    for (const command of commands.all) {
      expect(judgeModal(commandModal(command, ORIGIN)), command.name).toEqual([]);
      for (const word of ['word', 'w'.repeat(151), '<@U1> & '.repeat(600)]) {
        expect(judgeModal(commandModal(command, ORIGIN, filled(command.input, word))), command.name).toEqual([]);
      }
    }
  });

  it('know where they came from and which command they are for', () => {
    const view = { id: 'V1', ...commandModal(commands.all[0]!, ORIGIN) };
    expect(readSubmission(view, commands)).toEqual({ command: commands.all[0]?.name, raw: {}, from: ORIGIN });
    expect(readSubmission({ ...view, private_metadata: '{"channel":7}' }, commands)).toBeUndefined();
    expect(readSubmission({ ...view, private_metadata: 'no JSON' }, commands)).toBeUndefined();
    expect(readSubmission({ ...view, callback_id: 'holdfast:run:nothing' }, commands)).toBeUndefined();
    expect(readSubmission({ ...view, callback_id: 'other' }, commands)).toBeUndefined();
  });

  it('say what is wrong beside the field', () => {
    const list = commands.all.find(({ name }) => name === 'list');
    expect(formErrors(list!, { page: 'two', tag: 'nightly' }, { nowMs: 0 })).toEqual({
      page: expect.stringContaining('whole number'),
    });
  });
});
