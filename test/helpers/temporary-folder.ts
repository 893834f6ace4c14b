import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Gives the whole run one temporary folder, and removes it at the end with all that the tests have left in it. A short name, because sockets have
 * short paths; open to others, because some tests run as nobody.
 */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'hf-'));
  chmodSync(folder, 0o1777);
  process.env.TMPDIR = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
