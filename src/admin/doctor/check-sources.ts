import { access, constants } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { Config } from '../../config/config.ts';
import type { Hook } from '../../config/unattended.ts';
import { systemCode } from '../../shared/errors.ts';
import { type Finding, ok, problem } from './finding.ts';

/** Whether what is to be backed up is there, and the programs that hooks run. `path` is the PATH that they are looked for in. */
export async function checkSources({ sources, unattended }: Config, path: string): Promise<Finding[]> {
  const found = await Promise.all(
    sources.map(async ({ name, paths }) => {
      const { hooks = {} } = unattended.sources[name] ?? {};
      const all = [
        ...paths.map((folder) => checkPath(name, folder)),
        ...Object.entries(hooks).map(([when, hook]) => checkHook(`${name}: the hook ${when}`, hook, path)),
      ];
      return Promise.all(all);
    }),
  );
  return found.flat();
}

async function checkPath(source: string, path: string): Promise<Finding> {
  try {
    await access(path, constants.R_OK);
    return ok('sources', `${source}: ${path} can be read`);
  } catch (error) {
    const isMissing = systemCode(error) === 'ENOENT';
    return problem(
      'sources',
      `${source}: ${path} ${isMissing ? 'does not exist' : `cannot be read (${systemCode(error)})`}`,
      isMissing ? `Make it, mount it, or change sources.${source}.files.paths.` : 'Run as a user who may read it.',
    );
  }
}

async function checkHook(what: string, { command, shell }: Hook, path: string): Promise<Finding> {
  const program = shell ? '/bin/sh' : (command[0] ?? '');
  const places =
    isAbsolute(program) || program.includes('/') ? [program] : path.split(':').map((folder) => join(folder, program));
  for (const place of places) {
    const isThere = await access(place, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return ok('tools', `${what} runs ${place}`);
  }
  return problem('tools', `${what} needs ${program}, which is not there`, 'Install it, or give its whole path.');
}
