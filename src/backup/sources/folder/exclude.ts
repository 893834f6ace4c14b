import ignore from 'ignore';
import { type ByteString, decodeText } from '../../../shared/bytes.ts';

/** Tells what to leave out by patterns in `.gitignore` syntax, relative to a root. */
export function createExcluder(patterns: readonly string[]): (relative: ByteString, isDirectory: boolean) => boolean {
  if (patterns.length === 0) return () => false;
  const rules = ignore({ allowRelativePaths: true }).add([...patterns]);
  return (relative, isDirectory) => {
    // Patterns are text: names that are no UTF-8 are matched by their bytes as latin1, so that wildcards still apply.
    const text = decodeText(relative) ?? relative;
    return rules.ignores(isDirectory ? `${text}/` : text);
  };
}
