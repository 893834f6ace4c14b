import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `environment` is all that the process gets to see of the variables. */
export function startEngineProcess(environment: Readonly<Record<string, string>>): ChildProcess {
  // The checkout runs .ts, the published package .js.
  const program = fileURLToPath(new URL(`./engine-host${extname(import.meta.filename)}`, import.meta.url));
  return fork(program, [], {
    env: { ...environment },
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}
