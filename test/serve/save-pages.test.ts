import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { savePages } from '../../src/serve/save-pages.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-pages-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function* page(text: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(text);
}

describe('pages for a browser', () => {
  it('lie in their folder, for their owner alone, and the newer takes the place of the older', async () => {
    const save = savePages(join(folder, 'state', 'pages'));
    const path = await save('runbook.html', page('<p>first, and longer</p>'));
    expect(path).toBe(join(folder, 'state', 'pages', 'runbook.html'));
    await save('runbook.html', page('<p>second</p>'));
    expect(readFileSync(path as string, 'utf8')).toBe('<p>second</p>');
    expect(statSync(path as string).mode & 0o777).toBe(0o600);
  });

  it('stay in it, whatever they are called', async () => {
    expect(await savePages(folder)('../../etc/passwd.html', page('x'))).toBe(join(folder, 'etc_passwd.html'));
  });

  it('are not all that is attached: text is printed', async () => {
    expect(await savePages(join(folder, 'none'))('sums.txt', page('x'))).toBeUndefined();
  });
});
