import type { SeededRandom } from '../seeded-random.ts';
import { randomContent } from './random-content.ts';
import type { TreeMaker } from './tree-maker.ts';
import { xattr } from './xattr-values.ts';

const isRoot = process.getuid?.() === 0;

/** A tree of about `count` entries of every kind, with names, shapes, times and modes that depend on the seed. */
export function makeRandomTree(make: TreeMaker, random: SeededRandom, count: number): void {
  const tree = new RandomTree(make, random);
  for (let i = 0; i < count; i++) tree.add();
  tree.dressFolders();
}

class RandomTree {
  readonly #make: TreeMaker;
  readonly #random: SeededRandom;
  readonly #folders = [''];
  /** What may get further names. */
  readonly #linkable: string[] = [];
  readonly #taken = new Set<string>();

  constructor(make: TreeMaker, random: SeededRandom) {
    this.#make = make;
    this.#random = random;
  }

  add(): void {
    const path = this.#newPath();
    const { specialFiles, xattrs } = this.#make.posix.capabilities;
    const kind = this.#random.below(12);
    if (kind < 2) {
      this.#make.folder(path);
      this.#folders.push(path);
    } else if (kind === 2 && this.#linkable.length > 0) this.#make.link(this.#pick(this.#linkable), path);
    else {
      if (kind === 3) this.#make.symlink(path, this.#name(4000), { mtimeNs: this.#time() });
      else if (kind === 4) this.#sparse(path);
      else if (kind === 5 && specialFiles)
        this.#make.node(path, 'fifo', undefined, { mode: this.#mode(), mtimeNs: this.#time() });
      else this.#file(path);
      if (kind === 6 && xattrs) this.#make.dress(path, { xattrs: [xattr('user.note', this.#random.bytes(20))] });
      this.#linkable.push(path);
    }
  }

  dressFolders(): void {
    for (const path of this.#folders.slice(1).reverse())
      this.#make.dress(path, { mode: this.#mode() | 0o700, mtimeNs: this.#time() });
  }

  #file(path: string): void {
    const sizes = [0, 1, 300, 5000, 70_000, 300_000];
    const size = this.#random.below(this.#pick(sizes) + 1);
    const bytes = randomContent(this.#random, size);
    const content = this.#random.below(2) === 0 ? bytes : bytes.fill(this.#random.below(256));
    const owner =
      isRoot && this.#random.below(4) === 0 ? { uid: this.#random.below(70_000), gid: this.#random.below(70_000) } : {};
    this.#make.file(path, content, {
      ...owner,
      mode: isRoot ? this.#mode() : this.#mode() | 0o400,
      mtimeNs: this.#time(),
    });
    this.#linkable.push(path);
  }

  #sparse(path: string): void {
    const size = this.#random.below(2_000_000);
    const pieces = Array.from({ length: this.#random.below(5) }, () => {
      const offset = this.#random.below(size + 1);
      return { offset, content: this.#random.bytes(this.#random.below(Math.min(9000, size - offset + 1))) };
    });
    this.#make.sparse(path, size, pieces, { mtimeNs: this.#time() });
  }

  #newPath(): string {
    for (;;) {
      const folder = this.#pick(this.#folders);
      const name = this.#name(30);
      const path = folder === '' ? name : `${folder}/${name}`;
      if (name === '.' || name === '..' || this.#taken.has(path)) continue;
      this.#taken.add(path);
      return path;
    }
  }

  /** Any bytes but NUL and `/`, often ones that sort around it. */
  #name(most: number): string {
    const length = 1 + this.#random.below(this.#random.below(2) === 0 ? 3 : most);
    const character = (): string => {
      if (this.#random.below(3) === 0) return this.#pick(['-', '.', '0', 'a', ' ', '\n', '\\', '\xff', '\xe2\x80\xae']);
      return String.fromCharCode(1 + this.#random.below(255)).replace('/', '_');
    };
    return Array.from({ length }, character).join('').slice(0, Math.min(most, 255));
  }

  #mode(): number {
    return this.#random.below(4) === 0 ? this.#random.below(0o10000) : 0o644;
  }

  #time(): bigint {
    return BigInt(this.#random.below(4_000_000_000) - 1_500_000_000) * 1_000_000_000n + BigInt(this.#random.below(1e9));
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#random.below(items.length)] as T;
  }
}
