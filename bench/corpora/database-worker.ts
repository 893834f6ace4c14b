import { workerData } from 'node:worker_threads';
import { editDatabase, writeDatabase, writeDump } from './database.ts';

const task = workerData as { part: 'database' | 'dump'; step: 'create' | 'change'; path: string; scale: number };

if (task.part === 'dump') writeDump(task.path, task.scale, task.step === 'change');
else if (task.step === 'create') writeDatabase(task.path, task.scale);
else editDatabase(task.path, task.scale);
