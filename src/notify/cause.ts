import type { ConfiguredSource } from '../config/config.ts';
import type { RunError } from '../state/unattended-records.ts';

/** Failures that are about the one repository, whichever source ran into them and whatever it was doing then. */
const OF_THE_REPOSITORY: ReadonlySet<string> = new Set([
  'store_unavailable',
  'wrong_passphrase',
  'not_a_repository',
  'unsupported_version',
]);

/** What makes failures one: the code, and what is wrong without what differs from source to source and from run to run. */
export function causeOf({ code, message }: Pick<RunError, 'code' | 'message'>, sources: Sources): string {
  if (OF_THE_REPOSITORY.has(code)) return code;
  return `${code}: ${normalized(message, sources)}`;
}

export type Sources = readonly Pick<ConfiguredSource, 'name' | 'paths'>[];

const PLACE = '…';
const NUMBER = '#';

/** Paths and names of all sources, so that the same words of two sources stay the same; then IDs and numbers. */
function normalized(message: string, sources: Sources): string {
  const paths = sources.flatMap((source) => source.paths).toSorted((a, b) => b.length - a.length);
  const placeless = paths.reduce(
    (text, path) => text.replace(new RegExp(`${escaped(path)}(?![\\w.-])(/[^\\s'":,;]*)?`, 'g'), PLACE),
    message,
  );
  const nameless = sources.reduce(
    (text, { name }) => text.replace(new RegExp(`(?<![\\w./-])${escaped(name)}(?![\\w/-])`, 'g'), PLACE),
    placeless,
  );
  return nameless
    .replace(/\b(?=[a-z]*\d)[0-9a-f]{6,}\b/gi, NUMBER)
    .replace(/\d+(?:[.,:]\d+)*/g, NUMBER)
    .slice(0, 300);
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
