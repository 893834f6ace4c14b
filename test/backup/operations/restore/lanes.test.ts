import { describe, expect, it } from 'vitest';
import { Lanes } from '../../../../src/backup/operations/restore/lanes.ts';

const upTo = (count: number) => Array.from({ length: count }, (_, number) => number);

describe('lanes', () => {
  it('give each thread a stretch of its own', () => {
    const lanes = new Lanes<number>(2);
    lanes.add(upTo(6));
    expect([lanes.take(0), lanes.take(1), lanes.take(0), lanes.take(1)]).toEqual([0, 3, 1, 4]);
    expect(lanes.length).toBe(2);
  });

  it('let a thread that has nothing left take from the one that has most', () => {
    const lanes = new Lanes<number>(3);
    lanes.add(upTo(12));
    for (let i = 0; i < 4; i++) lanes.take(0);
    expect(lanes.take(1)).toBe(4);
    expect(upTo(4).map(() => lanes.take(0))).toEqual([10, 11, 6, 7]);
    expect([lanes.take(1), lanes.take(2), lanes.take(2), lanes.take(0)]).toEqual([5, 8, 9, undefined]);
  });

  it.each([1, 2, 5])('give everything out once to %i threads, also what is added meanwhile', (width) => {
    const lanes = new Lanes<number>(width);
    const taken: number[] = [];
    for (let round = 0; round < 20; round++) {
      lanes.add(upTo(round).map((number) => round * 100 + number));
      for (let i = 0; i < 7; i++) taken.push(...[lanes.take((round + i) % width) ?? []].flat());
    }
    for (let next = lanes.take(0); next !== undefined; next = lanes.take(0)) taken.push(next);
    expect(taken.toSorted((a, b) => a - b)).toEqual(
      upTo(20).flatMap((round) => upTo(round).map((n) => round * 100 + n)),
    );
    expect(lanes.length).toBe(0);
  });

  it('forget what has not been taken', () => {
    const lanes = new Lanes<number>(2);
    lanes.add(upTo(6));
    lanes.clear();
    expect([lanes.length, lanes.take(0), lanes.take(1)]).toEqual([0, undefined, undefined]);
  });
});
