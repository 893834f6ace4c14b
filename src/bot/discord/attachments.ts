import { gzipSync } from 'node:zlib';
import { formatBytes } from '../../shared/sizes.ts';
import { type AttachedFile, safeFileName } from '../../terminal/attached-files.ts';
import { LIMITS } from './limits.ts';

export interface Attachments {
  files: AttachedFile[];
  /** What could not be attached, in words. */
  notes: string[];
}

/** The files as Discord takes them: compressed where they are too large, and where even that does not help, named in a note. */
export function attach(wanted: readonly AttachedFile[]): Attachments {
  const files: AttachedFile[] = [];
  const notes: string[] = [];
  let left: number = LIMITS.fileBytes;
  for (const file of wanted) {
    const named = { ...file, name: uniqueName(safeFileName(file.name), files) };
    const fitting = files.length < LIMITS.files ? fitFile(named, left) : undefined;
    if (fitting === undefined) {
      notes.push(`${named.name} (${formatBytes(file.data.length)}) is too large to attach`);
    } else {
      files.push(fitting);
      left -= fitting.data.length;
    }
  }
  return { files, notes };
}

function fitFile(file: AttachedFile, room: number): AttachedFile | undefined {
  const { name, data } = file;
  if (data.length <= room) return file;
  const packed = gzipSync(data);
  return packed.length <= room ? { name: `${name}.gz`, data: packed } : undefined;
}

function uniqueName(name: string, taken: readonly AttachedFile[]): string {
  const isTaken = (candidate: string): boolean => taken.some((file) => file.name === candidate);
  if (!isTaken(name)) return name;
  let number = 2;
  while (isTaken(`${number}-${name}`)) number++;
  return `${number}-${name}`;
}
