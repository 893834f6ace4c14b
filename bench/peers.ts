import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from './measure.ts';
import type { ToolName } from './results.ts';

/** Fresh folders of one tool in one run; nothing of an earlier run is in them. */
export interface Places {
  readonly repository: string;
  readonly cache: string;
  /** Where the restore goes; it exists and is empty. */
  readonly restored: string;
  /** Holds the password and a newline. */
  readonly passwordFile: string;
}

/** A backup program as data: what to run, in which folder, with which variables. */
export interface Tool {
  readonly name: ToolName;
  /** The Debian package, for the tools that come from one. */
  readonly debianPackage?: string;
  readonly program: string;
  readonly version: readonly string[];
  environment(places: Places): Record<string, string>;
  init(places: Places): Command;
  /** `label` tells this backup from the earlier ones of the same repository. */
  backup(places: Places, tree: string, label: string): Command;
  /** Reads and checks every byte of content. */
  check(places: Places): Command;
  /** Restores the backup `label`, which is the latest one. */
  restore(places: Places, label: string): Command;
}

export const PASSWORD = 'correct horse battery staple';

const holdfastProgram = resolve(import.meta.dirname, '..', 'bin', 'holdfast');

const holdfast: Tool = {
  name: 'holdfast',
  program: holdfastProgram,
  version: [holdfastProgram, '--version'],
  environment: (places) => ({
    HOLDFAST_REPO: places.repository,
    HOLDFAST_PASSWORD_FILE: places.passwordFile,
  }),
  init: () => ({ argv: [holdfastProgram, 'init'] }),
  backup: (_places, tree) => ({ argv: [holdfastProgram, 'backup', tree] }),
  check: () => ({ argv: [holdfastProgram, 'verify', '--deep'] }),
  restore: (places) => ({
    argv: [holdfastProgram, 'restore', 'latest', '--to', places.restored, '--apply', '--yes'],
  }),
};

const restic: Tool = {
  name: 'restic',
  debianPackage: 'restic',
  program: 'restic',
  version: ['restic', 'version'],
  environment: (places) => ({
    RESTIC_REPOSITORY: places.repository,
    RESTIC_PASSWORD: PASSWORD,
    RESTIC_CACHE_DIR: places.cache,
  }),
  init: () => ({ argv: ['restic', 'init'] }),
  backup: (_places, tree) => ({ argv: ['restic', 'backup', '.'], cwd: tree }),
  check: () => ({ argv: ['restic', 'check', '--read-data'] }),
  restore: (places) => ({ argv: ['restic', 'restore', 'latest', '--target', places.restored] }),
};

const borg: Tool = {
  name: 'borg',
  debianPackage: 'borgbackup',
  program: 'borg',
  version: ['borg', '--version'],
  environment: (places) => ({
    BORG_REPO: places.repository,
    BORG_PASSPHRASE: PASSWORD,
    BORG_BASE_DIR: places.cache,
  }),
  init: () => ({ argv: ['borg', 'init', '--encryption=repokey-blake2'] }),
  backup: (_places, tree, label) => ({ argv: ['borg', 'create', `::${label}`, '.'], cwd: tree }),
  check: () => ({ argv: ['borg', 'check', '--verify-data'] }),
  restore: (places, label) => ({ argv: ['borg', 'extract', `::${label}`], cwd: places.restored }),
};

export const ALL_TOOLS: Readonly<Record<ToolName, Tool>> = { holdfast, restic, borg };

/** True when the program is there: a path that exists, or a name found on `searchPath`. */
export function isInstalled(tool: Tool, searchPath: string): boolean {
  if (tool.program.includes('/')) return existsSync(tool.program);
  return searchPath.split(':').some((folder) => existsSync(join(folder, tool.program)));
}
