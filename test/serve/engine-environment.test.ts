import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { engineEnvironment } from '../../src/serve/engine-environment.ts';

it('an engine process gets what it needs, no tokens, and the compile cache of the process that starts it', () => {
  const environment = engineEnvironment({ PATH: '/bin', HOLDFAST_STATE_DIR: '/state', DISCORD_TOKEN: 'secret' });
  // Node keeps the entries of each version in a folder of its own below the one that it is given.
  const cache = dirname(getCompileCacheDir() ?? expect.fail('the tests run with a compile cache'));
  expect(environment).toEqual({ PATH: '/bin', HOLDFAST_STATE_DIR: '/state', NODE_COMPILE_CACHE: cache });
});
