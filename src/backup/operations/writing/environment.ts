import type { SpoolFileSystem } from '../../ports.ts';
import type { HeadMemory } from '../../repository/history.ts';
import type { Repository } from '../../repository/repository.ts';

/** What an operation needs that adds snapshots to an open repository. */
export interface WritingEnvironment {
  repository: Repository;
  /** Packing threads; 0: everything happens in the caller's thread. */
  threads: number;
  files: SpoolFileSystem;
  posix: 'auto' | 'off';
  /** The newest snapshots that this installation has seen. */
  heads: HeadMemory;
  host: string;
  program: string;
}
