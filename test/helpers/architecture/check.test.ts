import { describe, expect, it } from 'vitest';
import { checkArchitecture, layerOf } from './check.ts';
import { AMBIENT, LAYERS, type Layer, PACKAGES } from './rules.ts';

const layers: [string, Layer][] = Object.entries(LAYERS);

/** A file of a layer: its only one, or a made-up one in its first folder. */
function fileIn(layer: string, name = 'planted'): string {
  const path = (LAYERS as Record<string, Layer>)[layer]?.paths[0] ?? '';
  return path.endsWith('/') ? `${path}${name}.ts` : path;
}

/** What the checker says of one file with this text, next to the empty files that it imports. */
function check(file: string, source: string, ...others: string[]): string[] {
  return checkArchitecture(new Map([...others.map((other) => [other, ''] as const), [file, source]]));
}

/** A relative import of `to` as it is written in `from`. */
function importing(from: string, to: string): string {
  return `import '${'../'.repeat(from.split('/').length - 1) || './'}${to}';`;
}

describe('the rule table', () => {
  it.each(layers)('%s allows only layers that exist and gives a reason', (_, layer) => {
    expect([...Object.keys(LAYERS), '*']).toEqual(expect.arrayContaining([...layer.imports]));
    expect(layer.reason.length).toBeGreaterThan(20);
  });

  it.each([...PACKAGES.map((row) => [row.name, row] as const)])('%s belongs to layers that exist', (_, row) => {
    expect(Object.keys(LAYERS)).toEqual(expect.arrayContaining([...row.layers]));
  });

  it('points downward: apart from the three codecs, no layer reaches itself through others', () => {
    const codecs = ['format', 'crypto', 'chunker'];
    const reaches = (layer: string, seen = new Set<string>()): Set<string> => {
      for (const next of (LAYERS as Record<string, Layer>)[layer]?.imports ?? []) {
        if (next === '*' || seen.has(next) || (codecs.includes(layer) && codecs.includes(next))) continue;
        seen.add(next);
        reaches(next, seen);
      }
      return seen;
    };
    for (const [name] of layers) expect([...reaches(name)], name).not.toContain(name);
  });

  it('puts a platform below bot/ in its own layer and the rest of bot/ in dispatch', () => {
    expect(['bot/dispatch.ts', 'bot/slack/app.ts', 'bot/console/prompt.ts'].map(layerOf)).toEqual([
      'dispatch',
      'slack',
      'console',
    ]);
  });
});

const others = (name: string) => Object.keys(LAYERS).filter((other) => other !== name && other !== 'main');

describe('between layers', () => {
  const restricted = layers.filter(([, layer]) => !layer.imports.includes('*'));

  it.each(restricted)('%s may import what its row lists and nothing else', (from, layer) => {
    for (const to of others(from)) {
      const violations = check(fileIn(from), importing(fileIn(from), fileIn(to)), fileIn(to));
      const refusal = `${from} may not import ${to}, because ${layer.reason}`;
      expect(violations, to).toEqual(layer.imports.includes(to) ? [] : [expect.stringContaining(refusal)]);
    }
  });

  it('main may import everything', () => {
    for (const to of others('main')) expect(check('main.ts', importing('main.ts', fileIn(to)), fileIn(to))).toEqual([]);
  });

  it.each([
    ['shared/a.ts', 'backup/entry.ts'],
    ['backup/format/a.ts', 'backup/stores/local.ts'],
    ['backup/stores/local.ts', 'backup/repository/pack.ts'],
    ['backup/sources/files.ts', 'backup/format/pack.ts'],
    ['backup/operations/backup.ts', 'backup/stores/local.ts'],
    ['backup/index.ts', 'state/audit.ts'],
    ['commands/backup.ts', 'backup/operations/backup.ts'],
    ['commands/backup.ts', 'bot/slack/blocks.ts'],
    ['commands/backup.ts', 'cli/parse.ts'],
    ['bot/discord/app.ts', 'bot/slack/app.ts'],
    ['bot/console/app.ts', 'backup/index.ts'],
    ['cli/run.ts', 'http/server.ts'],
    ['view/table.ts', 'commands/list.ts'],
    ['jobs/run.ts', 'backup/repository/open.ts'],
  ])('the design forbids that %s imports %s', (from, to) => {
    expect(check(from, importing(from, to), to)).toEqual([expect.stringContaining('may not import')]);
  });

  it.each([
    ['a type', "import type { E } from '../backup/entry.ts';"],
    ['a re-export', "export { E } from '../backup/entry.ts';"],
    ['a dynamic import', "await import('../backup/entry.ts');"],
    ['a worker beside it', "new URL('../backup/entry.ts', import.meta.url);"],
    ['a worker by its built name', "new URL('../backup/entry.js', import.meta.url);"],
    ['a worker whose extension is chosen', 'new URL(`../backup/entry.$' + '{extension}`, import.meta.url);'],
  ])('a forbidden import is seen as %s', (_, source) => {
    expect(check('shared/a.ts', source, 'backup/entry.ts')).toEqual([expect.stringContaining('may not import')]);
  });
});

