import { Worker } from 'node:worker_threads';
import { compileCacheVariable } from '../../shared/compile-cache.ts';

/**
 * Starts a worker whose module stands beside the caller's: `startWorker(import.meta.url, 'pack-worker')`. The compile cache is not inherited:
 * without it every worker would load the type stripper. Descriptors are shared between threads, so none may count them as its own.
 */
export function startWorker(callerUrl: string, name: string): Worker {
  const extension = callerUrl.endsWith('.ts') ? 'ts' : 'js';
  return new Worker(new URL(`./${name}.${extension}`, callerUrl), {
    trackUnmanagedFds: false,
    env: compileCacheVariable(),
    resourceLimits: { maxYoungGenerationSizeMb: 4 },
  });
}
