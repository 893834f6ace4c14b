import { describe, expect, it } from 'vitest';
import { exactSize, parseSize } from '../../src/shared/sizes.ts';

describe('an exact size', () => {
  it.each([0, 1, 1500, 1024, 5 * 1024 ** 3, 3 * 1024 ** 4 + 1])('of %i bytes is read back as it was', (bytes) => {
    expect(parseSize(exactSize(bytes))).toBe(bytes);
  });
});
