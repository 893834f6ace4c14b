import { createCipheriv, createHash } from 'node:crypto';
import { Random } from './random.ts';

/** What a generated file holds. Text kinds compress like their models; image and media do not compress at all. */
export type ContentKind = 'code' | 'json' | 'prose' | 'log' | 'image' | 'media';

type TextKind = Exclude<ContentKind, 'image' | 'media'>;

const words = makeWords(3000);
const keywords = ['const', 'let', 'return', 'await', 'export', 'private', 'static', 'readonly', 'async', 'new'];
const types = ['string', 'number', 'boolean', 'Buffer', 'Promise<void>', 'unknown', 'Map<string, number>', 'Date'];
const levels = ['INFO', 'INFO', 'INFO', 'INFO', 'DEBUG', 'DEBUG', 'WARN', 'ERROR'];
const statuses = [200, 200, 200, 200, 201, 204, 301, 304, 400, 403, 404, 500];

/** Exactly `size` bytes of the kind, decided by the seed alone. */
export function generateContent(kind: ContentKind, size: number, ...seed: readonly (string | number)[]): Buffer {
  if (kind === 'image' || kind === 'media') return incompressible(size, ...seed);
  const random = new Random(kind, ...seed);
  const line = lineWriters[kind](random, size);
  const repeats = repeatsEvery[kind];
  const earlier: string[] = [];
  let text = '';
  while (text.length < size) {
    const next = earlier.length > 8 && random.oneIn(repeats) ? random.pick(earlier) : line();
    if (earlier.length < 400) earlier.push(next);
    text += next;
  }
  return Buffer.from(text.slice(0, size), 'latin1');
}

/** `size` bytes that no compressor shortens: the key stream of AES-128-CTR. */
export function incompressible(size: number, ...seed: readonly (string | number)[]): Buffer {
  const key = createHash('sha256').update(seed.join('\u0000')).digest();
  return createCipheriv('aes-128-ctr', key.subarray(0, 16), key.subarray(16)).update(Buffer.alloc(size));
}

/** A sentence of `count` words. */
export function sentence(random: Random, count: number): string {
  let text = '';
  for (let index = 0; index < count; index++) text += `${random.pickSkewed(words)} `;
  return `${text.charAt(0).toUpperCase()}${text.slice(1, -1)}.`;
}

/** One word of the vocabulary, common ones more often. */
export function word(random: Random): string {
  return random.pickSkewed(words);
}

// One line in so many is an earlier line of the same file over again; logs repeat words, not lines.
const repeatsEvery: Record<TextKind, number> = { code: 3, json: 2, prose: 5, log: 1_000_000 };

const lineWriters: Record<TextKind, (random: Random, size: number) => () => string> = {
  code: codeLines,
  json: jsonLines,
  prose: (random) => () => `${sentence(random, random.between(5, 18))}${random.oneIn(4) ? '\n\n' : ' '}`,
  log: logLines,
};

/** Statements over identifiers of the file's own, so that a file repeats itself as programs do. */
function codeLines(random: Random, size: number): () => string {
  const names = Array.from({ length: Math.min(300, 14 + Math.floor(size / 400)) }, () => identifier(random));
  const name = () => random.pickSkewed(names);
  const shapes: (() => string)[] = [
    () => `${random.pick(keywords)} ${name()} = ${name()}.${name()}(${name()});\n`,
    () => `if (${name()} === ${name()}) return ${name()};\n`,
    () => `// ${sentence(random, random.between(4, 11))}\n`,
    () => `export function ${name()}(${name()}: ${random.pick(types)}): ${random.pick(types)} {\n`,
    () => '}\n\n',
    () => `this.${name()}.${name()}('${word(random)}', ${random.below(512)});\n`,
    () => `for (const ${name()} of ${name()}.${name()}) {\n`,
    () => `throw new Error(\`${word(random)} ${word(random)} \${${name()}}\`);\n`,
    () => `import { ${name()}, ${name()} } from './${word(random)}.ts';\n`,
  ];
  return () => `${'        '.slice(0, 2 * random.below(5))}${random.pickSkewed(shapes)()}`;
}

function identifier(random: Random): string {
  const second = random.pickSkewed(words);
  const tail = random.oneIn(3) ? '' : second.charAt(0).toUpperCase() + second.slice(1);
  return random.pickSkewed(words) + tail;
}

/** Records that share their keys within a file. */
function jsonLines(random: Random): () => string {
  const keys = Array.from({ length: random.between(4, 9) }, () => identifier(random));
  const value = () => jsonValue(random);
  return () => {
    let text = '  {\n';
    for (const key of keys) text += `    "${key}": ${value()},\n`;
    return `${text}    "id": ${random.below(100_000)}\n  },\n`;
  };
}

function jsonValue(random: Random): string {
  const choice = random.below(6);
  if (choice === 0) return String(random.below(100_000));
  if (choice === 1) return random.oneIn(2) ? 'true' : 'false';
  if (choice === 2) return `"${random.hex8()}"`;
  return `"${word(random)} ${word(random)}"`;
}

/** Access-log lines with rising times, request identifiers and durations. */
function logLines(random: Random): () => string {
  let second = 1_700_000_000 + random.below(10_000_000);
  const services = Array.from({ length: 12 }, () => `${word(random)}-service`);
  const routes = Array.from({ length: 60 }, () => `/api/${word(random)}/${word(random)}`);
  return () => {
    if (random.oneIn(3)) second++;
    const request = `${random.hex8()}${random.hex8()}`;
    const service = random.pickSkewed(services);
    const route = `${random.pickSkewed(routes)}/${random.below(90_000)}`;
    const address = `10.${random.below(4)}.${random.below(256)}.${random.below(256)}`;
    return `${second}.${random.below(1000)} ${random.pick(levels)} [${service}] req=${request} GET ${route} ${random.pick(statuses)} bytes=${random.below(60_000)} ms=${random.below(900)} ip=${address}\n`;
  };
}

function makeWords(count: number): string[] {
  const random = new Random('words');
  const onsets = ['b', 'c', 'd', 'f', 'g', 'l', 'm', 'n', 'p', 'r', 's', 't', 'v', 'st', 'tr', 'ch', 'pl', 'gr'];
  const vowels = ['a', 'e', 'i', 'o', 'u', 'ea', 'io'];
  const endings = ['', '', '', 'n', 'r', 's', 't', 'l', 'ng', 'ck'];
  const found = new Set<string>();
  while (found.size < count) {
    let text = '';
    for (let left = random.between(1, 3); left > 0; left--) text += random.pick(onsets) + random.pick(vowels);
    found.add(text + random.pick(endings));
  }
  return [...found].sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
}
