import { createHash } from 'node:crypto';
import { printableName } from '../../../shared/printable.ts';
import type { Entry, EntryType } from '../../entry.ts';
import type { ListedEntry } from '../../types.ts';
import { isoNanoseconds } from './iso-nanoseconds.ts';

const TYPE_LETTERS: Readonly<Record<EntryType, string>> = {
  file: '-',
  directory: 'd',
  symlink: 'l',
  fifo: 'p',
  socket: 's',
  'char-device': 'c',
  'block-device': 'b',
};

const EMPTY_SHA256 = createHash('sha256').digest('hex');

/** An entry as people see it: every name printable. */
export function listedEntry(entry: Entry): ListedEntry {
  return {
    path: printableName(entry.path),
    type: entry.type,
    mode: modeText(entry.type, entry.mode),
    uid: entry.uid,
    gid: entry.gid,
    user: entry.user === undefined ? null : printableName(entry.user),
    group: entry.group === undefined ? null : printableName(entry.group),
    size: entry.size,
    mtime: isoNanoseconds(entry.mtimeNs),
    target: entry.target === undefined ? null : printableName(entry.target),
    sha256: sha256Of(entry) ?? null,
  };
}

/** The SHA-256 of a file's whole content in hexadecimal, where it is known. */
export function sha256Of(entry: Entry): string | undefined {
  if (entry.type !== 'file') return undefined;
  return entry.size === 0 ? EMPTY_SHA256 : entry.digest?.toString('hex');
}

/** As ls(1) shows it: `drwxr-sr-x`. */
export function modeText(type: EntryType, mode: number): string {
  const triple = (shift: number, special: number, letter: string): string => {
    const bits = (mode >> shift) & 7;
    const execute = (bits & 1) !== 0;
    const last = (mode & special) !== 0 ? (execute ? letter : letter.toUpperCase()) : execute ? 'x' : '-';
    return `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${last}`;
  };
  return `${TYPE_LETTERS[type]}${triple(6, 0o4000, 's')}${triple(3, 0o2000, 's')}${triple(0, 0o1000, 't')}`;
}
