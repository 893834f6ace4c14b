import { parseAst } from 'vitest/node';

/** What one source file reaches for, found in its syntax tree, so that comments and strings cannot mislead. */
export interface Scan {
  /** Module names as written: static and dynamic imports, types, re-exports, require, and URLs beside the file. */
  imports: string[];
  /** Imports whose name is computed, which no rule could check: the source text of each. */
  computed: string[];
  /** Reads of time, chance or environment: `Date.now`, `new Date()`, `process.env` and the like. */
  ambient: string[];
}

interface Node {
  type: string;
  start: number;
  end: number;
  [key: string]: unknown;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';
}

function children(node: Node): Node[] {
  return Object.values(node).flat().filter(isNode);
}

function isIdentifier(value: unknown, name: string): boolean {
  return isNode(value) && value.type === 'Identifier' && value.name === name;
}

/** `a.b`, `a['b']`, `globalThis.a.b`: the property's name when the object is called `object`. */
function memberOf(node: Node, object: string): string | undefined {
  if (node.type !== 'MemberExpression' || !isNode(node.property)) return undefined;
  const target = node.object as Node;
  const found = isIdentifier(target, object) || memberOf(target, 'globalThis') === object;
  if (!found) return undefined;
  const property = node.property;
  return String(property.type === 'Literal' ? property.value : property.name);
}

/** Names in an expression: literals in any branch; of a template only the part before its first placeholder. */
function literals(node: Node): string[] {
  if (node.type === 'Literal') return typeof node.value === 'string' ? [node.value] : [];
  if (node.type === 'ConditionalExpression') return [node.consequent, node.alternate].filter(isNode).flatMap(literals);
  if (node.type === 'TSLiteralType') return isNode(node.literal) ? literals(node.literal) : [];
  if (node.type !== 'TemplateLiteral') return [];
  const [head] = node.quasis as { value: { cooked: string } }[];
  return head?.value.cooked ? [head.value.cooked] : [];
}

const isMetaUrl = (node: unknown): boolean =>
  isNode(node) && node.type === 'MemberExpression' && (node.object as Node).type === 'MetaProperty';

/** The expression that names a module in `node`, if `node` is any kind of import. */
function moduleName(node: Node): Node | undefined {
  const [first, second] = (node.arguments as Node[] | undefined) ?? [];
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
    case 'ImportExpression':
    case 'TSImportType':
      return [node.source, node.argument].find(isNode);
    case 'TSExternalModuleReference':
      return node.expression as Node;
    case 'NewExpression':
      return isIdentifier(node.callee, 'URL') && isMetaUrl(second) ? first : undefined;
    case 'CallExpression':
      return isIdentifier(node.callee, 'require') || isMetaResolve(node.callee) ? first : undefined;
    default:
      return undefined;
  }
}

function isMetaResolve(callee: unknown): boolean {
  return isMetaUrl(callee) && isIdentifier((callee as Node).property, 'resolve');
}

const AMBIENT_MEMBERS = { Date: ['now'], Math: ['random'], performance: ['now'], process: ['env', 'hrtime'] };
const AMBIENT_CRYPTO = ['randomBytes', 'randomUUID', 'randomInt', 'randomFill', 'randomFillSync', 'getRandomValues'];
const AMBIENT_IMPORTS: Record<string, readonly string[]> = {
  'node:process': AMBIENT_MEMBERS.process,
  'node:perf_hooks': ['performance'],
  'node:crypto': [...AMBIENT_CRYPTO, 'webcrypto'],
};

function ambientReads(node: Node): string[] {
  if (node.type === 'NewExpression' || node.type === 'CallExpression') {
    const bare = isIdentifier(node.callee, 'Date') && (node.type === 'CallExpression' || isEmpty(node.arguments));
    return bare ? ['the current Date'] : [];
  }
  if (node.type === 'VariableDeclarator' && isNode(node.id) && node.id.type === 'ObjectPattern') {
    return isIdentifier(node.init, 'process') ? propertyNames(node.id).filter((name) => name === 'env') : [];
  }
  if (node.type === 'ImportDeclaration' && node.importKind !== 'type') return ambientImports(node);
  const members = Object.entries({ ...AMBIENT_MEMBERS, crypto: AMBIENT_CRYPTO });
  return members.flatMap(([object, names]) => {
    const name = memberOf(node, object);
    return name !== undefined && names.includes(name) ? [`${object}.${name}`] : [];
  });
}

function isEmpty(list: unknown): boolean {
  return Array.isArray(list) && list.length === 0;
}

function propertyNames(pattern: Node): string[] {
  return (pattern.properties as Node[]).map((property) => String((property.key as Node | undefined)?.name));
}

function ambientImports(node: Node): string[] {
  const from = String((node.source as Node).value);
  const names = (node.specifiers as Node[]).map((specifier) => String((specifier.imported as Node | undefined)?.name));
  return names.filter((name) => AMBIENT_IMPORTS[from]?.includes(name)).map((name) => `${name} of ${from}`);
}

/**
 * Scans TypeScript or JavaScript source text.
 *
 * @throws Error of the parser when the text is not valid
 */
export function scan(source: string): Scan {
  const result: Scan = { imports: [], computed: [], ambient: [] };
  const queue: Node[] = [parseAst(source, { lang: 'ts' }) as unknown as Node];
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    queue.push(...children(node));
    result.ambient.push(...ambientReads(node));
    const name = moduleName(node);
    if (name === undefined) continue;
    const found = literals(name);
    result.imports.push(...found);
    if (found.length === 0) result.computed.push(source.slice(node.start, node.end));
  }
  return result;
}
