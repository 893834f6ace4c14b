import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { safeFileName } from '../terminal/attached-files.ts';
import type { RenderOptions } from '../terminal/render-options.ts';

/** Puts pages for a browser into `folder`, which is made when there is one: a newer page of the same name takes the place of the older. All else is printed. */
export function savePages(folder: string): NonNullable<RenderOptions['saveFile']> {
  return async (name, content) => {
    if (!name.endsWith('.html')) return undefined;
    const path = join(folder, safeFileName(name));
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(path, content, { mode: 0o600 });
    return path;
  };
}
