import { expect, it } from 'vitest';
import { parseCron } from '../../src/shared/cron.ts';
import { cronWords } from '../../src/shared/cron-words.ts';

it.each([
  ['0 * * * *', 'Every hour'],
  ['0 2 * * *', 'At 02:00'],
  ['0 3 * * 0', 'At 03:00, only on Sunday'],
  ['0 4 1 * *', 'At 04:00, on day 1 of the month'],
  ['0 4 L * *', 'At 04:00, on the last day of the month'],
  ['*/15 8-18 * * mon-fri', 'Every 15 minutes, between 08:00 and 18:59, Monday through Friday'],
])('%s is said as %j', (text, words) => {
  expect(cronWords(parseCron(text))).toBe(words);
});
