import type { ByteString } from '../../shared/bytes.ts';
import { HoldfastError } from '../../shared/errors.ts';
import { printableName } from '../../shared/printable.ts';

/** Linux's PATH_MAX with its final NUL: no name, link target or path may be longer in one call. */
export const PATH_MAX = 4096;

// A character above U+00FF would lose its high byte on the way to the kernel: U+012F would arrive as a slash.
// biome-ignore lint/suspicious/noControlCharactersInRegex: every byte but NUL and the slash may be in a name
const COMPONENT = /^[\x01-\x2e\x30-\xff]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: every byte but NUL may be in a path
const BYTES = /^[\x01-\xff]+$/;

/**
 * Refuses everything that is not one single component of a path. Every call of every implementation of the
 * port comes through here, so that no name from a snapshot can lead out of the folder it is used in.
 */
export function checkName(name: ByteString): void {
  const valid = COMPONENT.test(name) && name !== '.' && name !== '..' && name.length < PATH_MAX;
  if (!valid) refuse(name, 'is not a single name within a folder');
}

/** Refuses what no call could take as a path. */
export function checkPath(path: ByteString): void {
  if (!BYTES.test(path) || path.length >= PATH_MAX) refuse(path, 'cannot be a path');
}

/** Refuses what cannot be the target of a symbolic link: nothing, too much, or bytes that the kernel would cut off. */
export function checkTarget(target: ByteString): void {
  if (!BYTES.test(target) || target.length >= PATH_MAX) refuse(target, 'cannot be the target of a symbolic link');
}

/** Refuses what cannot be the name of an extended attribute. */
export function checkXattrName(name: ByteString): void {
  if (!BYTES.test(name) || name.length > 255) refuse(name, 'cannot be the name of an extended attribute');
}

function refuse(name: ByteString, why: string): never {
  const shown = name.length > 300 ? (`${name.slice(0, 300)}...` as ByteString) : name;
  throw new HoldfastError('refused', `'${printableName(shown)}' ${why}.`, {
    advice: 'Check where this snapshot or archive came from: no file system holds such a name.',
  });
}
