import fs from 'node:fs';
import { join } from 'node:path';
import { workerData } from 'node:worker_threads';

/** Swaps root/folder for a link to `outside` and back, counting in swaps[0], until swaps[1] is set. */
const { root, outside, swaps } = workerData as { root: string; outside: string; swaps: Int32Array };
const folder = join(root, 'folder');
const hidden = join(root, 'hidden');
const link = join(root, 'link');

while (Atomics.load(swaps, 1) === 0) {
  try {
    fs.symlinkSync(outside, link);
    fs.renameSync(folder, hidden);
    fs.renameSync(link, folder);
    fs.unlinkSync(folder);
    fs.renameSync(hidden, folder);
  } catch {
    // The victim made the missing folder anew: clear up and go on.
    fs.rmSync(link, { force: true });
    fs.rmSync(hidden, { recursive: true, force: true });
  }
  Atomics.add(swaps, 0, 1);
}
