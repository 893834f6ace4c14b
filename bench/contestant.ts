import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ALL_TOOLS, PASSWORD, type Places, type Tool } from './peers.ts';
import type { ToolName } from './results.ts';

/** One tool within one run. */
export interface Contestant {
  readonly tool: Tool;
  readonly places: Places;
  /** All variables that its commands see. */
  readonly environment: Readonly<Record<string, string>>;
  readonly log: string;
  /** The label of the newest backup. */
  latest: string;
}

/** Gives a tool fresh folders below `folder` and an environment that holds nothing of the caller's but the path. */
export function enter(name: ToolName, folder: string): Contestant {
  const tool = ALL_TOOLS[name];
  const places: Places = {
    repository: join(folder, 'repository'),
    cache: join(folder, 'cache'),
    restored: join(folder, 'restored'),
    passwordFile: join(folder, 'password'),
  };
  const home = join(folder, 'home');
  for (const path of [places.cache, places.restored, home]) mkdirSync(path, { recursive: true });
  writeFileSync(places.passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
  const common = { PATH: process.env.PATH ?? '', LANG: 'C.UTF-8', HOME: home, TMPDIR: home };
  const environment = { ...common, ...tool.environment(places) };
  return { tool, places, environment, log: join(folder, 'log.txt'), latest: 'full' };
}
