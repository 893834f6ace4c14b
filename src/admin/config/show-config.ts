import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Document, isCollection, isNode, isScalar } from 'yaml';
import { parseConfig, readConfigFile } from '../../config/load-config.ts';
import type { Changes } from '../../jobs/schedules/effective.ts';
import { migrate } from '../../state/migrate.ts';
import { effectiveSettings, type Setting } from './effective-settings.ts';
import { fileOrigins, type SettingOrigin } from './setting-origins.ts';

/** One setting by its path with dots, such as `storage.cap`. */
export type ShownSetting = { setting: string; value: Setting } & SettingOrigin;

export interface ShownConfig {
  file: string;
  settings: ShownSetting[];
  /** The same as a configuration's file, with where each setting comes from beside it. */
  yaml: string;
  /** Why schedules that were changed in a chat are not among them; undefined where they are. */
  without: string | undefined;
}

/** The configuration as it works, with where each setting comes from. @throws HoldfastError `config` */
export async function showConfig(file: string): Promise<ShownConfig> {
  const content = await readConfigFile(file);
  const config = parseConfig(content, resolve(file));
  const { changes, without } = await scheduleChanges(config.state);
  const { settings, changed } = effectiveSettings(config, changes);
  const inFile = fileOrigins(content);
  const shown = leaves(settings).map(({ path, value }): ShownSetting & { path: string[] } => {
    const schedule = changed[path.slice(0, 4).join('.')];
    return { setting: path.join('.'), value, ...(schedule ?? inFile(path)), path };
  });
  const document = new Document(settings, { keepUndefined: false });
  for (const { path, ...origin } of shown) {
    const node = document.getIn(path, true);
    if (!isNode(node)) continue;
    if (isCollection(node)) node.flow = true;
    if (isScalar(node) || isCollection(node)) node.comment = ` ${originWords(origin)}`;
  }
  return {
    file: config.file,
    settings: shown.map(({ path: _, ...setting }) => setting),
    yaml: document.toString({ lineWidth: 0 }),
    without,
  };
}

export function originWords(origin: SettingOrigin): string {
  if (origin.from === 'default') return 'default';
  return origin.from === 'file' ? `line ${origin.line}` : `changed in a chat by ${origin.by} at ${origin.at}`;
}

const REFERENCE = new Set(['env', 'file', 'credential']);

/** Everything that has an origin of its own: a value, a list, or a reference to a secret. */
function leaves(value: Setting | undefined, path: string[] = []): { path: string[]; value: Setting }[] {
  if (value === undefined) return [];
  const isGroup = typeof value === 'object' && !Array.isArray(value);
  const entries = isGroup ? Object.entries(value).filter(([, inner]) => inner !== undefined) : [];
  const [first] = entries;
  const isReference = entries.length === 1 && first !== undefined && REFERENCE.has(first[0]) && path.at(-1) !== 'env';
  if (entries.length === 0 || isReference) return [{ path, value }];
  return entries.flatMap(([key, inner]) => leaves(inner as Setting, [...path, key]));
}

/** Read beside a running bot, which alone may write it: a schedule that changes this moment may be missing. */
async function scheduleChanges(folder: string): Promise<{ changes: Changes; without: string | undefined }> {
  const path = join(folder, 'state.json');
  try {
    const document = migrate(JSON.parse(await readFile(path, 'utf8')));
    if (document !== undefined) return { changes: document.unattended.scheduleChanges, without: undefined };
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return { changes: {}, without: undefined };
  }
  return { changes: {}, without: `${path} cannot be read, so schedules that were changed in a chat are not shown` };
}
