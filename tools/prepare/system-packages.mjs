// @ts-check
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {{ command: string, package: string, reason: string }} SystemPackage */

/**
 * Those of `list` whose command is in none of `folders`.
 *
 * @param {readonly SystemPackage[]} list
 * @param {readonly string[]} folders
 */
export function missingPackages(list, folders) {
  return list.filter((item) => !folders.some((folder) => existsSync(join(folder, item.command))));
}

/**
 * What installs Debian packages without a question, one command after the other.
 *
 * @param {readonly string[]} names
 * @returns {string[][]}
 */
export function installCommands(names) {
  return [
    ['apt-get', 'update', '-q'],
    ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', 'install', '-y', '-q', '--no-install-recommends', ...names],
  ];
}
