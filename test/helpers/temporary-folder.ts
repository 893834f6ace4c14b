import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let folder: string | undefined;

/**
 * Gives the whole run one temporary folder, which `teardown` removes with all that the tests have left in it. A short name, because sockets have
 * short paths; open to others, because some tests run as nobody.
 */
export function setup(): void {
  folder = mkdtempSync(join(tmpdir(), 'hf-'));
  chmodSync(folder, 0o1777);
  process.env.TMPDIR = folder;
}

export function teardown(): void {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}
