import { describe, expect, it } from 'vitest';
import { loadChatCommands } from '../../../src/bot/chat/chat-commands.ts';
import { parseSaid } from '../../../src/bot/said-words.ts';
import { splitWords } from '../../../src/bot/split-words.ts';
import { parseInput } from '../../../src/commands/parse-input.ts';
import { describeCommand } from '../../../src/commands/parts/help-page.ts';

const commands = await loadChatCommands();

describe.each(commands.all.map((command) => ({ name: command.name, command })))(
  'the help of $name in a chat',
  (given) => {
    const { name, command } = given;
    const page = describeCommand(command, 'chat');

    it('has examples that can be typed', () => {
      expect(page.examples.length).toBeGreaterThan(0);
      for (const example of page.examples) {
        const words = splitWords(example);
        const length = name.split(' ').length;
        expect(words.slice(0, length).join(' ')).toBe(name);
        const raw = parseSaid(name, command.input, words.slice(length));
        expect(() => parseInput(command.input, raw, { nowMs: 0 })).not.toThrow();
      }
    });

    it('shows every option in the usage, and none as a shell writes it', () => {
      for (const { name: option } of [...page.arguments, ...page.options]) expect(page.usage).toContain(option);
      const said = [page.usage, page.summary, ...page.details, ...page.examples].join('\n');
      expect(said).not.toMatch(/--[a-z]/);
    });
  },
);
