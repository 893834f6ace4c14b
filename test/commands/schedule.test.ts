import { expect, it } from 'vitest';
import { fakeRepository } from '../helpers/fake-engine.ts';
import { runFake } from '../helpers/test-host.ts';

it.each([
  ['schedule', 'list'],
  ['schedule', 'add', 'app', 'daily', '0 2 * * *'],
  ['schedule', 'edit', 'app', 'daily', '0', '2', '*', '*', '*'],
  ['schedule', 'pause', 'app'],
  ['schedule', 'resume', 'app'],
  ['schedule', 'delete', 'app', 'daily'],
])('%s %s needs a bot', async (...words) => {
  const repository = fakeRepository();
  const { status, messages } = await runFake(words, repository);
  expect(status).toBe(2);
  expect(messages).toContain(`schedule ${words[1]} is done by a bot, and it is not said which`);
  expect(repository.opened).toBe(0);
});
