import { createKeyRing, type KeyRing } from '../../../src/backup/crypto/keyring.ts';
import { encodeHeader } from '../../../src/backup/format/header.ts';
import type { Store } from '../../../src/backup/ports.ts';
import { DEFAULT_CONFIG } from '../../../src/backup/repository/config.ts';
import type { HostFacts } from '../../../src/backup/repository/host-facts.ts';
import { Repository } from '../../../src/backup/repository/repository.ts';
import type { ProtocolRules } from '../../../src/backup/repository/rules.ts';
import { MemoryStore } from '../../../src/backup/stores/memory.ts';
import type { Clock } from '../../../src/shared/clock.ts';
import type { RandomSource } from '../../../src/shared/random.ts';
import { ManualClock } from '../manual-clock.ts';
import { SeededRandom } from '../seeded-random.ts';

/** A host of its own: nobody else can tell whether its processes live. */
export function testHost(name = 'host', processStart: (pid: number) => number | undefined = () => 1): HostFacts {
  return {
    host: name,
    machine: name,
    boot: `${name} boot`,
    pidNamespace: 'pid:[1]',
    pid: 1,
    pidStart: 1,
    processStart,
  };
}

export interface TestRepositoryOptions {
  store?: Store;
  clock?: Clock;
  random?: RandomSource;
  host?: HostFacts;
  writer?: string;
  ring?: KeyRing;
  rules?: ProtocolRules;
}

const FIXED = new SeededRandom(0);
const RING = createKeyRing(FIXED);
const HEADER = encodeHeader(FIXED.bytes(32), '2030-01-01T00:00:00.000Z');

/** A repository that was opened without scrypt. All of them have the same keys, so several may work on one store. */
export function testRepository(options: TestRepositoryOptions = {}): Repository {
  return new Repository(
    {
      store: options.store ?? new MemoryStore(),
      clock: options.clock ?? new ManualClock(),
      random: options.random ?? new SeededRandom(1),
      host: options.host ?? testHost(),
      writer: options.writer ?? '00'.repeat(16),
      rules: options.rules,
    },
    {
      header: HEADER,
      ring: options.ring ?? RING,
      config: DEFAULT_CONFIG,
      slot: { id: '00'.repeat(16), label: 'test' },
      warnings: [],
    },
  );
}
