import { describe, expect, it } from 'vitest';
import { type Lane, Places } from '../../src/jobs/places.ts';

function setUp(atOnce: number) {
  const places = new Places(atOnce);
  const begun: string[] = [];
  const enter = (lane: Lane, name: string) => places.enter(lane, () => begun.push(name));
  return {
    begun,
    person: (name: string) => enter('person', name),
    background: (name: string) => enter('background', name),
  };
}

describe('places for jobs', () => {
  it('are given in the order of coming, as they become free', () => {
    const { begun, person } = setUp(2);
    const [first, second] = ['a', 'b', 'c', 'd'].map(person);
    expect(begun).toEqual(['a', 'b']);
    second?.();
    expect(begun).toEqual(['a', 'b', 'c']);
    first?.();
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
  });

  it('go to people before schedules', () => {
    const { begun, person, background } = setUp(1);
    const leave = person('restore');
    background('nightly');
    person('verify');
    leave();
    expect(begun).toEqual(['restore', 'verify']);
  });

  it('are one more for a person where schedules have taken all', () => {
    const { begun, person, background } = setUp(2);
    for (const name of ['one', 'two', 'three']) background(name);
    person('restore');
    person('verify');
    expect(begun).toEqual(['one', 'two', 'restore']);
  });

  it('do not come back twice from one who leaves twice', () => {
    const { begun, person } = setUp(1);
    const leave = person('a');
    for (const name of ['b', 'c']) person(name);
    leave();
    leave();
    expect(begun).toEqual(['a', 'b']);
  });

  it('are not taken by those who gave up waiting', () => {
    const { begun, background } = setUp(1);
    const leave = background('a');
    const giveUp = background('b');
    background('c');
    giveUp();
    leave();
    expect(begun).toEqual(['a', 'c']);
  });
});
