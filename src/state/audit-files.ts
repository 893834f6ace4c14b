import { constants } from 'node:fs';
import { join } from 'node:path';
import { type FileCalls, unlessAbsent } from './file-calls.ts';

/** The files of one log, numbered from 1 without a gap. The first has no number in its name: most logs have no other. */

const PIECE_BYTES = 256 * 1024;
const LINE_FEED = 0x0a;

export const auditFileName = (number: number): string =>
  number === 1 ? 'audit.jsonl' : `audit-${String(number).padStart(6, '0')}.jsonl`;

/** Ascending. */
export async function auditFileNumbers(files: FileCalls, folder: string): Promise<number[]> {
  const entries = (await files.readdir(folder).catch(unlessAbsent)) ?? [];
  return entries.flatMap(({ name }) => (name === auditFileName(1) ? [1] : numberIn(name))).toSorted((a, b) => a - b);
}

function numberIn(name: string): number[] {
  const number = Number(/^audit-(\d{6,})\.jsonl$/.exec(name)?.[1]);
  return Number.isSafeInteger(number) && number > 1 ? [number] : [];
}

export interface FileLine {
  /** Name of the file. */
  file: string;
  /** From 1. */
  line: number;
  text: string;
  /** Bytes before it, and up to its end. */
  begin: number;
  end: number;
  /** False for what stands behind the last line feed. */
  isComplete: boolean;
}

/** The lines of some of the files. What is written meanwhile may or may not be among them. */
export async function* auditFileLines(
  files: FileCalls,
  folder: string,
  numbers: readonly number[],
): AsyncGenerator<FileLine> {
  for (const file of numbers.map(auditFileName)) yield* linesOf(files, join(folder, file), file);
}

async function* linesOf(files: FileCalls, path: string, file: string): AsyncGenerator<FileLine> {
  const opened = await files.open(path, constants.O_RDONLY).catch(unlessAbsent);
  if (opened === undefined) return;
  const piece = Buffer.alloc(PIECE_BYTES);
  let line = 0;
  let begin = 0;
  let rest: Buffer = Buffer.alloc(0);
  try {
    for (let at = 0; ; ) {
      const { bytesRead } = await opened.read(piece, 0, piece.length, at);
      if (bytesRead === 0) break;
      at += bytesRead;
      rest = Buffer.concat([rest, piece.subarray(0, bytesRead)]);
      let from = 0;
      for (let feed = rest.indexOf(LINE_FEED); feed >= 0; feed = rest.indexOf(LINE_FEED, from)) {
        const end = begin + feed + 1 - from;
        yield { file, line: ++line, text: rest.toString('utf8', from, feed), begin, end, isComplete: true };
        from = feed + 1;
        begin = end;
      }
      rest = rest.subarray(from);
    }
  } finally {
    await opened.close();
  }
  const end = begin + rest.length;
  if (rest.length > 0) yield { file, line: ++line, text: rest.toString('utf8'), begin, end, isComplete: false };
}
