import { describe, expect, it } from 'vitest';
import { parseCron } from '../../src/shared/cron.ts';
import type { HoldfastError } from '../../src/shared/errors.ts';

function problem(text: string): string {
  try {
    parseCron(text);
  } catch (error) {
    return (error as HoldfastError).message;
  }
  throw new Error(`${text} was taken`);
}

const sorted = (set: ReadonlySet<number>): number[] => [...set].sort((a, b) => a - b);

describe('a cron expression', () => {
  it('has numbers, ranges, steps, lists and names', () => {
    const cron = parseCron('  0,30  8-18/5 1,L jan-MAR,12 Mon-Fri ');
    expect(cron.text).toBe('0,30 8-18/5 1,L jan-MAR,12 Mon-Fri');
    expect(sorted(cron.minutes)).toEqual([0, 30]);
    expect(sorted(cron.hours)).toEqual([8, 13, 18]);
    expect([sorted(cron.days), cron.lastDay]).toEqual([[1], true]);
    expect(sorted(cron.months)).toEqual([1, 2, 3, 12]);
    expect(sorted(cron.weekdays)).toEqual([1, 2, 3, 4, 5]);
  });

  it.each(['0', '7', 'sun', '7,0'])('knows Sunday as %s', (weekday) => {
    expect(sorted(parseCron(`0 2 * * ${weekday}`).weekdays)).toEqual([0]);
  });

  it.each(['*', '0-6', '1-7', '0-7', 'sun-sat'])('has all weekdays as %s', (weekday) => {
    expect(parseCron(`0 2 * * ${weekday}`).weekdays.size).toBe(7);
  });

  it.each([
    ['', 'must be five fields, not none'],
    ['0 2 * *', 'must be five fields, not 4'],
    ['0 0 2 * * *', 'must be five fields, not 6'],
    ['@daily', 'must be five fields, not 1'],
    ['60 * * * *', 'field minute, 60 is not from 0 to 59'],
    ['0 24 * * *', 'field hour, 24 is not from 0 to 23'],
    ['0 2 0 * *', 'field day, 0 is not from 1 to 31'],
    ['0 2 * 13 *', 'field month, 13 is not from 1 to 12 or jan to dec'],
    ['0 2 * * 8', 'field weekday, 8 is not from 0 to 7 or sun to sat'],
    ['0 2 * * monday', 'field weekday, monday is not from'],
    ['0 22-2 * * *', 'field hour, 22-2 ends before it begins; write 22-23,0-2'],
    ['*/0 * * * *', 'field minute, */0 has a step that is not from 1 to 60'],
    ['*/90 * * * *', 'field minute, */90 has a step that is not from 1 to 60'],
    ['5/15 * * * *', 'field minute, 5/15 has a step without a range'],
    ['*-5 * * * *', 'field minute, *-5 has a step without a range'],
    ['1,,2 * * * *', 'field minute, nothing is nothing that can be read'],
    ['-1 * * * *', 'field minute, -1 is nothing that can be read'],
    ['0 2 15W * *', 'field day, 15W is not from 1 to 31'],
    ['0 2 * * 1#2', 'field weekday, 1#2 is not from'],
    ['0 2 ? * *', 'field day, ? is not from'],
    ['0 2 31 2 *', 'is never due: day 31 is in no month of 2'],
    ['0 2 31 feb,apr *', 'is never due'],
  ])('is refused as %j', (text, says) => {
    expect(problem(text)).toContain(says);
  });

  it.each(['0 2 29 2 *', '0 2 30,31 2,3 *', '0 2 31 2 mon', '0 2 L 2 *'])('is due at times as %j', (text) => {
    expect(parseCron(text).text).toBe(text);
  });
});
