import { join } from 'node:path';
import { Low } from 'lowdb';
import { HoldfastError, isNoSpace, systemCode } from '../shared/errors.ts';
import type { ProcessIdentity } from '../shared/process-identity.ts';
import { emptyState, type StateDocument } from './document.ts';
import { DurableFile } from './durable-file.ts';
import { type FileCalls, makeFolder, nodeFileCalls } from './file-calls.ts';
import { migrate } from './migrate.ts';
import { type OwnerLock, takeOwnerLock } from './owner-lock.ts';
import { unwritable } from './unwritable.ts';

/** What the bot remembers. Reads are of memory; changes have reached the disk when their promise resolves. */
export interface State {
  /** As it is now. Not to be changed but through `update`. */
  readonly document: Readonly<StateDocument>;
  /** What of the newest changes was missing when it was opened; empty where all was there. */
  readonly losses: readonly string[];
  /**
   * Changes the document at once and gives what `change` gives once that is on disk. Changes that come while one is being written go to the disk
   * together. Where it cannot be written, the change stays in memory and goes to the disk with the next one.
   *
   * @throws HoldfastError `storage_full`, `failed`: it is not on disk
   */
  update<T>(change: (document: StateDocument) => T): Promise<T>;
  close(): Promise<void>;
}

export interface StateOptions {
  identity: ProcessIdentity;
  onWarning: (message: string) => void;
  files?: FileCalls;
  /** Whether another process answers for the folder. */
  isAnswered?: () => Promise<boolean>;
}

/**
 * Opens the state in a folder, which is made when it is missing.
 *
 * @throws HoldfastError `locked` where another process has it, `unsupported_version`; `permission`, `store_failed`, `storage_full` or `config` where it
 * cannot be written
 */
export async function openState(folder: string, options: StateOptions): Promise<State> {
  const { identity, onWarning, files = nodeFileCalls, isAnswered = async () => true } = options;
  const lock = await makeFolder(files, folder)
    .then(() => takeOwnerLock(join(folder, 'lock'), { files, self: identity, isAnswered }))
    .catch((error: unknown) => {
      throw unwritable(folder, error);
    });
  try {
    const losses: string[] = [];
    const path = join(folder, 'state.json');
    const onLoss = (reason: string): void => void losses.push(reason);
    const low = new Low(new DurableFile({ path, read: migrate, files, onLoss }), emptyState());
    await low.read();
    for (const reason of losses) onWarning(reason);
    if (lock.takenOver && losses.length === 0) {
      onWarning('The program was ended while it ran: a change of its last moment may be missing in the state');
    }
    return new OpenState({ low, lock, losses, folder, onWarning });
  } catch (error) {
    await lock.release().catch(() => {});
    throw error;
  }
}

interface OpenStateParts {
  low: Low<StateDocument>;
  lock: OwnerLock;
  losses: readonly string[];
  folder: string;
  onWarning: (message: string) => void;
}

class OpenState implements State {
  readonly losses: readonly string[];
  readonly #parts: OpenStateParts;
  /** The write under way, and the one that will have what changes meanwhile. */
  #writing: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  #isFailing = false;

  constructor(parts: OpenStateParts) {
    this.#parts = parts;
    this.losses = parts.losses;
  }

  get document(): Readonly<StateDocument> {
    return this.#parts.low.data;
  }

  async update<T>(change: (document: StateDocument) => T): Promise<T> {
    const result = change(this.#parts.low.data);
    await this.#save();
    return result;
  }

  async close(): Promise<void> {
    await this.#next?.catch(() => {});
    await this.#writing.catch(() => {});
    // What a full disk kept out may have room now.
    if (this.#isFailing) await this.#write().catch(() => {});
    await this.#parts.lock.release();
  }

  #save(): Promise<void> {
    this.#next ??= this.#writing
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        this.#writing = this.#write();
        return this.#writing;
      });
    return this.#next;
  }

  /** Says once that it cannot be written, and once that it can be again. */
  async #write(): Promise<void> {
    const { low, folder, onWarning } = this.#parts;
    try {
      await low.write();
    } catch (error) {
      const failure = writeFailure(folder, error);
      if (!this.#isFailing) onWarning(`${failure.message}. ${failure.advice}`);
      this.#isFailing = true;
      throw failure;
    }
    if (this.#isFailing) onWarning(`The state is saved again in ${folder}`);
    this.#isFailing = false;
  }
}

function writeFailure(folder: string, error: unknown): HoldfastError {
  const full = isNoSpace(error);
  const reason = full ? 'the disk is full' : (systemCode(error) ?? String(error));
  return new HoldfastError(full ? 'storage_full' : 'failed', `The state cannot be saved in ${folder}: ${reason}`, {
    cause: error,
    retryable: true,
    advice: full
      ? 'Make room there: until then the bot forgets with its end what happens now.'
      : 'Check the folder: until then the bot forgets with its end what happens now.',
  });
}
