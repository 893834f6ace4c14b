import fs from 'node:fs';
import type { ByteString } from '../../../shared/bytes.ts';

/** Absolute paths on which something is mounted, bind mounts included (proc(5), /proc/PID/mountinfo). */
export function readMountPoints(): ByteString[] {
  return parseMountPoints(fs.readFileSync('/proc/self/mountinfo', 'latin1'));
}

export function parseMountPoints(mountinfo: string): ByteString[] {
  return mountinfo.split('\n').flatMap((line) => {
    const point = line.split(' ')[4];
    return point === undefined ? [] : [decodeOctal(point)];
  });
}

/** Blanks and their like are written as three octal digits. */
function decodeOctal(text: string): ByteString {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  ) as ByteString;
}

export interface Mounts {
  /** Something is mounted on the target itself. */
  onTarget: boolean;
  /** Paths below the target on which something is mounted. */
  inside: ByteString[];
}

export function mountsOf(target: ByteString, points: readonly ByteString[]): Mounts {
  const prefix = target === '/' ? '/' : `${target}/`;
  const inside = points
    .filter((point) => point.startsWith(prefix) && point !== '/')
    .map((point) => point.slice(prefix.length) as ByteString);
  return { onTarget: points.includes(target), inside };
}
