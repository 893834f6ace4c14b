import { packName } from '../format/pack-index.ts';
import type { Store } from '../ports.ts';
import type { Marks } from './marks.ts';
import { idOfName } from './names.ts';
import type { Repository } from './repository.ts';

/** Sizes of all listed packs by ID. */
export async function listPacks(store: Store, signal?: AbortSignal): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const { name, size } of await store.list('packs/', signal)) {
    const id = idOfName(name);
    if (id !== undefined) sizes.set(id, size);
  }
  return sizes;
}

/** Which packs may be counted on: stored with the right size, and named by no mark. */
export class Liveness {
  readonly marks: Marks;
  readonly listed: ReadonlyMap<string, number>;
  readonly #repository: Repository;

  constructor(repository: Repository, marks: Marks, listed: ReadonlyMap<string, number>) {
    this.#repository = repository;
    this.marks = marks;
    this.listed = listed;
  }

  /** By the listing alone. */
  isListedLive(id: string, size: number): boolean {
    if (this.marks.packs.has(id)) return false;
    return this.#repository.rules.checkPackSize ? this.listed.get(id) === size : this.listed.has(id);
  }

  /**
   * Asks the store itself about a pack that the listing does not show: listings may lag behind puts, and what is deleted was marked
   * long before.
   */
  async isLive(id: string, size: number): Promise<boolean> {
    if (this.listed.has(id) || this.marks.packs.has(id)) return this.isListedLive(id, size);
    const found = await this.#repository.store.stat(packName(id));
    return found !== undefined && (found.size === size || !this.#repository.rules.checkPackSize);
  }
}
