import { Random } from './random.ts';
import { type ContentKind, generateContent } from './text.ts';

/** One generated file: its path below the tree, with `/` between components, and what it holds. */
export interface PlannedFile {
  readonly path: string;
  readonly kind: ContentKind;
  readonly sizeBytes: number;
  /** Names the content: two files of equal seed, kind and size are byte for byte equal. */
  readonly seed: string;
}

/** A tree of generated files. `file(index)` is pure, so any share of the tree can be made anywhere. */
export interface FilePlan {
  readonly count: number;
  /** Indexes of files that grow at their end in the changed variant, beside the 1 % that change anyhow. */
  readonly growing: readonly number[];
  file(index: number): PlannedFile;
}

/** One step from the base tree to the changed tree. */
export type Change =
  | { readonly action: 'write'; readonly path: string; readonly content: () => Buffer; readonly original?: number }
  | { readonly action: 'rename'; readonly path: string; readonly to: string; readonly original: number }
  | { readonly action: 'delete'; readonly path: string; readonly original: number };

interface Quantile {
  readonly perMille: number;
  readonly sizeBytes: number;
}

// Sizes of the files of large source trees: most are a few KiB, a few per cent make half of the bytes.
const sourceTreeSizes: readonly Quantile[] = [
  { perMille: 0, sizeBytes: 40 },
  { perMille: 100, sizeBytes: 420 },
  { perMille: 250, sizeBytes: 1_250 },
  { perMille: 500, sizeBytes: 3_700 },
  { perMille: 750, sizeBytes: 9_100 },
  { perMille: 900, sizeBytes: 20_000 },
  { perMille: 970, sizeBytes: 49_500 },
  { perMille: 995, sizeBytes: 143_000 },
  { perMille: 1000, sizeBytes: 540_000 },
];

const mebi = 1 << 20;

/** Many small files: code, JSON, prose, some images; every 14th is a copy of another. */
export function smallPlan(scale: number): FilePlan {
  const count = scaled(60_000, scale);
  return { count, growing: [], file: (index) => sourceTreeFile('small', index) };
}

/** A million files of about 1 KiB, 100 to a folder. */
export function millionPlan(scale: number): FilePlan {
  return { count: scaled(1_000_000, scale), growing: [], file: millionFile };
}

/** Incompressible media of 1 to 40 MB (511 MB), logs (144 MB) and 3,100 small files. */
export function mixedPlan(scale: number): FilePlan {
  const big = [...mediaFiles(scale), ...logFiles(scale)];
  const small = scaled(3_100, scale);
  return {
    count: big.length + small,
    growing: [big.length - 1],
    file: (index) => big[index] ?? sourceTreeFile('mixed', index - big.length),
  };
}

/** The bytes of a planned file. */
export function fileContent(file: PlannedFile): Buffer {
  return generateContent(file.kind, file.sizeBytes, file.seed);
}

/**
 * What the changed variant does: one file of every hundred, spread over the whole tree, is rewritten (6 of 10),
 * joined by a new one (2), renamed (1) or deleted (1); growing files get a hundredth more.
 */
export function plannedChanges(plan: FilePlan): Change[] {
  const random = new Random('changes', plan.count);
  const changes: Change[] = plan.growing.map((index) => grow(plan.file(index), index));
  const total = Math.max(1, Math.round(plan.count / 100));
  const stride = plan.count / total;
  for (let turn = 0; turn < total; turn++) {
    const index = Math.min(plan.count - 1, Math.floor((turn + random.below(1000) / 1000) * stride));
    if (!plan.growing.includes(index)) changes.push(changeOf(plan.file(index), index, turn % 10));
  }
  return changes;
}

function changeOf(file: PlannedFile, original: number, turn: number): Change {
  if (turn === 9) return { action: 'delete', path: file.path, original };
  if (turn === 8 || file.kind === 'media')
    return { action: 'rename', path: file.path, to: `${file.path}.moved`, original };
  if (turn >= 6) return { action: 'write', path: `${file.path}.new`, content: () => fileContent(reseeded(file)) };
  return { action: 'write', path: file.path, content: () => rewritten(file), original };
}

function grow(file: PlannedFile, original: number): Change {
  const more = { ...reseeded(file), sizeBytes: Math.ceil(file.sizeBytes / 100) };
  return {
    action: 'write',
    path: file.path,
    content: () => Buffer.concat([fileContent(file), fileContent(more)]),
    original,
  };
}

