import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../node_modules/.cache/holdfast', import.meta.url));

// As bin/launch.mjs does: the engine's threads, of which these tests start hundreds, would each load the type stripper.
enableCompileCache(FOLDER);

/** Variables for a TypeScript file that a test starts as a process of its own: without the cache each would strip the types of all that it imports. */
export function scriptEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, NODE_COMPILE_CACHE: FOLDER };
}
