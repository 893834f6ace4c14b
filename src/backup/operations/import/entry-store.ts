import type { ByteString } from '../../../shared/bytes.ts';
import { HoldfastError } from '../../../shared/errors.ts';
import { ByteReader } from '../../format/byte-reader.ts';
import { ByteWriter } from '../../format/byte-writer.ts';
import { readEntry, type StoredEntry, writeEntry } from '../../format/manifest-entry.ts';

const PAGE_BYTES = 4 * 2 ** 20;
const MAX_BYTES = 2 ** 30;
/** What a record and a row of an owner table cost besides their bytes. */
const RECORD_COST = 16;
const OWNER_COST = 128;

/**
 * Entries in the order in which an archive gives them, until all are known and can be sorted. They are kept as the manifest would keep them: some
 * hundred bytes each, path and attributes included. Records are numbered from 0.
 */
export class EntryStore {
  readonly #maxBytes: number;
  readonly #pages: Buffer[] = [];
  #used = PAGE_BYTES;
  #page = new Uint32Array(1024);
  #offset = new Uint32Array(1024);
  #count = 0;
  #bytes = 0;
  readonly #out = new ByteWriter();
  readonly #option = new ByteWriter();
  readonly #owners = new OwnerRows();
  readonly #groups = new OwnerRows();
  /** Targets of the records that are hard links, as keys. */
  readonly #links = new Map<number, Buffer>();

  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  get count(): number {
    return this.#count;
  }

  /** Records that are hard links, in the archive's order. */
  get links(): Iterable<number> {
    return this.#links.keys();
  }

  /**
   * Adds an entry; gives its number. `hardlink` may name any path.
   *
   * @throws HoldfastError `refused` where the archive holds more entries than fit into memory
   */
  add(entry: StoredEntry): number {
    const { hardlink, ...plain } = entry;
    const out = this.#out;
    out.reset();
    const key = pathKey(entry.path);
    out.u32(key.length);
    out.raw(key);
    const positions = {
      owner: this.#owners.position(entry.uid, entry.user),
      group: this.#groups.position(entry.gid, entry.group),
    };
    writeEntry(out, plain, positions, this.#option);
    const number = this.#append(out.toBuffer());
    if (hardlink !== undefined) {
      const target = pathKey(hardlink);
      this.#links.set(number, target);
      this.#charge(target.length + OWNER_COST);
    }
    return number;
  }

  path(record: number): ByteString {
    return this.#key(record).toString('latin1').replaceAll('\0', '/') as ByteString;
  }

  entry(record: number): StoredEntry {
    const { page, start, keyLength } = this.#place(record);
    const input = new ByteReader(page.subarray(start + 4 + keyLength), 'an imported entry');
    return readEntry(input, this.path(record), { owners: this.#owners.rows, groups: this.#groups.rows });
  }

  isLink(record: number): boolean {
    return this.#links.has(record);
  }

  /** All records by path in manifest order; those of one path in the archive's order. */
  sorted(): Sorted {
    const order = Uint32Array.from({ length: this.#count }, (_, record) => record);
    const compare = (a: number, b: number) => this.#compare(a, b);
    // Many archives are in order already, our own exports always.
    if (!order.every((record, i) => i === 0 || compare(record - 1, record) < 0)) order.sort(compare);
    return {
      order,
      source: (record) => this.#resolve(order, record),
    };
  }

  /** Follows hard links, each to what its target was when the link was made, so that there can be no circle. */
  #resolve(order: Uint32Array, record: number): number | undefined {
    let found: number | undefined = record;
    while (found !== undefined) {
      const target = this.#links.get(found);
      if (target === undefined) return found;
      found = this.#latestBefore(order, target, found);
    }
    return undefined;
  }

  /** The latest record with this path among those before `limit`. */
  #latestBefore(order: Uint32Array, key: Buffer, limit: number): number | undefined {
    let low = 0;
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const record = order[middle] as number;
      const difference = Buffer.compare(this.#key(record), key) || record - limit;
      if (difference < 0) low = middle + 1;
      else high = middle;
    }
    const candidate = order[low - 1];
    return candidate !== undefined && this.#key(candidate).equals(key) ? candidate : undefined;
  }

  #compare(a: number, b: number): number {
    const x = this.#place(a);
    const y = this.#place(b);
    const xKey = x.start + 4;
    const yKey = y.start + 4;
    return x.page.compare(y.page, yKey, yKey + y.keyLength, xKey, xKey + x.keyLength) || a - b;
  }

  #key(record: number): Buffer {
    const { page, start, keyLength } = this.#place(record);
    return page.subarray(start + 4, start + 4 + keyLength);
  }

  #place(record: number): { page: Buffer; start: number; keyLength: number } {
    const page = this.#pages[this.#page[record] as number] as Buffer;
    const start = this.#offset[record] as number;
    return { page, start, keyLength: page.readUInt32LE(start) };
  }

  #append(bytes: Buffer): number {
    this.#charge(bytes.length + RECORD_COST);
    if (this.#used + bytes.length > (this.#pages.at(-1)?.length ?? 0)) {
      this.#pages.push(Buffer.allocUnsafeSlow(Math.max(PAGE_BYTES, bytes.length)));
      this.#used = 0;
    }
    if (this.#count === this.#page.length) this.#grow();
    bytes.copy(this.#pages.at(-1) as Buffer, this.#used);
    this.#page[this.#count] = this.#pages.length - 1;
    this.#offset[this.#count] = this.#used;
    this.#used += bytes.length;
    return this.#count++;
  }

  #grow(): void {
    const page = new Uint32Array(2 * this.#page.length);
    const offset = new Uint32Array(2 * this.#offset.length);
    page.set(this.#page);
    offset.set(this.#offset);
    this.#page = page;
    this.#offset = offset;
  }

  #charge(bytes: number): void {
    this.#bytes += bytes;
    const total = this.#bytes + this.#owners.bytes + this.#groups.bytes;
    if (total <= this.#maxBytes) return;
    throw new HoldfastError(
      'refused',
      `The archive describes more than ${Math.round(this.#maxBytes / 2 ** 20)} MiB of names and attributes (${this.#count} entries so far).`,
      { advice: 'Import it in parts, or unpack it and back up the folder.' },
    );
  }
}

export interface Sorted {
  /** Record numbers. */
  order: Uint32Array;
  /** The record whose content a record has: its own, or what a hard link leads to; undefined where that leads nowhere. */
  source(record: number): number | undefined;
}

/** Bytes that compare as paths do in the manifest: a slash below every other byte. No name holds a NUL. */
function pathKey(path: ByteString): Buffer {
  return Buffer.from(path.replaceAll('/', '\0'), 'latin1');
}

class OwnerRows {
  readonly rows: { id: number; name: ByteString | undefined }[] = [];
  readonly #positions = new Map<string, number>();
  bytes = 0;

  position(id: number, name: ByteString | undefined): number {
    const key = `${id} ${name ?? ''}`;
    const known = this.#positions.get(key);
    if (known !== undefined) return known;
    this.bytes += OWNER_COST + 2 * key.length;
    this.#positions.set(key, this.rows.length);
    return this.rows.push({ id, name }) - 1;
  }
}
