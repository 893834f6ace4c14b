import type { SeededRandom } from './seeded-random.ts';

const PAGE = 4096;

/** A file: what reads see, and what the last fsync made durable. */
export class CrashFile {
  readonly ino: number;
  mode: number;
  mtimeMs: number;
  content: Buffer = Buffer.alloc(0);
  synced: Buffer = Buffer.alloc(0);

  constructor(ino: number, mode: number, mtimeMs: number) {
    this.ino = ino;
    this.mode = mode;
    this.mtimeMs = mtimeMs;
  }
}

/** One rename: the new name never gets lost while the old one goes. */
interface Rename {
  target: CrashFolder;
  name: string;
  inode: CrashInode;
}

type Change =
  | { kind: 'add'; name: string; inode: CrashInode; rename?: Rename }
  | { kind: 'remove'; name: string; inode: CrashInode; rename?: Rename };

/** A folder: its names now, those at its last fsync, and the changes between. */
export class CrashFolder {
  readonly ino: number;
  mtimeMs: number;
  readonly names = new Map<string, CrashInode>();
  #synced = new Map<string, CrashInode>();
  #pending: Change[] = [];

  constructor(ino: number, mtimeMs: number) {
    this.ino = ino;
    this.mtimeMs = mtimeMs;
  }

  add(name: string, inode: CrashInode): void {
    this.names.set(name, inode);
    this.#pending.push({ kind: 'add', name, inode });
  }

  remove(name: string): void {
    const inode = this.names.get(name);
    if (inode === undefined) throw new Error(`no ${name} to remove`);
    this.names.delete(name);
    this.#pending.push({ kind: 'remove', name, inode });
  }

  renameTo(name: string, target: CrashFolder, newName: string): void {
    const inode = this.names.get(name);
    if (inode === undefined) throw new Error(`no ${name} to rename`);
    const rename: Rename = { target, name: newName, inode };
    this.names.delete(name);
    target.names.set(newName, inode);
    this.#pending.push({ kind: 'remove', name, inode, rename });
    target.#pending.push({ kind: 'add', name: newName, inode, rename });
  }

  sync(): void {
    this.#synced = new Map(this.names);
    for (const { kind, rename } of this.#pending) {
      if (kind === 'remove' && rename !== undefined) rename.target.#commit(rename);
    }
    this.#pending = [];
  }

  /** The names that a power cut leaves: those of the last fsync with any, some, the first or none of the changes since. */
  survivors(random: SeededRandom, renames: RenameFates): Map<string, CrashInode> {
    const left = new Map(this.#synced);
    const keeps = changeFilter(random, this.#pending.length);
    for (const [index, change] of this.#pending.entries()) {
      const kept = change.rename === undefined ? keeps(index) : renames.keeps(change.rename, change.kind);
      if (!kept) continue;
      if (change.kind === 'add') left.set(change.name, change.inode);
      else if (left.get(change.name) === change.inode) left.delete(change.name);
    }
    return left;
  }

  /** The source of a rename was synced: one journal transaction holds both ends. */
  #commit(rename: Rename): void {
    const index = this.#pending.findIndex((change) => change.rename === rename);
    if (index < 0) return;
    this.#pending.splice(index, 1);
    this.#synced.set(rename.name, rename.inode);
  }
}

export type CrashInode = CrashFile | CrashFolder;

/** Decides each rename once for both folders: lost, done, or done with the old name still there. */
export class RenameFates {
  readonly #random: SeededRandom;
  readonly #fates = new Map<Rename, number>();

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  keeps(rename: Rename, kind: 'add' | 'remove'): boolean {
    const fate = this.#fates.get(rename) ?? this.#random.below(3);
    this.#fates.set(rename, fate);
    // Where the new name was made durable by an fsync of its folder, only the removal is asked for here.
    return kind === 'add' ? fate > 0 : fate > 1;
  }
}

/** Which of `count` changes survive: none, all, those before a moment, or any. */
function changeFilter(random: SeededRandom, count: number): (index: number) => boolean {
  const manner = random.below(4);
  const moment = random.below(count + 1);
  if (manner === 0) return () => false;
  if (manner === 1) return () => true;
  if (manner === 2) return (index) => index < moment;
  return () => random.below(2) === 0;
}

/** What a power cut leaves of a file: what was synced, and of the pages written since each old, new or as zeros, cut anywhere. */
export function survivingContent(file: CrashFile, random: SeededRandom): Buffer {
  const { content, synced } = file;
  if (content.equals(synced)) return synced;
  const shorter = Math.min(content.length, synced.length);
  const longer = Math.max(content.length, synced.length);
  const lengths = [synced.length, content.length, shorter + random.below(longer - shorter + 1)];
  const left = Buffer.alloc(lengths[random.below(lengths.length)] ?? 0);
  for (let at = 0; at < left.length; at += PAGE) {
    const from = [synced, content, undefined][random.below(3)];
    if (from !== undefined && at < from.length) from.copy(left, at, at, Math.min(at + PAGE, left.length, from.length));
  }
  // What was synced and not written since is never harmed.
  for (let at = 0; at < Math.min(left.length, synced.length, content.length); at++) {
    if (synced[at] === content[at]) left[at] = synced[at] ?? 0;
  }
  return left;
}
