import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

// As bin/launch.mjs does: the engine's threads, of which these tests start hundreds, would each load the type stripper.
enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/holdfast', import.meta.url)));
