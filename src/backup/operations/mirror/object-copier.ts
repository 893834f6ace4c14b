import { HoldfastError } from '../../../shared/errors.ts';
import { mapParallel } from '../../../shared/parallel.ts';
import type { ObjectInfo, OperationContext, Store } from '../../ports.ts';
import { isDamage, isNotFound } from '../../repository/damage.ts';
import { idOfName } from '../../repository/names.ts';
import { requireHash } from '../../repository/objects.ts';

/** Objects on their way at once. Packs are held in memory whole. */
const PARALLEL_PACKS = 3;
const PARALLEL_OTHERS = 8;

/** Copies objects from one store to another, checking each against the hash in its name. */
export class ObjectCopier {
  copied = 0;
  bytes = 0;
  /** Objects that are not what their names promise: they are not copied. */
  readonly #damaged = new Set<string>();
  readonly #from: Store;
  readonly #to: Store;
  readonly #context: OperationContext;
  readonly #there: Map<string, number>;
  totalBytes = 0;

  /** `there` are the sizes of the objects that the target has. */
  constructor(from: Store, to: Store, there: Map<string, number>, context: OperationContext) {
    this.#from = from;
    this.#to = to;
    this.#there = there;
    this.#context = context;
  }

  /** Those that the target lacks. Names that are no hashes say nothing about the content, so those objects are always compared. */
  missing(objects: readonly ObjectInfo[]): ObjectInfo[] {
    return objects.filter(({ name, size }) => this.#there.get(name) !== size || isPlain(name));
  }

  /** Copies what the target lacks; gives the names of what has vanished meanwhile. */
  async copy(objects: readonly ObjectInfo[]): Promise<string[]> {
    const vanished: string[] = [];
    const isPacks = objects[0]?.name.startsWith('packs/') === true;
    await mapParallel(this.missing(objects), isPacks ? PARALLEL_PACKS : PARALLEL_OTHERS, async (info) => {
      this.#context.signal?.throwIfAborted();
      if (!(await this.#copyOne(info))) vanished.push(info.name);
    });
    return vanished;
  }

  async #copyOne({ name, size }: ObjectInfo): Promise<boolean> {
    const bytes = await this.#read(name);
    if (bytes === undefined) return this.#damaged.has(name);
    if (isPlain(name) && this.#there.get(name) === size && bytes.equals(await this.#to.get(name))) return true;
    await this.#to.put(name, bytes, this.#context.signal);
    this.#there.set(name, bytes.length);
    this.copied++;
    this.bytes += bytes.length;
    this.#context.onProgress?.({
      phase: 'mirror',
      files: this.copied,
      bytes: this.bytes,
      totalBytes: this.totalBytes,
      current: name,
    });
    return true;
  }

  async #read(name: string): Promise<Buffer | undefined> {
    try {
      const bytes = await this.#from.get(name, undefined, this.#context.signal);
      requireHash(name, bytes);
      return bytes;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      if (!isDamage(error)) throw error;
      this.#damaged.add(name);
      return undefined;
    }
  }

  /** @throws HoldfastError `damaged` where an object could not be copied for what it holds */
  requireUndamaged(): void {
    if (this.#damaged.size === 0) return;
    const names = [...this.#damaged];
    const shown = `${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''}`;
    throw new HoldfastError(
      'damaged',
      `Everything else is mirrored, but these objects are damaged here: ${shown}. Nothing was deleted in the mirror.`,
      { advice: 'Run verify to see what is affected.', details: { objects: names } },
    );
  }
}

/** Objects that are named by people or numbered. Completed marks are not: like the mark, they never differ. */
function isPlain(name: string): boolean {
  return idOfName(name) === undefined && !name.startsWith('gc/');
}
