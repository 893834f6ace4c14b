import type { Tree, TreeFact } from './read-tree.ts';

/** What a layer declares that it loses. */
export interface Losses {
  /** Times may be this much earlier, never later. */
  timeNs?: bigint;
  xattrs?: boolean;
  holes?: boolean;
  /** FIFOs, sockets and devices are not there. */
  specialFiles?: boolean;
}

const SPECIAL = ['fifo', 'socket', 'char-device', 'block-device'];

/** How `actual` differs from `expected`, one sentence a difference; nothing where they are the same but for the losses. */
export function compareTrees(expected: Tree, actual: Tree, losses: Losses = {}): string[] {
  const paths = [...new Set([...expected.keys(), ...actual.keys()])].sort();
  return paths.flatMap((path) => compare(path, expected.get(path), actual.get(path), losses));
}

function compare(path: string, expected: TreeFact | undefined, actual: TreeFact | undefined, losses: Losses): string[] {
  const name = JSON.stringify(path.length > 200 ? `${path.slice(0, 100)}...${path.slice(-60)}` : path);
  if (expected === undefined) return [`${name} should not be there`];
  const absent = losses.specialFiles === true && SPECIAL.includes(expected.type);
  if (actual === undefined) return absent ? [] : [`${name} (${expected.type}) is missing`];
  return (Object.keys(expected) as (keyof TreeFact)[])
    .filter((key) => expected[key] !== actual[key] && !isLoss(key, expected, actual, losses))
    .map((key) => `${name}: ${key} is ${show(actual[key])} instead of ${show(expected[key])}`);
}

function isLoss(key: keyof TreeFact, expected: TreeFact, actual: TreeFact, losses: Losses): boolean {
  if (key === 'xattrs' && losses.xattrs === true) return actual.xattrs === '';
  if (key === 'holes' && losses.holes === true) return true;
  if (key !== 'mtimeNs') return false;
  const early = BigInt(expected.mtimeNs) - BigInt(actual.mtimeNs);
  return early >= 0n && early <= (losses.timeNs ?? 0n);
}

function show(value: string | number): string {
  const text = String(value);
  return text.length > 120 ? `${text.slice(0, 100)}... (${text.length} characters)` : text || 'nothing';
}
