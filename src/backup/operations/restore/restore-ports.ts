import type { Worker } from 'node:worker_threads';
import type { ByteString } from '../../../shared/bytes.ts';
import type { Clock } from '../../../shared/clock.ts';
import type { ProcessIdentity } from '../../../shared/process-identity.ts';
import type { RandomSource } from '../../../shared/random.ts';
import type { KeyRing } from '../../crypto/keyring.ts';
import type { SnapshotBody } from '../../format/bodies.ts';
import type { Posix } from '../../posix/posix.ts';
import type { SnapshotContent } from './content.ts';
import type { Layout } from './targets.ts';

/** What a restore is given. */
export interface RestorePorts {
  posix: Posix;
  clock: Clock;
  random: RandomSource;
  /** Of this process. */
  identity: ProcessIdentity;
  keys: { ring: KeyRing; repositoryId: Buffer };
  /** The repository's folder, where it is one of this machine. */
  repositoryFolder?: string | undefined;
  /** Threads that write; 0: everything happens in the caller's. */
  threads: number;
  /** Those threads, where somebody has them boot already; whoever did ends them in the case that they are not used. */
  workers?: readonly Worker[] | undefined;
  /** Backs paths up before they are changed; resolves with the snapshot's ID. */
  safetyBackup(paths: readonly ByteString[]): Promise<string>;
}

export interface RestoreSnapshot {
  id: string;
  body: SnapshotBody;
  /** `content`: the manifest's root is the one folder that was backed up. `named`: objects lie below it by their base names. */
  layout: Layout;
  content: SnapshotContent;
}
