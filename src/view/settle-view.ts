import { formatValue, type Wording } from './units.ts';
import type { Row, View } from './view.ts';

type Part<K extends View['kind']> = Extract<View, { kind: K }>;

/** A table whose rows were read. */
export type SettledTable = Omit<Part<'table'>, 'rows'> & { rows: readonly Row[]; cutOff: boolean };
/** A document whose bytes were read. */
export type SettledFile = Omit<Part<'file'>, 'content'> & { bytes: Buffer; cutOff: boolean };

/** A drawing that was painted. */
export type SettledPicture = Pick<Part<'picture'>, 'kind' | 'title'> & { name: string; png: Buffer };

/** What a message is made of, in order: no nesting, and nothing that can be read only once. */
export type SettledPart =
  | Exclude<View, { kind: 'stack' | 'table' | 'file' | 'picture' }>
  | SettledTable
  | SettledFile
  | SettledPicture;

/** Makes PNG of SVG. */
export type Paint = (svg: string) => Promise<Uint8Array>;

/**
 * A View flat and in memory, streams included: of each at most about `limitBytes`, and whether there was more. In place of a drawing that nobody can
 * paint stands its alternative.
 */
export async function settleView(
  view: View,
  limitBytes: number,
  wording: Wording,
  paint?: Paint,
): Promise<SettledPart[]> {
  switch (view.kind) {
    case 'stack': {
      const parts: SettledPart[] = [];
      for (const one of view.views) parts.push(...(await settleView(one, limitBytes, wording, paint)));
      return parts;
    }
    case 'table':
      return [{ ...view, ...(await readRows(view.rows, limitBytes, wording)) }];
    case 'file':
      return [{ kind: 'file', name: view.name, ...(await readBytes(view.content, limitBytes)) }];
    case 'picture': {
      const { kind, name, title, svg, alternative } = view;
      const png = await paint?.(svg).catch(() => undefined);
      if (png === undefined) return settleView(alternative, limitBytes, wording, paint);
      return [{ kind, name: `${name}.png`, title, png: Buffer.from(png) }];
    }
    default:
      return [view];
  }
}

async function readRows(
  rows: Part<'table'>['rows'],
  limitBytes: number,
  wording: Wording,
): Promise<{ rows: Row[]; cutOff: boolean }> {
  const read: Row[] = [];
  let size = 0;
  for await (const row of rows) {
    size += row.reduce((sum, value) => sum + Buffer.byteLength(formatValue(value, wording)) + 3, 1);
    if (size > limitBytes) return { rows: read, cutOff: true };
    read.push(row);
  }
  return { rows: read, cutOff: false };
}

async function readBytes(
  content: AsyncIterable<Uint8Array>,
  limitBytes: number,
): Promise<{ bytes: Buffer; cutOff: boolean }> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of content) {
    size += piece.length;
    if (size > limitBytes) return { bytes: Buffer.concat(pieces), cutOff: true };
    pieces.push(piece);
  }
  return { bytes: Buffer.concat(pieces), cutOff: false };
}
