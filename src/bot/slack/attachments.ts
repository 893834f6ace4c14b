import { renderView } from '../../terminal/render.ts';
import { PLAIN } from '../../terminal/style.ts';
import { tableCsv } from '../../view/csv.ts';
import type { SettledPart, SettledTable } from '../../view/settle-view.ts';
import type { Wording } from '../../view/units.ts';

export interface AttachedFile {
  name: string;
  data: Buffer;
}

/** The files under names that are safe to show and differ from each other. */
export function nameFiles(wanted: readonly AttachedFile[]): AttachedFile[] {
  const taken = new Set<string>();
  return wanted.map(({ name, data }) => {
    const safe = safeName(name);
    let unique = safe;
    for (let number = 2; taken.has(unique); number++) unique = `${number}-${safe}`;
    taken.add(unique);
    return { name: unique, data };
  });
}

/** Letters, digits, dot, dash and underscore. */
function safeName(name: string): string {
  const safe = name
    .replace(/[^\p{L}\p{N}._-]+/gu, '_')
    .replace(/^[._]+/, '')
    .slice(-100);
  return safe === '' ? 'file' : safe;
}

export function tableFile(name: string, { columns, rows }: SettledTable, wording: Wording): AttachedFile {
  return { name, data: Buffer.from(tableCsv(columns, rows, wording)) };
}

/** Everything but attached documents as plain text. */
export async function detailsFile(
  name: string,
  parts: readonly SettledPart[],
  wording: Wording,
): Promise<AttachedFile> {
  const views = parts.filter((part) => part.kind !== 'file');
  const options = { ...wording, style: PLAIN, columns: undefined, rawFiles: false };
  const pieces = await Array.fromAsync(renderView({ kind: 'stack', views }, options));
  return { name, data: Buffer.concat(pieces.map((piece) => Buffer.from(piece))) };
}
