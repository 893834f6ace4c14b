import { describe, expect, it } from 'vitest';
import {
  choice,
  deniableFlag,
  duration,
  flag,
  integer,
  list,
  required,
  share,
  size,
  text,
  time,
} from '../../src/commands/field.ts';
import { parseInput } from '../../src/commands/parse-input.ts';

const NOW = { nowMs: Date.UTC(2026, 10, 20, 12) };

describe('fields', () => {
  it.each([
    { field: text('x'), raw: 'a', value: 'a' },
    { field: integer('x', 1), raw: 5, value: 5 },
    { field: integer('x', 1), raw: '12', value: 12 },
    { field: choice('x', ['a', 'b']), raw: 'b', value: 'b' },
    { field: duration('x'), raw: '72h', value: 259_200_000 },
    { field: share('x'), raw: '10%', value: 0.1 },
    { field: size('x'), raw: '1.5 GiB', value: 1.5 * 1024 ** 3 },
    { field: time('x', 'start'), raw: '2026-11-20T10:00:00+02:00', value: '2026-11-20T08:00:00.000Z' },
    { field: time('x', 'start'), raw: '2 days ago', value: '2026-11-18T12:00:00.000Z' },
    { field: list('x'), raw: ['a', 'b'], value: ['a', 'b'] },
    { field: list('x'), raw: 'a', value: ['a'] },
    { field: list('x'), raw: undefined, value: [] },
    { field: flag('x'), raw: undefined, value: false },
    { field: flag('x'), raw: true, value: true },
    { field: deniableFlag('x'), raw: undefined, value: undefined },
    { field: deniableFlag('x'), raw: false, value: false },
  ])('read $raw as $value ($field.kind)', ({ field, raw, value }) => {
    expect(field.parse(raw, NOW)).toEqual(value);
  });

  it.each([
    { field: text('x'), raw: '' },
    { field: text('x'), raw: ['a', 'b'] },
    { field: text('x'), raw: true },
    { field: integer('x', 1), raw: 0 },
    { field: integer('x', 1), raw: '1e3' },
    { field: integer('x', 1), raw: '99999999999999999999' },
    { field: choice('x', ['a', 'b']), raw: 'toString' },
    { field: share('x'), raw: '0%' },
    { field: size('x'), raw: '-1' },
    { field: time('x', 'start'), raw: '2026-02-30' },
    { field: time('x', 'start'), raw: 'tomorrow' },
    { field: time('x', 'start'), raw: '2026-11-20 25:00' },
    { field: list('x'), raw: ['a', ''] },
    { field: flag('x'), raw: 'yes' },
    { field: required(text('x')), raw: undefined },
    { field: required(list('x')), raw: [] },
  ])('refuse $raw ($field.kind)', ({ field, raw }) => {
    expect(() => field.parse(raw, NOW)).toThrow(expect.objectContaining({ code: 'usage' }));
  });

  it('name themselves as they are typed', () => {
    const fields = { snapshot: required(text('x', { position: 'ID' })), keepLast: integer('x', 1) };
    expect(() => parseInput(fields, {}, NOW)).toThrow('ID is missing');
    expect(() => parseInput(fields, { snapshot: 'a', keepLast: 'x' }, NOW)).toThrow('--keep-last must be');
    expect(() => parseInput(fields, { snapshot: 'a', keeplast: 'x' }, NOW)).toThrow('There is no input "keeplast"');
  });

  it('mean the whole of a day by its end', () => {
    const start = new Date(time('x', 'start').parse('2026-11-20', NOW) ?? '');
    const end = new Date(time('x', 'end').parse('2026-11-20', NOW) ?? '');
    expect(end.getTime() - start.getTime()).toBe(86_400_000 - 1);
  });
});
