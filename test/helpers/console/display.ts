import { Writable } from 'node:stream';

/** What a person sees of what a console writes. */
export interface Display extends Writable {
  columns?: number;
  /** Everything that stands there, the prompt and what is shown in place included, as lines without regard to the width. */
  lines(): string[];
  /** What a terminal would act on, besides what keeps a prompt in its place. */
  readonly alive: readonly string[];
}

/** Where output goes that is no terminal: what is written stands as it is. */
export class Transcript extends Writable implements Display {
  #text = '';

  lines(): string[] {
    return this.#text.split('\n');
  }

  get alive(): readonly string[] {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what must not be there
    return this.#text.match(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g) ?? [];
  }

  override _write(piece: Buffer, _encoding: string, done: () => void): void {
    this.#text += piece.toString('utf8');
    done();
  }
}

/** A sequence, or one character. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal is made of them
const PIECE = /\x1b\[(\d*)([A-Z])|./gsu;

interface Row {
  cells: string[];
  /** The row above had no room for it. */
  continues: boolean;
}

/** A terminal that never scrolls away what it has shown. It knows what readline needs, as xterm does it; all else it takes for an attack. */
export class TerminalDisplay extends Writable implements Display {
  readonly columns: number;
  readonly alive: string[] = [];
  #rows: Row[] = [{ cells: [], continues: false }];
  #row = 0;
  #column = 0;

  constructor(columns: number) {
    super({ decodeStrings: false });
    this.columns = columns;
  }

  lines(): string[] {
    const lines: string[] = [];
    for (const { cells, continues } of this.#rows) {
      const text = Array.from(cells, (cell) => cell ?? ' ').join('');
      if (continues) lines.push((lines.pop() ?? '') + text);
      else lines.push(text);
    }
    return lines;
  }

  override _write(piece: string | Buffer, _encoding: string, done: () => void): void {
    for (const [whole, count = '', act] of piece.toString().matchAll(PIECE)) {
      if (act === undefined) this.#show(whole);
      else if (!this.#move(act, count === '' ? undefined : Number(count))) this.alive.push(whole);
    }
    done();
  }

  #show(character: string): void {
    if (character === '\r') this.#column = 0;
    else if (character === '\n') this.#toNextRow(false);
    else if (/[\p{Cc}\p{Bidi_Control}]/u.test(character)) this.alive.push(character);
    else {
      // A full row is left only when there is more.
      if (this.#column >= this.columns) this.#toNextRow(true);
      this.#at().cells[this.#column++] = character;
    }
  }

  #move(act: string, count: number | undefined): boolean {
    const steps = count ?? 1;
    if (act === 'A') this.#row = Math.max(this.#row - steps, 0);
    else if (act === 'B') this.#row = Math.min(this.#row + steps, this.#rows.length - 1);
    else if (act === 'C') this.#column = Math.min(this.#column + steps, this.columns - 1);
    else if (act === 'D') this.#column = Math.max(Math.min(this.#column, this.columns - 1) - steps, 0);
    else if (act === 'G') this.#column = steps - 1;
    else if (act === 'K' && steps !== 1) this.#at().cells.length = 0;
    else if ((act === 'J' || act === 'K') && count !== 1 && count !== 2) this.#clear(act === 'J');
    else return false;
    return true;
  }

  #clear(below: boolean): void {
    const { cells } = this.#at();
    cells.length = Math.min(cells.length, this.#column);
    if (below) this.#rows.length = this.#row + 1;
  }

  #toNextRow(continues: boolean): void {
    this.#row++;
    this.#column = 0;
    this.#rows[this.#row] ??= { cells: [], continues };
  }

  #at(): Row {
    return this.#rows[this.#row] as Row;
  }
}
