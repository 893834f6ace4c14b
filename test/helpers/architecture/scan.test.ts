import { describe, expect, it } from 'vitest';
import { scan } from './scan.ts';

describe('the scanner finds an import', () => {
  it.each([
    ["import { a } from './a.ts';"],
    ["import './a.ts';"],
    ["import type { A } from './a.ts';"],
    ["import { type A } from './a.ts';"],
    ["export { a } from './a.ts';"],
    ["export * from './a.ts';"],
    ["export type { A } from './a.ts';"],
    ["const a = await import('./a.ts');"],
    ["type A = import('./a.ts').A;"],
    ["let a: typeof import('./a.ts');"],
    ["import a = require('./a.ts');"],
    ["const a = require('./a.ts');"],
    ["const a = import.meta.resolve('./a.ts');"],
    ["new Worker(new URL('./a.ts', import.meta.url));"],
    ["import a from './a.ts' with { type: 'json' };"],
    ['await import(`./a.ts`);'],
  ])('in %s', (source) => {
    expect(scan(source)).toEqual({ imports: ['./a.ts'], computed: [], ambient: [] });
  });

  it('in every branch of a choice, and before the placeholder of a template', () => {
    expect(scan("new URL(built ? './a.js' : './a.ts', import.meta.url)").imports).toEqual(['./a.js', './a.ts']);
    expect(scan('new URL(`./a.$' + '{extension}`, import.meta.url)').imports).toEqual(['./a.']);
  });

  it.each(['await import(name)', 'new URL(name, import.meta.url)', 'require(`$' + '{name}.ts`)'])(
    'and says where %s computes its name',
    (source) => {
      expect(scan(source)).toMatchObject({ imports: [], computed: [expect.stringContaining('name')] });
    },
  );

  it.each([
    "// import './a.ts';",
    "/* require('./a.ts') */",
    `const text = "import './a.ts'";`,
    "const text = `await import('./a.ts')`;",
    "const pattern = /import('.\\/a.ts')/;",
    "new URL('https://example.org/a.ts');",
    'export const a = 1;',
  ])('and none in %s', (source) => {
    expect(scan(source)).toEqual({ imports: [], computed: [], ambient: [] });
  });

  it('and refuses what is no program', () => {
    expect(() => scan('import {')).toThrow();
  });
});

describe('the scanner finds a read of time, chance or environment', () => {
  it.each([
    'Date.now();',
    'const now = Date.now;',
    "Date['now']();",
    'globalThis.Date.now();',
    'new Date();',
    'Date();',
    'performance.now();',
    'process.hrtime.bigint();',
    'Math.random();',
    'process.env.HOME;',
    'globalThis.process.env;',
    'const { env } = process;',
    'crypto.randomUUID();',
    "import { env } from 'node:process';",
    "import { performance } from 'node:perf_hooks';",
    "import { randomBytes as bytes } from 'node:crypto';",
    'function f(at = Date.now()) {}',
  ])('in %s', (source) => {
    expect(scan(source).ambient).toHaveLength(1);
  });

  it.each([
    'new Date(0);',
    'Date.parse(text);',
    'Math.floor(x);',
    'process.pid;',
    'clock.now();',
    "import { createHash } from 'node:crypto';",
    "import type { performance } from 'node:perf_hooks';",
    '// Date.now()',
  ])('and none in %s', (source) => {
    expect(scan(source).ambient).toEqual([]);
  });
});
