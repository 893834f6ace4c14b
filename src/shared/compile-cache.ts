import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';

/**
 * The variable by which a thread or process of its own finds this one's compile cache, which is not inherited. Node makes a folder of its version
 * in what it is given, and names that one.
 */
export function compileCacheVariable(): Record<string, string> {
  const cache = getCompileCacheDir();
  return cache === undefined ? {} : { NODE_COMPILE_CACHE: dirname(cache) };
}
