import { expect, it } from 'vitest';
import { systemRandom } from '../../src/shared/random.ts';

it('gives the number of bytes asked for, different each time', () => {
  expect(systemRandom.bytes(0)).toHaveLength(0);
  expect(systemRandom.bytes(32)).toHaveLength(32);
  expect(systemRandom.bytes(32)).not.toEqual(systemRandom.bytes(32));
});