describe('everywhere', () => {
  it.each(layers.filter(([name]) => name !== 'main'))('%s may not import main.ts', (name) => {
    const file = fileIn(name);
    expect(check(file, importing(file, 'main.ts'), 'main.ts')).toEqual([expect.stringContaining('nobody may')]);
  });

  it('a file outside the known folders fails', () => {
    expect(check('helpers/a.ts', '')).toEqual([expect.stringContaining('no known layer')]);
    expect(check('backup/loose.ts', '')).toEqual([expect.stringContaining('no known layer')]);
  });

  it('an import of a file that does not exist fails', () => {
    expect(check('shared/a.ts', "import './b.ts';")).toEqual([expect.stringContaining('does not exist')]);
  });

  it('a file that cannot be parsed fails by its name', () => {
    expect(() => check('shared/a.ts', 'import {')).toThrow('shared/a.ts cannot be parsed');
  });

  it('an import with a computed name fails', () => {
    expect(check('main.ts', 'await import(name);')).toEqual([expect.stringContaining('computes the name')]);
  });

  it('a file outside src/ and the URL of a folder are no business of these rules', () => {
    const source = "new URL('../../package.json', import.meta.url); new URL('..', import.meta.url);";
    expect(check('shared/a.ts', `${source} new URL('./', import.meta.url);`)).toEqual([]);
  });

  it.each([
    [
      'two files',
      { 'shared/a.ts': "import './b.ts';", 'shared/b.ts': "import './a.ts';" },
      'a.ts -> shared/b.ts -> shared/a.ts',
    ],
    [
      'three, one by type',
      {
        'shared/a.ts': "import './b.ts';",
        'shared/b.ts': "import './c.ts';",
        'shared/c.ts': "import type { A } from './a.ts';",
      },
      'c.ts -> shared/a.ts',
    ],
    ['a file and itself', { 'shared/a.ts': "import './a.ts';" }, 'shared/a.ts -> shared/a.ts'],
  ])('a cycle of %s fails', (_, files, trail) => {
    expect(checkArchitecture(new Map(Object.entries(files)))).toEqual([expect.stringContaining(trail)]);
  });

  it('two ways to the same file are no cycle', () => {
    const files = {
      'shared/a.ts': "import './b.ts'; import './c.ts';",
      'shared/b.ts': "import './c.ts';",
      'shared/c.ts': '',
    };
    expect(checkArchitecture(new Map(Object.entries(files)))).toEqual([]);
  });
});

describe('Node and packages', () => {
  const pure = layers.filter(([, layer]) => layer.nodeModules !== undefined).map(([name]) => name);
  const io = [
    'fs',
    'fs/promises',
    'net',
    'http',
    'https',
    'child_process',
    'worker_threads',
    'os',
    'process',
    'sqlite',
  ];

  it('the pure layers are the codecs and the view', () => {
    expect(pure).toEqual(['format', 'crypto', 'chunker', 'view']);
  });

  it.each(pure)('%s may import no module of Node that does I/O', (layer) => {
    for (const module of io) {
      expect(check(fileIn(layer), `import 'node:${module}';`)).toEqual([expect.stringContaining('does no I/O')]);
    }
  });

  it.each(pure)('%s may import node:crypto and node:zlib, but no package', (layer) => {
    expect(check(fileIn(layer), "import 'node:crypto'; import 'node:zlib';")).toEqual([]);
    expect(check(fileIn(layer), "import 'zod';")).toEqual([expect.stringContaining('standard library alone')]);
  });

  it('rescue imports Node alone', () => {
    expect(check('backup/rescue/rescue.mjs', "import 'node:fs';")).toEqual([]);
    expect(check('backup/rescue/rescue.mjs', "import 'tar';")).toEqual([expect.stringContaining('standard library')]);
  });

  it.each(PACKAGES)('$name stays in $layers', ({ name, layers: homes, reason }) => {
    const specifier = name.endsWith('/') ? `${name}part` : `${name}/part`;
    for (const home of homes) expect(check(fileIn(home), `import '${specifier}';`)).toEqual([]);
    expect(check(fileIn('commands'), `import '${specifier}';`)).toEqual([expect.stringContaining(reason)]);
  });

  it('a package whose name only begins like another is another', () => {
    expect(check(fileIn('commands'), "import 'tar-stream';")).toEqual([]);
  });
});

describe('time, chance and environment', () => {
  const reads = ['Date.now()', 'new Date()', 'Math.random()', 'process.env.HOME'];

  it.each(reads)('%s is refused in a library file', (source) => {
    expect(check('backup/operations/a.ts', source)).toEqual([expect.stringContaining('take it as an argument')]);
  });

  it.each(AMBIENT)('they may be read in $path, because $reason', ({ path }) => {
    const file = path.endsWith('/') ? `${path}planted.ts` : path;
    for (const source of reads) expect(check(file, source)).toEqual([]);
  });
});
