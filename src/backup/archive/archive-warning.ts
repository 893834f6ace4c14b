import type { ByteString } from '../../shared/bytes.ts';

/** Something that an archive cannot hold, or that a foreign archive holds and the reader left out. */
export interface ArchiveWarning {
  /** The member's name as it stands in the archive or the snapshot: raw, untrusted bytes. */
  path: ByteString;
  /** What was found and what was done about it; never holds raw names. */
  message: string;
  /** The member is no part of what was read. */
  leftOut?: true;
}

export type WarningSink = (warning: ArchiveWarning) => void;

const LIMIT = 1000;

/** Passes warnings on, but no more than a thousand: a hostile archive can cause one for every 512 bytes. */
export class WarningLog {
  readonly #sink: WarningSink;
  readonly #saidOnce = new Set<string>();
  #count = 0;

  constructor(sink: WarningSink) {
    this.#sink = sink;
  }

  add(path: ByteString, message: string): void {
    this.#tell({ path, message });
  }

  /** For a member that is missing from what was read. */
  leaveOut(path: ByteString, message: string): void {
    this.#tell({ path, message, leftOut: true });
  }

  #tell(warning: ArchiveWarning): void {
    this.#count++;
    if (this.#count <= LIMIT) this.#sink(warning);
  }

  /** For what is the same with every member: the first stands for all. */
  addOnce(path: ByteString, message: string): void {
    if (this.#saidOnce.has(message)) return;
    this.#saidOnce.add(message);
    this.add(path, message);
  }

  /** Tells how many were held back. */
  finish(): void {
    const more = this.#count - LIMIT;
    if (more > 0)
      this.#sink({ path: '' as ByteString, message: `${more} more warnings about this archive are not shown` });
  }
}
