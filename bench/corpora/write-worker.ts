import { parentPort, workerData } from 'node:worker_threads';
import { filePlanOf } from './plans.ts';
import { type WriteTask, writeShare } from './write-files.ts';

const task = workerData as WriteTask;
parentPort?.postMessage(writeShare(filePlanOf(task.corpus, task.scale), task));
