import ignore, { type Ignore } from 'ignore';
import { type ByteString, decodeText } from '../../../shared/bytes.ts';

/** The rules remember every path that they were asked about; beyond this many they start over, so that memory stays bounded. */
const FORGET_EVERY = 10_000;

/** Tells what to leave out by patterns in `.gitignore` syntax, relative to a root. */
export function createExcluder(patterns: readonly string[]): (relative: ByteString, isDirectory: boolean) => boolean {
  if (patterns.length === 0) return () => false;
  let rules = rulesOf(patterns);
  let asked = 0;
  return (relative, isDirectory) => {
    if (++asked % FORGET_EVERY === 0) rules = rulesOf(patterns);
    // Patterns are text: names that are no UTF-8 are matched by their bytes as latin1, so that wildcards still apply.
    const text = decodeText(relative) ?? relative;
    return rules.ignores(isDirectory ? `${text}/` : text);
  };
}

/** Names that differ in case are different names here, as they are to the file system and to git on it. */
function rulesOf(patterns: readonly string[]): Ignore {
  return ignore({ allowRelativePaths: true, ignorecase: false }).add([...patterns]);
}
