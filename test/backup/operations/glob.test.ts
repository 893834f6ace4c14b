import { describe, expect, it } from 'vitest';
import { compileGlob } from '../../../src/backup/operations/browse/glob.ts';
import { encodeText } from '../../../src/shared/bytes.ts';
import { raw } from '../archive/helpers/members.ts';

describe('a pattern for names', () => {
  it.each([
    ['*.conf', 'etc/nginx/nginx.conf', true],
    ['*.conf', 'etc/nginx.conf/x', false],
    ['?', 'a', true],
    ['?', 'ab', false],
    ['?', 'ü', true],
    ['[a-c]*', 'etc/bcd', true],
    ['[!a-c]*', 'etc/bcd', false],
    ['[^a-c]*', 'etc/xcd', true],
    ['[]x]', ']', true],
    ['[a-]', '-', true],
    ['[open', '[open', true],
    ['\\*', '*', true],
    ['\\*', 'x', false],
    ['*a*b*', 'xxaxxbxx', true],
    ['*a*b', 'xxaxxbxx', false],
    ['etc/*', 'etc/hosts', true],
    ['etc/*', 'etc/nginx/nginx.conf', false],
    ['/etc/hosts', 'etc/hosts', true],
    ['./etc/hosts', 'etc/hosts', true],
    ['hosts', 'etc/hosts', true],
    ['etc/**', 'etc/nginx/nginx.conf', true],
    ['**/nginx.conf', 'nginx.conf', true],
    ['a/**/z', 'a/z', true],
    ['a/**/z', 'a/b/c/z', true],
    ['a/**/z/**/q', 'a/z/b/z/q', true],
    ['a/**/z', 'b/a/z', false],
    ['**', 'anything/at all', true],
  ])('%s compared with %s: %s', (pattern, path, expected) => {
    expect(compileGlob(pattern)(encodeText(path))).toBe(expected);
  });

  it('ignores case where asked', () => {
    expect(compileGlob('READ*')(raw('docs/readme.md'))).toBe(false);
    expect(compileGlob('READ*', { ignoreCase: true })(raw('docs/readme.md'))).toBe(true);
    expect(compileGlob('ÜBER', { ignoreCase: true })(encodeText('über'))).toBe(true);
  });

  it('matches names that are not UTF-8 with wildcards', () => {
    expect(compileGlob('a*z')(raw('a\xff\xfez'))).toBe(true);
    expect(compileGlob('a??z')(raw('a\xffbz'))).toBe(false);
  });

  it('takes no exponential time', () => {
    const started = performance.now();
    expect(compileGlob(`${'*a'.repeat(50)}b`)(raw('a'.repeat(1000)))).toBe(false);
    expect(compileGlob(`${'**/a/'.repeat(50)}b`)(raw(`${'a/'.repeat(999)}a`))).toBe(false);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it.each(['', '/', '//'])('refuses %j', (pattern) => {
    expect(() => compileGlob(pattern)).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});
