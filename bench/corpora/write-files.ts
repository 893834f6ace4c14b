import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type Change, type FilePlan, fileContent, plannedChanges } from './file-plan.ts';

/** What one worker writes: every `workers`-th block of files, starting with block `worker`. */
export interface WriteTask {
  readonly corpus: string;
  readonly scale: number;
  readonly tree: string;
  readonly worker: number;
  readonly workers: number;
}

/** Totals of a tree. */
export interface TreeTotals {
  readonly files: number;
  readonly bytes: number;
}

const blockFiles = 48;

/** Writes the whole tree with a worker per core; the bytes do not depend on the number of workers. */
export async function writeTree(
  corpus: string,
  scale: number,
  tree: string,
  workers = availableParallelism(),
): Promise<TreeTotals> {
  mkdirSync(tree, { recursive: true });
  const shares = Array.from({ length: workers }, (_, worker) => runWorker({ corpus, scale, tree, worker, workers }));
  const totals = await Promise.all(shares);
  return {
    files: totals.reduce((sum, total) => sum + total.files, 0),
    bytes: totals.reduce((sum, total) => sum + total.bytes, 0),
  };
}

/** Writes the share of `plan` that the task names. */
export function writeShare(plan: FilePlan, task: WriteTask): TreeTotals {
  let files = 0;
  let bytes = 0;
  let madeFolder = '';
  for (let start = task.worker * blockFiles; start < plan.count; start += task.workers * blockFiles) {
    for (let index = start; index < Math.min(start + blockFiles, plan.count); index++) {
      const file = plan.file(index);
      const path = join(task.tree, file.path);
      const folder = dirname(path);
      if (folder !== madeFolder) mkdirSync(folder, { recursive: true });
      madeFolder = folder;
      writeFileSync(path, fileContent(file));
      files++;
      bytes += file.sizeBytes;
    }
  }
  return { files, bytes };
}

/** Turns a base tree into the changed tree, in place. */
export function applyChanges(plan: FilePlan, tree: string): void {
  for (const change of plannedChanges(plan)) applyChange(change, tree);
}

/** Turns a tree in which any part of the changes was applied back into the base tree. */
export function revertChanges(plan: FilePlan, tree: string): void {
  for (const change of plannedChanges(plan)) revertChange(plan, change, tree);
}

function applyChange(change: Change, tree: string): void {
  const path = join(tree, change.path);
  if (change.action === 'write') writeFileSync(path, change.content());
  else if (change.action === 'rename') renameSync(path, join(tree, change.to));
  else rmSync(path);
}

function revertChange(plan: FilePlan, change: Change, tree: string): void {
  const path = join(tree, change.path);
  if (change.action === 'rename') rmSync(join(tree, change.to), { force: true });
  if (change.original === undefined) rmSync(path, { force: true });
  else writeFileSync(path, fileContent(plan.file(change.original)));
}

function runWorker(task: WriteTask): Promise<TreeTotals> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./write-worker.ts', import.meta.url), { workerData: task });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}
