import { type ByteString, encodeText } from '../../../shared/bytes.ts';
import { editDistance } from '../../../shared/edit-distance.ts';
import { HoldfastError } from '../../../shared/errors.ts';
import { parsePrintableName, printableName } from '../../../shared/printable.ts';
import { isValidPath } from '../../format/manifest.ts';
import type { StoredEntry } from '../../format/manifest-entry.ts';
import type { ManifestReader } from '../../repository/manifest-reader.ts';

/** Names that are compared with a mistyped one, and names that are suggested. */
const MOST_COMPARED = 10_000;
const MOST_SUGGESTED = 3;
const LONGEST_COMPARED = 80;

export interface SnapshotPath {
  path: ByteString;
  /** Undefined for the root alone, which a manifest need not list. */
  entry: StoredEntry | undefined;
}

/**
 * What a person means by a path: slashes at the ends and a `.` in front do not count, and names may be written as they are shown, with
 * escapes, as well as plainly.
 *
 * @throws HoldfastError `not_found`, with the names that come near; `usage` for what is no path inside a snapshot
 */
export async function resolvePath(manifest: ManifestReader, text: string): Promise<SnapshotPath> {
  const trimmed = text.replace(/^(\.?\/+)+/, '').replace(/(\/+\.?)+$/, '');
  const plain = trimmed === '.' ? '' : trimmed;
  const shown = parsePrintableName(plain);
  const candidates = [encodeText(plain), ...(shown === undefined ? [] : [shown])].filter(isValidPath);
  if (candidates.length === 0) {
    throw new HoldfastError('usage', `${JSON.stringify(text)} is not a path inside a snapshot.`, {
      advice: 'Write it as ls shows it, from the top of the snapshot.',
    });
  }
  for (const path of candidates) {
    const entry = await manifest.find(path);
    if (entry !== undefined || path === '') return { path, entry };
  }
  throw await notFound(manifest, candidates.at(-1) as ByteString);
}

async function notFound(manifest: ManifestReader, path: ByteString): Promise<HoldfastError> {
  const { folder, missing } = await deepestFolder(manifest, path);
  const near = await nearNames(manifest, folder, missing);
  const where = folder === '' ? 'the snapshot' : printableName(folder);
  const advice =
    near.length > 0 ? `Did you mean ${near.map(printableName).join(' or ')}?` : `Run ls to see what ${where} holds.`;
  return new HoldfastError('not_found', `There is no ${printableName(path)} in this snapshot.`, {
    advice,
    details: { near: near.map(printableName) },
  });
}

/** The deepest folder on the way to `path` that exists, and the name that it lacks. */
async function deepestFolder(
  manifest: ManifestReader,
  path: ByteString,
): Promise<{ folder: ByteString; missing: ByteString }> {
  const components = path.split('/');
  for (let depth = components.length - 1; depth > 0; depth--) {
    const folder = components.slice(0, depth).join('/') as ByteString;
    const entry = await manifest.find(folder);
    if (entry?.type === 'directory') return { folder, missing: components[depth] as ByteString };
  }
  return { folder: '' as ByteString, missing: components[0] as ByteString };
}

async function nearNames(manifest: ManifestReader, folder: ByteString, missing: ByteString): Promise<ByteString[]> {
  if (missing.length > LONGEST_COMPARED) return [];
  const wanted = missing.toLowerCase();
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  const near: { path: ByteString; distance: number }[] = [];
  let compared = 0;
  for await (const { path } of manifest.folder(folder)) {
    if (compared++ === MOST_COMPARED) break;
    const name = path.slice(folder === '' ? 0 : folder.length + 1).toLowerCase();
    if (Math.abs(name.length - wanted.length) > limit) continue;
    const distance = editDistance(wanted, name);
    if (distance <= limit) near.push({ path, distance });
  }
  return near
    .sort((a, b) => a.distance - b.distance)
    .slice(0, MOST_SUGGESTED)
    .map(({ path }) => path);
}
