import { describe, expect, it } from 'vitest';
import { causeOf } from '../../src/notify/cause.ts';

const SOURCES = [
  { name: 'app', paths: ['/srv/app', '/etc/app'] },
  { name: 'db', paths: ['/srv/db'] },
  { name: 'a.b', paths: ['/srv/app-2'] },
];
const cause = (message: string, code = 'failed'): string => causeOf({ code, message }, SOURCES);

describe('the cause of a failure', () => {
  it.each([
    ['Cannot read /srv/app/x/y.txt: EIO', 'Cannot read /srv/db/other: EIO'],
    ['The backup of app was refused', 'The backup of db was refused'],
    ["Source 'a.b' is gone", "Source 'app' is gone"],
    ['Only 12,345 bytes of 99 are left', 'Only 7 bytes of 1.5 are left'],
    ['Pack 4f07a1c29d is missing', 'Pack 00ff00ff01 is missing'],
  ])('is one for %j and %j', (one, other) => {
    expect(cause(one)).toBe(cause(other));
  });

  it.each([
    ['Cannot read /srv/app/x: EIO', 'Cannot read /srv/app/x: EACCES'],
    ['/opt/dump-pg failed', '/opt/dump-mysql failed'],
    ['/srv/app is gone', '/srv/app-3 is gone'],
    ['application failed', 'db failed'],
  ])('is another for %j and %j', (one, other) => {
    expect(cause(one)).not.toBe(cause(other));
  });

  it('is another for another code', () => {
    expect(cause('x', 'failed')).not.toBe(cause('x', 'locked'));
  });

  it('is the repository, whatever was done with it, where the repository cannot be used', () => {
    expect(cause('Listing packs timed out', 'store_unavailable')).toBe(
      cause('Putting k timed out', 'store_unavailable'),
    );
  });
});