/** An edit keeps the first half of the file and replaces the rest by something of the same kind. */
function rewritten(file: PlannedFile): Buffer {
  const kept = fileContent(file).subarray(0, file.sizeBytes >> 1);
  return Buffer.concat([kept, fileContent({ ...reseeded(file), sizeBytes: file.sizeBytes - kept.length + 24 })]);
}

function reseeded(file: PlannedFile): PlannedFile {
  return { ...file, seed: `${file.seed}/changed` };
}

function sourceTreeFile(corpus: string, index: number): PlannedFile {
  const kind = kindOf(corpus, index);
  const source = copiedFrom(corpus, index);
  const shape = new Random(corpus, 'shape', source);
  const extension = { code: 'ts', json: 'json', prose: 'md', image: 'png', log: 'log', media: 'mp4' }[kind];
  const sizeBytes = kind === 'image' ? shape.between(1_000, 11_000) : sizeAt(sourceTreeSizes, shape.below(1_000_000));
  const folder = nestedFolder(Math.floor(index / 12));
  return { path: `${folder}/${kind}-${index}.${extension}`, kind, sizeBytes, seed: `${corpus}/${source}` };
}

/** The index whose content this file has: its own, or that of an earlier file. */
function copiedFrom(corpus: string, index: number): number {
  let source = index;
  while (source > 0) {
    const random = new Random(corpus, 'copy', source);
    if (!random.oneIn(14)) return source;
    source = random.below(source);
  }
  return source;
}

function kindOf(corpus: string, index: number): ContentKind {
  const share = new Random(corpus, 'kind', copiedFrom(corpus, index)).below(100);
  if (share < 69) return 'code';
  if (share < 88) return 'json';
  return share < 95 ? 'prose' : 'image';
}

/** Folder `number` of a tree in which every folder has up to six subfolders. */
function nestedFolder(number: number): string {
  return number === 0 ? 'src' : `${nestedFolder(Math.floor((number - 1) / 6))}/part${number}`;
}

function millionFile(index: number): PlannedFile {
  const sizeBytes = new Random('million', 'shape', index).between(200, 1_850);
  const folder = `${String(Math.floor(index / 10_000))}/${String(Math.floor(index / 100) % 100)}`;
  const kind: ContentKind = index % 3 === 0 ? 'json' : 'code';
  return {
    path: `${folder}/item-${index}.${kind === 'json' ? 'json' : 'ts'}`,
    kind,
    sizeBytes,
    seed: `million/${index}`,
  };
}

function mediaFiles(scale: number): PlannedFile[] {
  return splitSizes('media', scaled(511_000_000, scale), mebi, 40 * mebi).map((sizeBytes, index) => ({
    path: `media/album-${index % 5}/clip-${index}.mp4`,
    kind: 'media',
    sizeBytes,
    seed: `media/${index}`,
  }));
}

function logFiles(scale: number): PlannedFile[] {
  return splitSizes('logs', scaled(144_000_000, scale), 4 * mebi, 16 * mebi).map((sizeBytes, index) => ({
    path: `logs/service-${index % 4}/app-${index}.log`,
    kind: 'log',
    sizeBytes,
    seed: `logs/${index}`,
  }));
}

/** Sizes between `low` and `high` that sum to `total` exactly; the last may be smaller. */
function splitSizes(name: string, total: number, low: number, high: number): number[] {
  const random = new Random('sizes', name);
  const sizes: number[] = [];
  for (let left = total; left > 0; left -= sizes.at(-1) as number)
    sizes.push(Math.min(left, random.between(low, high)));
  return sizes;
}

/** The size at `millionth` of a distribution given by quantiles, straight between two of them. */
function sizeAt(quantiles: readonly Quantile[], millionth: number): number {
  const above = Math.max(
    1,
    quantiles.findIndex((quantile) => quantile.perMille * 1000 > millionth),
  );
  const low = quantiles[above - 1] as Quantile;
  const high = quantiles[above] as Quantile;
  const share = (millionth - low.perMille * 1000) / ((high.perMille - low.perMille) * 1000);
  return Math.round(low.sizeBytes + share * (high.sizeBytes - low.sizeBytes));
}

function scaled(count: number, scale: number): number {
  return Math.max(1, Math.round(count * scale));
}
