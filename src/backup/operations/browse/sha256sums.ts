import { type ByteString, fromByteString } from '../../../shared/bytes.ts';
import { printableName } from '../../../shared/printable.ts';
import type { Repository } from '../../repository/repository.ts';
import { sha256Of } from './listed-entry.ts';
import { openManifest } from './open-manifest.ts';

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r' };

/**
 * One line for each file of a snapshot, to be checked by `sha256sum -c` inside the restored folder. Names are raw bytes, escaped as GNU coreutils
 * does. A file whose digest is not recorded (its holes were too large to hash) gives a comment, which sha256sum passes over.
 */
export async function* sha256sums(repository: Repository, id: string): AsyncGenerator<Buffer> {
  const { manifest } = await openManifest(repository, id);
  for await (const entry of manifest.entries()) {
    if (entry.type !== 'file') continue;
    const digest = sha256Of(entry);
    yield digest === undefined
      ? Buffer.from(`# No checksum is recorded of ${printableName(entry.path)}\n`)
      : sumLine(digest, entry.path);
  }
}

/** "The default mode is to print a line with: checksum, a space, a character indicating input mode, and name": coreutils manual, cksum. */
export function sumLine(digest: string, path: ByteString): Buffer {
  // A lone dash would mean standard input.
  const name = path === '-' ? './-' : path;
  const escaped = name.replace(/[\\\n\r]/g, (character) => ESCAPES[character] as string) as ByteString;
  return Buffer.concat([
    Buffer.from(`${escaped === name ? '' : '\\'}${digest}  `),
    fromByteString(escaped),
    Buffer.from('\n'),
  ]);
}
