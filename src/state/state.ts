import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Low } from 'lowdb';
import type { ProcessIdentity } from '../shared/process-identity.ts';
import { emptyState, type StateDocument } from './document.ts';
import { DurableFile } from './durable-file.ts';
import { migrate } from './migrate.ts';
import { type OwnerLock, takeOwnerLock } from './owner-lock.ts';

/** What the bot remembers. Reads are of memory; changes have reached the disk when their promise resolves. */
export interface State {
  /** As it is now. Not to be changed but through `update`. */
  readonly document: Readonly<StateDocument>;
  /**
   * Changes the document at once and gives what `change` gives once that is on disk. Changes that come while one is being written go to the disk
   * together.
   */
  update<T>(change: (document: StateDocument) => T): Promise<T>;
  close(): Promise<void>;
}

export interface StateOptions {
  identity: ProcessIdentity;
  onWarning: (message: string) => void;
}

/**
 * Opens the state in a folder, which is made when it is missing.
 *
 * @throws HoldfastError `locked` where another process has it, `damaged`, `unsupported_version`
 */
export async function openState(folder: string, { identity, onWarning }: StateOptions): Promise<State> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const lock = await takeOwnerLock(join(folder, 'lock'), identity);
  try {
    const low = new Low(new DurableFile(join(folder, 'state.json'), migrate, onWarning), emptyState());
    await low.read();
    return new OpenState(low, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

class OpenState implements State {
  readonly #low: Low<StateDocument>;
  readonly #lock: OwnerLock;
  /** The write under way, and the one that will have what changes meanwhile. */
  #writing: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(low: Low<StateDocument>, lock: OwnerLock) {
    this.#low = low;
    this.#lock = lock;
  }

  get document(): Readonly<StateDocument> {
    return this.#low.data;
  }

  async update<T>(change: (document: StateDocument) => T): Promise<T> {
    const result = change(this.#low.data);
    await this.#save();
    return result;
  }

  async close(): Promise<void> {
    await this.#next?.catch(() => {});
    await this.#writing.catch(() => {});
    await this.#lock.release();
  }

  #save(): Promise<void> {
    this.#next ??= this.#writing
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        this.#writing = this.#low.write();
        return this.#writing;
      });
    return this.#next;
  }
}
