import { posix } from 'node:path';
import { AMBIENT, LAYERS, type Layer, PACKAGES } from './rules.ts';
import { type Scan, scan } from './scan.ts';

/** Source files by path below src/, with `/` between folders. */
export type Sources = ReadonlyMap<string, string>;

interface Edge {
  from: string;
  /** A path below src/, or the package's name as written. */
  to: string;
  kind: 'file' | 'package';
}

const layers: Readonly<Record<string, Layer>> = LAYERS;

function covers(rulePath: string, file: string): boolean {
  return rulePath.endsWith('/') ? file.startsWith(rulePath) : file === rulePath;
}

/** The layer of a file: the one with the longest path that covers it. */
export function layerOf(file: string): string | undefined {
  const matches = Object.entries(layers).flatMap(([name, layer]) =>
    layer.paths.filter((path) => covers(path, file)).map((path) => ({ name, length: path.length })),
  );
  return matches.sort((a, b) => b.length - a.length)[0]?.name;
}

/** The file that `name`, written in `from`, means; undefined when that is outside src/ or a folder. */
function resolveFile(from: string, name: string, sources: Sources): string | undefined {
  const path = posix.join(posix.dirname(from), name);
  if (path.startsWith('../') || /(^|\/)\.{0,2}$/.test(name)) return undefined;
  return [path, path.replace(/\.js$/, '.ts'), `${path}.ts`, `${path}ts`].find((file) => sources.has(file)) ?? path;
}

function edgesOf(from: string, names: readonly string[], sources: Sources): Edge[] {
  return names.flatMap((name): Edge[] => {
    if (!name.startsWith('.')) return [{ from, to: name, kind: 'package' }];
    const to = resolveFile(from, name, sources);
    return to === undefined ? [] : [{ from, to, kind: 'file' }];
  });
}

function fileViolation({ from, to }: Edge, sources: Sources): string | undefined {
  if (!sources.has(to)) return `${from} imports ${to}, which does not exist`;
  if (to === 'main.ts') return `${from} imports main.ts: nobody may, it is the composition root`;
  const [mine, theirs] = [layerOf(from), layerOf(to)];
  if (mine === undefined || theirs === undefined || mine === theirs) return undefined;
  const { imports, reason } = layers[mine] as Layer;
  if (imports.includes('*') || imports.includes(theirs)) return undefined;
  return `${from} imports ${to}: ${mine} may not import ${theirs}, because ${reason}`;
}

function packageViolation({ from, to }: Edge): string | undefined {
  const mine = layerOf(from) ?? '';
  if (to.startsWith('node:')) {
    const { nodeModules, reason } = layers[mine] ?? {};
    const allowed = nodeModules === undefined || nodeModules.includes(to);
    return allowed ? undefined : `${from} imports ${to}: ${mine} does no I/O, because ${reason}`;
  }
  if (mine === 'rescue' || layers[mine]?.nodeModules !== undefined) {
    return `${from} imports ${to}: ${mine} uses Node's standard library alone, because ${layers[mine]?.reason}`;
  }
  const rule = PACKAGES.find(({ name }) =>
    name.endsWith('/') ? to.startsWith(name) : `${to}/`.startsWith(`${name}/`),
  );
  if (rule === undefined || rule.layers.includes(mine)) return undefined;
  return `${from} imports ${to}: it belongs to ${rule.layers.join(' and ')}, because ${rule.reason}`;
}

/** Every cycle that a depth-first walk meets, as `a -> b -> a`. Types count: parts that need each other are one part. */
function cycles(edges: readonly Edge[]): string[] {
  const targets = Map.groupBy(edges, (edge) => edge.from);
  const finished = new Set<string>();
  const found: string[] = [];
  const walk = (file: string, trail: readonly string[]): void => {
    if (trail.includes(file)) {
      found.push(`these files import each other: ${[...trail.slice(trail.indexOf(file)), file].join(' -> ')}`);
      return;
    }
    if (finished.has(file)) return;
    for (const { to } of targets.get(file) ?? []) walk(to, [...trail, file]);
    finished.add(file);
  };
  for (const file of targets.keys()) walk(file, []);
  return found;
}

function scanFile(file: string, source: string): Scan {
  try {
    return scan(source);
  } catch (cause) {
    throw new Error(`${file} cannot be parsed`, { cause });
  }
}

function checkFile(file: string, source: string, sources: Sources): { edges: Edge[]; violations: string[] } {
  const { imports, computed, ambient } = scanFile(file, source);
  const edges = edgesOf(file, imports, sources);
  const violations = edges.map((edge) =>
    edge.kind === 'file' ? fileViolation(edge, sources) : packageViolation(edge),
  );
  if (layerOf(file) === undefined) {
    violations.push(`${file} is in no known layer: add its folder to test/helpers/architecture/rules.ts with a reason`);
  }
  violations.push(
    ...computed.map((text) => `${file} computes the name of an import, which cannot be checked: ${text}`),
  );
  if (!AMBIENT.some(({ path }) => covers(path, file))) {
    violations.push(
      ...ambient.map((what) => `${file} reads ${what}: take it as an argument (a Clock, a RandomSource)`),
    );
  }
  return { edges: edges.filter((edge) => edge.kind === 'file'), violations: violations.filter((v) => v !== undefined) };
}

/** Every rule of the architecture that `sources` break, each as one sentence; empty when all is well. */
export function checkArchitecture(sources: Sources): string[] {
  const checked = [...sources].map(([file, source]) => checkFile(file, source, sources));
  return [...checked.flatMap(({ violations }) => violations), ...cycles(checked.flatMap(({ edges }) => edges))];
}
