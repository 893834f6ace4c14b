import type { ByteString } from '../../shared/bytes.ts';

export interface MemberPath {
  path: ByteString;
  /** True where leading slashes were taken off. */
  wasAbsolute: boolean;
}

/**
 * The path below a snapshot's root that an archive's name stands for: without leading and doubled slashes and `.`
 * components. Undefined for names that must not be used: with a `..` component, which could lead outside, or with a
 * NUL, which no file system holds.
 */
export function memberPath(name: ByteString): MemberPath | undefined {
  if (name.includes('\0')) return undefined;
  const components = name.split('/').filter((component) => component !== '' && component !== '.');
  if (components.includes('..')) return undefined;
  return { path: components.join('/') as ByteString, wasAbsolute: name.startsWith('/') };
}
