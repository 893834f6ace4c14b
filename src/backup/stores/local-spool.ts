import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { systemCode } from '../../shared/errors.ts';
import { localProcessFate, type ProcessIdentity } from '../../shared/process-identity.ts';
import { makeFolder } from './durable-folders.ts';
import type { FileFacts, FileSystem } from './file-system.ts';

/** How long the folder of a process that cannot be looked up (another machine, a boot before) must have rested. */
const UNKNOWN_OWNER_MS = 24 * 3600 * 1000;
const OWNED = /^(?<view>[0-9a-f]{16})-(?<pid>\d+)-(?<start>\d+)-\d+$/;

/**
 * A folder of this process's own below `tmp/`, for files that are not objects yet. Its name says who owns it: a digest of
 * machine, boot and PID namespace, then process ID, start time and a number. So whoever opens a spool can remove what
 * dead processes left: at once where the owner can be looked up, else when nothing was made there for a day, by the
 * clock of the file system itself.
 */
export class LocalSpool {
  readonly #files: FileSystem;
  readonly #tmp: string;
  readonly #self: ProcessIdentity;
  readonly #view: string;
  #folder: Promise<string> | undefined;
  #names = 0;

  constructor(files: FileSystem, tmp: string, self: ProcessIdentity) {
    this.#files = files;
    this.#tmp = tmp;
    this.#self = self;
    this.#view = createHash('sha256')
      .update(`${self.machine}\n${self.boot}\n${self.pidNamespace}`)
      .digest('hex')
      .slice(0, 16);
  }

  /** The folder; made, and what the dead left removed, on the first call. */
  open(): Promise<string> {
    if (this.#folder === undefined) {
      const opening = this.#open();
      this.#folder = opening;
      opening.catch(() => this.forget());
    }
    return this.#folder;
  }

  /** A path in the folder that nothing has yet. */
  async newPath(): Promise<string> {
    return join(await this.open(), `put-${this.#names++}`);
  }

  /** For when the folder turned out to be gone: the next call makes another. */
  forget(): void {
    this.#folder = undefined;
  }

  async close(): Promise<void> {
    const folder = await this.#folder?.catch(() => undefined);
    this.forget();
    if (folder !== undefined) await this.#remove(folder);
  }

  async #open(): Promise<string> {
    await makeFolder(this.#files, this.#tmp);
    await this.#sweepLocal();
    const folder = await this.#makeOwn();
    await this.#sweepOthers(folder);
    return folder;
  }

  /** Several stores of one process have a folder each. */
  async #makeOwn(): Promise<string> {
    for (let number = 0; ; number++) {
      const folder = join(this.#tmp, `${this.#view}-${this.#self.pid}-${this.#self.pidStart}-${number}`);
      try {
        await this.#files.mkdir(folder, 0o700);
        return folder;
      } catch (error) {
        if (systemCode(error) !== 'EEXIST') throw error;
      }
    }
  }

  /** Comes before anything is written: on a full disk it makes the room. */
  async #sweepLocal(): Promise<void> {
    for (const { name, view, pid, start } of await this.#owned()) {
      if (view !== this.#view || (pid === this.#self.pid && start === this.#self.pidStart)) continue;
      if (localProcessFate(pid, start) === 'dead') await this.#remove(join(this.#tmp, name));
    }
  }

  async #sweepOthers(own: string): Promise<void> {
    const now = (await this.#files.lstat(own)).mtimeMs;
    for (const { name, view } of await this.#owned()) {
      if (view === this.#view) continue;
      const facts = await this.#factsOf(name);
      if (facts !== undefined && now - facts.mtimeMs > UNKNOWN_OWNER_MS) await this.#remove(join(this.#tmp, name));
    }
  }

  async #factsOf(name: string): Promise<FileFacts | undefined> {
    try {
      return await this.#files.lstat(join(this.#tmp, name));
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  async #owned(): Promise<{ name: string; view: string; pid: number; start: number }[]> {
    const entries = await this.#files.readdir(this.#tmp);
    return entries.flatMap((entry) => {
      const owner = entry.isDirectory() ? OWNED.exec(entry.name)?.groups : undefined;
      if (owner === undefined) return [];
      return [{ name: entry.name, view: owner.view ?? '', pid: Number(owner.pid), start: Number(owner.start) }];
    });
  }

  /** As far as it goes: what cannot be removed now, or is being removed by somebody else, is no reason to fail. */
  async #remove(folder: string): Promise<void> {
    try {
      for (const { name } of await this.#files.readdir(folder)) await this.#files.unlink(join(folder, basename(name)));
      await this.#files.rmdir(folder);
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
    }
  }
}
