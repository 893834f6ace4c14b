import { type Document, isMap, isScalar, type LineCounter, type Node } from 'yaml';
import type { z } from 'zod';
import { editDistance } from '../shared/edit-distance.ts';

type Path = readonly PropertyKey[];

/** Something wrong with a configuration, and where: lines and columns count from 1. */
export interface Problem {
  line: number;
  column: number;
  /** Such as `platforms.discord.token: is missing`. */
  message: string;
  advice?: string;
}

export interface Positions {
  document: Document;
  lines: LineCounter;
}

/** A problem at a place in the document, or at the nearest place above it that is written there. */
export function problemAt(path: Path, message: string, { document, lines }: Positions, advice?: string): Problem {
  const { line, col } = lines.linePos(offsetOf(document, path));
  const label = path.map(String).join('.');
  return { line, column: col, message: label === '' ? message : `${label}: ${message}`, ...(advice && { advice }) };
}

/** What zod found, in people's words. `known` gives the keys that are allowed at a path. */
export function problemsOf(
  issue: z.core.$ZodIssue,
  positions: Positions,
  known: (path: Path) => readonly string[],
): Problem[] {
  const branch = issue.code === 'invalid_union' ? meantBranch(issue) : undefined;
  if (branch !== undefined) {
    return branch.flatMap((inner) => problemsOf({ ...inner, path: [...issue.path, ...inner.path] }, positions, known));
  }
  if (issue.code !== 'unrecognized_keys') return [problemAt(issue.path, wordsOf(issue, positions), positions)];
  return issue.keys.map((key) => {
    const meant = nearest(key, known(issue.path));
    const advice = meant === undefined ? `Known here: ${known(issue.path).join(', ')}.` : `Did you mean ${meant}?`;
    return problemAt([...issue.path, key], 'is not known', positions, advice);
  });
}

/** Of several shapes, the one that was meant: what was written is of its type, and only something in it is wrong. */
function meantBranch({ errors }: z.core.$ZodIssueInvalidUnion): readonly z.core.$ZodIssue[] | undefined {
  return errors.find((issues) => issues.every(({ code, path }) => path.length > 0 || code === 'unrecognized_keys'));
}

function wordsOf(issue: z.core.$ZodIssue, { document }: Positions): string {
  const written = document.hasIn(issue.path) || issue.path.length === 0;
  if (!written) return 'is missing';
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid input')) {
    const found = describeFound(document.getIn(issue.path));
    return `must be ${EXPECTED[issue.expected] ?? issue.expected}, not ${found}`;
  }
  if (issue.code === 'invalid_value' && issue.message.startsWith('Invalid option')) {
    return `must be one of ${issue.values.map(String).join(', ')}`;
  }
  if (issue.code === 'invalid_key') return issue.issues.map(({ message }) => message).join('; ');
  if (issue.code === 'too_big') return `must be ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}`;
  if (issue.code === 'too_small' && issue.origin !== 'array') {
    return `must be ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`;
  }
  return issue.message;
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'text',
  object: 'a group of keys',
  record: 'a group of keys',
  array: 'a list',
  boolean: 'true or false',
  number: 'a number',
  int: 'a whole number',
};

function describeFound(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  if (isMap(value)) return 'a group of keys';
  return typeof value === 'object' ? 'a list' : JSON.stringify(value);
}

function offsetOf(document: Document, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const offset = keyOffset(document, path.slice(0, length)) ?? startOf(document.getIn(path.slice(0, length), true));
    if (offset !== undefined) return offset;
  }
  return startOf(document.contents) ?? 0;
}

/** Where the key is written: nearer to the mistake than its value. */
function keyOffset(document: Document, path: Path): number | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return undefined;
  const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(path.at(-1)));
  return pair === undefined ? undefined : startOf(pair.key);
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}

function nearest(word: string, candidates: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(word.length / 3));
  return candidates
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance)[0]?.candidate;
}
