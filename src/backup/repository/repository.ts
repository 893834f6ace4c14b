import { toHex } from '../../shared/bytes.ts';
import type { Clock } from '../../shared/clock.ts';
import type { RandomSource } from '../../shared/random.ts';
import { type ChunkIdHasher, createChunkIdHasher } from '../crypto/chunk-id.ts';
import { fingerprint, type KeyRing } from '../crypto/keyring.ts';
import { Sealer } from '../crypto/sealer.ts';
import type { ConfigBody } from '../format/bodies.ts';
import type { Header } from '../format/header.ts';
import type { Store } from '../ports.ts';
import type { HostFacts } from './host-facts.ts';
import { ALL_RULES, type ProtocolRules } from './rules.ts';

/** What a repository asks of the world. */
export interface RepositoryPorts {
  store: Store;
  clock: Clock;
  random: RandomSource;
  host: HostFacts;
  /** This installation: 32 hexadecimal digits, random, kept by whoever composes the program. */
  writer: string;
  /** For the interleaving test alone. */
  rules?: ProtocolRules;
}

export type RepositoryConfig = Pick<ConfigBody, 'features' | 'chunker' | 'files'>;

/** The slot that opened a repository. */
export interface OpenedSlot {
  id: string;
  label: string;
  /** The other copy, where only one was found: see settleSlots. */
  otherCopy?: Buffer;
}

/** What opening found out. */
export interface RepositoryContent {
  header: Header;
  ring: KeyRing;
  config: RepositoryConfig;
  slot: OpenedSlot;
  warnings: string[];
  /** Objects that were read while the passphrase was being worked on. */
  early?: Map<string, Promise<Buffer>>;
}

/** An open repository: its store, its keys, and what small immutable objects said when they were first read. */
export class Repository {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly host: HostFacts;
  readonly writer: string;
  readonly rules: ProtocolRules;
  readonly header: Header;
  readonly ring: KeyRing;
  readonly sealer: Sealer;
  readonly hasher: ChunkIdHasher;
  readonly config: RepositoryConfig;
  readonly slot: OpenedSlot;
  /** Found while opening, for people. */
  readonly warnings: readonly string[];
  /** See RepositoryContent. */
  readonly early: Map<string, Promise<Buffer>>;
  /** Parsed snapshots, notes and marks by name: they never change under a name. */
  readonly bodies = new Map<string, unknown>();

  constructor(ports: RepositoryPorts, content: RepositoryContent) {
    this.store = ports.store;
    this.clock = ports.clock;
    this.random = ports.random;
    this.host = ports.host;
    this.writer = ports.writer;
    this.rules = ports.rules ?? ALL_RULES;
    this.header = content.header;
    this.ring = content.ring;
    this.sealer = new Sealer(content.ring, content.header.repositoryId, ports.random);
    this.hasher = createChunkIdHasher(content.ring.idSecret);
    this.config = content.config;
    this.slot = content.slot;
    this.warnings = content.warnings;
    this.early = content.early ?? new Map();
  }

  /** 64 hexadecimal digits. */
  get id(): string {
    return toHex(this.header.repositoryId);
  }

  get fingerprint(): string {
    return fingerprint(this.ring);
  }

  /** False where a newer program has switched on a feature that only reading survives. */
  get writable(): boolean {
    return this.config.features.write.every((feature) => KNOWN_WRITE_FEATURES.includes(feature));
  }

  /** The present moment as bodies record it. */
  timestamp(): string {
    return new Date(this.clock.now()).toISOString();
  }
}

/** Features of docs/FORMAT.md section 15 that this program knows: version 1 began without any. */
export const KNOWN_READ_FEATURES: readonly string[] = [];
export const KNOWN_WRITE_FEATURES: readonly string[] = [];
