import { HoldfastError } from '../../shared/errors.ts';
import type { RandomSource } from '../../shared/random.ts';
import { OBJECT_TYPES, type Sealer } from '../crypto/sealer.ts';
import { type ConfigBody, parseConfigBody } from '../format/bodies.ts';
import { decodeBody, encodeBody } from '../format/body.ts';
import type { Store } from '../ports.ts';
import { isDamage, isNotFound, isUnusable } from './damage.ts';
import { lastComponent } from './names.ts';
import { KNOWN_READ_FEATURES, type RepositoryConfig } from './repository.ts';

/** Configuration objects (docs/FORMAT.md section 11): written twice, the highest readable one counts. */

export const DEFAULT_CONFIG: RepositoryConfig = {
  features: { read: [], write: [] },
  chunker: { min: 128 * 1024, avg: 512 * 1024, max: 4 * 1024 * 1024 },
  files: {},
};

/** Puts `config` as the two objects numbered `first` and `first + 1`. */
export async function putConfig(
  store: Store,
  sealer: Sealer,
  random: RandomSource,
  first: number,
  config: RepositoryConfig,
): Promise<void> {
  const pair = random.bytes(16).toString('hex');
  for (const copy of [0, 1] as const) {
    const number = first + copy;
    const body: ConfigBody = { type: 'config', version: 1, critical: [], number, pair, copy, ...config };
    await store.put(`config/${number}`, encodeBody(sealer, OBJECT_TYPES.config, undefined, body));
  }
}

/** Configuration objects as stored, from the highest number down; unreadable ones hold the error instead. */
export type StoredConfigs = { number: number; bytes: Buffer }[];

export async function fetchConfigs(store: Store): Promise<StoredConfigs> {
  const numbers = (await store.list('config/'))
    .map(({ name }) => Number(lastComponent(name)))
    .filter((number) => Number.isSafeInteger(number) && number >= 1)
    .sort((a, b) => b - a);
  const found: StoredConfigs = [];
  // The newest configuration has two copies; older ones matter only where both are lost.
  for (const number of numbers) {
    try {
      found.push({ number, bytes: await store.get(`config/${number}`) });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  return found;
}

/**
 * The configuration that counts, with a warning for each copy that had to be passed over or that is missing.
 *
 * @throws HoldfastError `unsupported_version` for a `read` feature, a version or a critical member that this program does not know
 */
export function chooseConfig(sealer: Sealer, stored: StoredConfigs): { config: RepositoryConfig; warnings: string[] } {
  const warnings: string[] = [];
  const readable: ConfigBody[] = [];
  for (const { number, bytes } of stored) {
    let isAuthentic = false;
    try {
      const value = decodeBody(sealer, OBJECT_TYPES.config, bytes);
      isAuthentic = true;
      const body = parseConfigBody(value);
      if (body.number === number) readable.push(body);
      else warnings.push(`config/${number} is damaged: it is a copy of config/${body.number}`);
    } catch (error) {
      // An older one must not stand in for one that asks for a newer program.
      const isNewer = isAuthentic && !isDamage(error) && readable.length === 0;
      if (!isUnusable(error) || isNewer) throw error;
      warnings.push(`config/${number} is damaged: ${error.message}`);
    }
  }
  const newest = readable[0];
  if (newest === undefined) {
    warnings.push('No configuration is readable; the defaults are used.');
    return { config: DEFAULT_CONFIG, warnings };
  }
  if (!readable.some((other) => other.pair === newest.pair && other.copy !== newest.copy) && warnings.length === 0) {
    warnings.push(`The other copy of config/${newest.number} is missing.`);
  }
  const unknown = newest.features.read.filter((feature) => !KNOWN_READ_FEATURES.includes(feature));
  if (unknown.length > 0) {
    throw new HoldfastError(
      'unsupported_version',
      `The repository uses ${unknown.join(', ')}, which this program does not know.`,
      {
        advice: 'Use a newer Holdfast.',
      },
    );
  }
  return { config: newest, warnings };
}
