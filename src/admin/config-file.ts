import { resolve } from 'node:path';
import type { Globals } from '../cli/globals.ts';
import type { Host } from '../cli/host.ts';

/** The configuration that is meant: the one that is named, else HOLDFAST_CONFIG, else holdfast.yaml here. */
export function configFile({ config }: Pick<Globals, 'config'>, { environment }: Pick<Host, 'environment'>): string {
  return resolve(config ?? (environment.HOLDFAST_CONFIG || 'holdfast.yaml'));
}
