import { compareTrees, type Losses } from '../tree/compare-trees.ts';
import type { Tree } from '../tree/read-tree.ts';
import type { ExpectedLoss } from './content-map.ts';

/** What Node alone cannot restore; times are off by a float's precision and never later. */
export const RESCUE_LOSSES: Losses = { xattrs: true };
const FLOAT_TIME_NS = 2000n;

/**
 * How a restore of a damaged snapshot differs from what it must be, one sentence a difference: everything is there and identical but the expected
 * losses, which are absent.
 */
export function compareRestored(expected: Tree, actual: Tree, loss: ExpectedLoss, losses: Losses = {}): string[] {
  const [left, right]: [Tree, Tree] = [new Map(), new Map(actual)];
  const complaints: string[] = [];
  for (const [path, fact] of expected) {
    const found = actual.get(path);
    if (loss.files.has(path)) {
      if (found !== undefined) complaints.push(`${JSON.stringify(path)} is there although its content is lost`);
    } else if (!loss.entries.has(path)) {
      left.set(path, fact);
      continue;
    } else if (found !== undefined && found.type !== 'directory') {
      complaints.push(`${JSON.stringify(path)} is there although nothing is known of it`);
    }
    right.delete(path);
  }
  return [...complaints, ...compareTrees(forgiving(left, loss), forgiving(right, loss, left, losses), losses)];
}

/** Groups of hard links are compared where all members are there, and times to what a float tells apart. */
function forgiving(tree: Tree, loss: ExpectedLoss, other?: Tree, losses?: Losses): Tree {
  const changed: Tree = new Map();
  for (const [path, fact] of tree) {
    const copy = { ...fact };
    if (loss.entries.size > 0) copy.sameAs = path;
    const wanted = other?.get(path);
    if (wanted !== undefined && losses?.xattrs === true && isNear(copy.mtimeNs, wanted.mtimeNs))
      copy.mtimeNs = wanted.mtimeNs;
    changed.set(path, copy);
  }
  return changed;
}

function isNear(a: string, b: string): boolean {
  const off = BigInt(a) - BigInt(b);
  return off <= FLOAT_TIME_NS && off >= -FLOAT_TIME_NS;
}
