import type { Value } from './value.ts';

/** How good or bad the news is; a platform chooses a mark or a colour for it. */
export type Tone = 'plain' | 'good' | 'warning' | 'bad' | 'quiet';

/** A sentence made of values: `['Kept ', count(3, 'snapshot')]`. */
export type Sentence = Value | readonly Value[];

export interface Column {
  title: string;
  align?: 'left' | 'right';
  /** May be left out where there is no room; the reader is told. */
  minor?: boolean;
}

export type Row = readonly Value[];

/** The bars of a chart or the points of a curve. */
export interface SeriesPoint {
  label: string;
  value: Value;
  /** What is drawn, in any unit. */
  size: number;
}

/** Something to press. Platforms give `id` back as it is: it means nothing to whoever reads it. */
export interface Button {
  id: string;
  label: string;
  tone?: Tone;
}

/** One option of a select. */
export interface Option {
  /** What comes back. */
  value: string;
  label: string;
  /** A second line, where there is room. */
  detail?: string;
}

export interface Choice {
  /** What the answer is called on a button. */
  label: string;
  /** What the asker gets back. */
  answer: string;
  tone?: Tone;
}

/**
 * What a person sees, as data: meanings without markup, colour or platform. Every platform renders every kind within
 * its limits; what is too long becomes an attached file there, never a silent cut. Text may hold anything: the
 * renderer makes it safe for its platform.
 */
export type View =
  /** Several Views, one below the other. */
  | { readonly kind: 'stack'; readonly views: readonly View[] }
  | { readonly kind: 'heading'; readonly text: Sentence }
  | { readonly kind: 'text'; readonly text: Sentence; readonly tone?: Tone }
  /** The outcome of something in one line, with what to do next below it. */
  | { readonly kind: 'status'; readonly tone: Tone; readonly text: Sentence; readonly next?: Sentence }
  /** Names and values, one a line. */
  | { readonly kind: 'fields'; readonly fields: readonly (readonly [name: string, value: Sentence])[] }
  | {
      readonly kind: 'table';
      readonly columns: readonly Column[];
      /** A stream where there may be millions: a renderer reads it once. */
      readonly rows: readonly Row[] | AsyncIterable<Row>;
      /** What to say where there are no rows. */
      readonly empty: Sentence;
    }
  /** `total` says how many there are when `items` are only the first of them. */
  | { readonly kind: 'list'; readonly items: readonly Sentence[]; readonly total?: number; readonly tone?: Tone }
  | { readonly kind: 'progress'; readonly progress: ProgressState }
  | { readonly kind: 'series'; readonly title: string; readonly points: readonly SeriesPoint[] }
  /**
   * A drawing, as SVG made by `charts/`. `title` says in a sentence what it shows; `alternative` is seen where there are no pictures.
   */
  | {
      readonly kind: 'picture';
      /** Of the file, without its ending. */
      readonly name: string;
      readonly title: string;
      readonly svg: string;
      readonly alternative: View;
    }
  /** A document: printed as it is into a pipe, attached in a chat. The bytes are not made safe: they are for a file. */
  | { readonly kind: 'file'; readonly name: string; readonly content: AsyncIterable<Uint8Array> }
  /** Something that the reader may do next: a button in a chat, a command to type elsewhere. */
  | { readonly kind: 'action'; readonly label: string; readonly command: string }
  /** Buttons in a row, with IDs that somebody waits for. */
  | { readonly kind: 'buttons'; readonly buttons: readonly Button[] }
  /** One of several, with an ID that somebody waits for. */
  | { readonly kind: 'select'; readonly id: string; readonly prompt: string; readonly options: readonly Option[] }
  /** A question with buttons. */
  | { readonly kind: 'confirm'; readonly question: Sentence; readonly choices: readonly Choice[] };

export interface ProgressState {
  phase: string;
  files: number;
  bytes: number;
  totalFiles: number | undefined;
  totalBytes: number | undefined;
  current: string | undefined;
  /** 0 to 1, where a total is known. */
  share: number | undefined;
  bytesPerSecond: number | undefined;
  remainingMs: number | undefined;
  elapsedMs: number;
}

export const stack = (...views: readonly (View | undefined)[]): View => ({
  kind: 'stack',
  views: views.filter((view) => view !== undefined),
});
export const heading = (...text: Value[]): View => ({ kind: 'heading', text });
export const text = (...content: Value[]): View => ({ kind: 'text', text: content });
export const hint = (...content: Value[]): View => ({ kind: 'text', text: content, tone: 'quiet' });
export const good = (...content: Value[]): View => ({ kind: 'status', tone: 'good', text: content });
export const warning = (...content: Value[]): View => ({ kind: 'status', tone: 'warning', text: content });
export const bad = (...content: Value[]): View => ({ kind: 'status', tone: 'bad', text: content });
