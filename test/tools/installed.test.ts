import { describe, expect, it } from 'vitest';
import { staleReason } from '../../tools/prepare/installed.mjs';

const zod = { version: '4.0.0', integrity: 'sha512-a' };
const vitest = { version: '5.0.0', integrity: 'sha512-b', dev: true };
const foreign = { version: '1.0.0', integrity: 'sha512-c', optional: true };
const wanted = {
  packages: {
    '': {},
    'tools/runtime': {},
    'node_modules/zod': zod,
    'node_modules/vitest': vitest,
    'node_modules/foreign': foreign,
  },
};

describe('an installation', () => {
  it('is current when every package has the version and digest of the lock file', () => {
    expect(staleReason(wanted, wanted, true)).toBeUndefined();
  });

  it('may lack the optional packages of other platforms', () => {
    const installed = { packages: { 'node_modules/zod': zod, 'node_modules/vitest': vitest } };
    expect(staleReason(wanted, installed, true)).toBeUndefined();
  });

  it('needs development packages for the tests only', () => {
    const installed = { packages: { 'node_modules/zod': zod } };
    expect(staleReason(wanted, installed, false)).toBeUndefined();
    expect(staleReason(wanted, installed, true)).toContain('vitest is not installed');
  });

  it.each([
    ['nothing is there', undefined, 'nothing is installed'],
    ['a package is missing', { packages: {} }, 'zod is not installed'],
    ['a version differs', { packages: { 'node_modules/zod': { ...zod, version: '4.0.1' } } }, 'zod is not installed'],
    [
      'a digest differs',
      { packages: { 'node_modules/zod': { ...zod, integrity: 'sha512-x' } } },
      'zod is not installed',
    ],
    [
      'an optional package has another version',
      { packages: { 'node_modules/zod': zod, 'node_modules/foreign': { ...foreign, version: '2.0.0' } } },
      'foreign is not installed',
    ],
  ])('is stale when %s', (_, installed, reason) => {
    expect(staleReason(wanted, installed, false)).toContain(reason);
  });
});
