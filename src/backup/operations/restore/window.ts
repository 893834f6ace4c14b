import type { ChunkPlace } from './content.ts';
import { EntryTableBuilder, type Row, type SharedTable } from './entry-table.ts';
import { type Piece, Pieces } from './pieces.ts';

export interface WindowBlock {
  /** Of any chunk in the block. */
  place: ChunkPlace;
  /** Its pieces: from `first` up to, not including, `end`. */
  first: number;
  end: number;
}

export interface Window {
  rows: number;
  table: SharedTable;
  /** Sorted by block; within a block in the order of the rows. */
  pieces: SharedArrayBuffer;
  /** In the order in which the rows need them: neighbours in the tree are neighbours here. */
  blocks: WindowBlock[];
  /** Pieces of chunks that no index knows. */
  unplaced: number[];
  /** True when there are rows without content. */
  plain: boolean;
}

const UNPLACED = -1;
const GROW_PIECES = 1024;

/** Collects rows and the pieces of their content, and sorts the pieces by the blocks that hold them. */
export class WindowBuilder {
  readonly #rows = new EntryTableBuilder();
  #bytes = new ArrayBuffer(Pieces.bytesFor(GROW_PIECES));
  #pieces = new Pieces(this.#bytes);
  #capacity = GROW_PIECES;
  #count = 0;
  /** For each piece the number of its block. */
  readonly #blockOf: number[] = [];
  readonly #blocks: { place: ChunkPlace; pieces: number }[] = [];
  readonly #blockNumbers = new Map<number, number>();
  #piecesBefore = 0;
  #plain = false;

  get pieces(): number {
    return this.#count;
  }

  /** What counts against the window's limit. */
  get size(): number {
    return this.#rows.count + this.#count;
  }

  /** A row without content. */
  addPlain(row: Row): void {
    this.#plain = true;
    this.#rows.add(row, false);
  }

  /** A file: its pieces follow, then `closeFile`. */
  openFile(row: Row, digest: boolean): number {
    this.#piecesBefore = this.#count;
    return this.#rows.add(row, digest);
  }

  addPiece(piece: Piece, place: ChunkPlace | undefined): void {
    if (this.#count === this.#capacity) this.#grow();
    this.#pieces.set(this.#count++, piece);
    this.#blockOf.push(place === undefined ? UNPLACED : this.#blockNumber(place));
  }

  closeFile(row: number, unfinished: boolean): void {
    this.#rows.setPieces(row, this.#count - this.#piecesBefore, unfinished);
  }

  finish(): Window {
    const next = new Uint32Array(this.#blocks.length);
    let first = 0;
    const blocks = this.#blocks.map(({ place, pieces }, number) => {
      next[number] = first;
      first += pieces;
      return { place, first: first - pieces, end: first };
    });
    const shared = new SharedArrayBuffer(Pieces.bytesFor(this.#count));
    const unplaced = this.#sortInto(new Pieces(shared), next, first);
    return { rows: this.#rows.count, table: this.#rows.finish(), pieces: shared, blocks, unplaced, plain: this.#plain };
  }

  #sortInto(sorted: Pieces, next: Uint32Array, firstUnplaced: number): number[] {
    const unplaced: number[] = [];
    for (let piece = 0; piece < this.#count; piece++) {
      const block = this.#blockOf[piece] as number;
      const to = block === UNPLACED ? firstUnplaced + unplaced.length : (next[block] as number);
      sorted.copyFrom(this.#pieces, piece, to);
      if (block === UNPLACED) unplaced.push(to);
      else next[block] = to + 1;
    }
    return unplaced;
  }

  #blockNumber(place: ChunkPlace): number {
    const key = place.pack * 2 ** 32 + place.blockOffset;
    let number = this.#blockNumbers.get(key);
    if (number === undefined) {
      number = this.#blocks.push({ place, pieces: 0 }) - 1;
      this.#blockNumbers.set(key, number);
    }
    (this.#blocks[number] as { pieces: number }).pieces++;
    return number;
  }

  #grow(): void {
    this.#capacity *= 2;
    const bytes = new ArrayBuffer(Pieces.bytesFor(this.#capacity));
    Buffer.from(bytes).set(Buffer.from(this.#bytes));
    this.#bytes = bytes;
    this.#pieces = new Pieces(bytes);
  }
}
