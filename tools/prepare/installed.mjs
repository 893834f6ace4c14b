// @ts-check
/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, dev?: boolean, devOptional?: boolean }} LockedPackage
 * @typedef {{ packages?: Record<string, LockedPackage> }} Lock
 */

/**
 * Why the installed packages are not those of the lock file, or undefined when they are. Compares content and
 * not file times, which a clone or a copy sets at will. Optional packages may be absent: other platforms' ones are.
 *
 * @param {unknown} wanted the parsed package-lock.json
 * @param {unknown} installed the parsed node_modules/.package-lock.json that npm leaves behind, or undefined
 * @param {boolean} withDev whether development packages count
 * @returns {string | undefined}
 */
export function staleReason(wanted, installed, withDev) {
  if (installed === undefined) return 'nothing is installed yet';
  const have = /** @type {Lock} */ (installed).packages ?? {};
  for (const [path, want] of Object.entries(/** @type {Lock} */ (wanted).packages ?? {})) {
    if (!path.startsWith('node_modules/') || (!withDev && (want.dev || want.devOptional))) continue;
    const found = have[path];
    if (found === undefined && want.optional) continue;
    if (found === undefined || found.integrity !== want.integrity || found.version !== want.version) {
      return `${path.slice('node_modules/'.length)} is not installed as package-lock.json says`;
    }
  }
  return undefined;
}
