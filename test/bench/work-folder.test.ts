import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeWorkFolder } from '../../bench/work-folder.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-work-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('takeWorkFolder', () => {
  it('refuses a folder that a running bench has, and gives it once that one has left', () => {
    const first = takeWorkFolder(folder);
    expect(() => takeWorkFolder(folder)).toThrow(`process ${process.pid}`);
    first.leave(false);
    takeWorkFolder(folder).leave(false);
  });

  it('takes over from a bench that died', () => {
    writeFileSync(join(folder, 'bench.pid'), '4194305');
    takeWorkFolder(folder).leave(false);
  });

  it.each([true, false])('when told to keep the runs (%s), does so, and always keeps the corpora', (keep) => {
    const work = takeWorkFolder(folder);
    for (const path of [work.runs, work.corpora]) mkdirSync(path);
    work.leave(keep);
    expect([existsSync(work.runs), existsSync(work.corpora)]).toEqual([keep, true]);
  });
});
