import type { Wording } from '../view/units.ts';
import type { Style } from './style.ts';

export interface RenderOptions extends Wording {
  style: Style;
  /** Columns of the terminal; undefined where output is no terminal, so nothing is shortened. */
  columns: number | undefined;
  /** Whether a `file` View's bytes pass as they are: into a pipe or a file, never onto a terminal. */
  rawFiles: boolean;
  /** Puts a document that nobody wants to read on a terminal into a file, and gives its path; undefined for one that is printed after all. */
  saveFile?: ((name: string, content: AsyncIterable<Uint8Array>) => Promise<string | undefined>) | undefined;
}
