import { element, type Markup } from './svg.ts';

/** What all charts are drawn on: light, with dark text, and of a width that a phone shows with letters of readable size. */

export const WIDTH = 560;
export const MARGIN = 20;

/** Told apart by people who see no red or no green, and in grey: what a mark means is its shape, the colour only repeats it. */
export const INK = {
  paper: '#ffffff',
  text: '#1f2933',
  quiet: '#52606d',
  grid: '#d9dee4',
  main: '#1d5fa8',
  fill: '#d6e4f3',
  good: '#2a7d4f',
  warning: '#b7791f',
  bad: '#c53030',
} as const;

const FAMILY = 'Inter';
export const TEXT = 15;
export const SMALL = 13;
/** Mean width of a character in parts of the font's size, on the large side. */
const CHARACTER = 0.56;

export interface Words {
  x: number;
  y: number;
  size?: number;
  ink?: string;
  bold?: boolean;
  anchor?: 'start' | 'middle' | 'end';
}

export const words = (
  content: string,
  { x, y, size = TEXT, ink = INK.text, bold = false, anchor = 'start' }: Words,
): Markup =>
  element(
    'text',
    {
      x,
      y,
      'font-family': FAMILY,
      'font-size': size,
      'font-weight': bold ? 600 : 400,
      'text-anchor': anchor === 'start' ? undefined : anchor,
      fill: ink,
    },
    content,
  );

export const line = (
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  look: { ink?: string; width?: number; dashes?: string } = {},
): Markup =>
  element('line', {
    x1,
    y1,
    x2,
    y2,
    stroke: look.ink ?? INK.grid,
    'stroke-width': look.width ?? 1,
    'stroke-dasharray': look.dashes,
  });

/** Text that fits into a width, its end left out where it is too long. */
export function fitted(text: string, width: number, size: number = TEXT): string {
  const room = Math.floor(width / (size * CHARACTER));
  return text.length <= room ? text : `${text.slice(0, Math.max(room - 1, 1))}…`;
}

/** The whole picture, with what it says in words for who cannot see it. */
export function picture(
  height: number,
  title: string,
  subtitle: string,
  description: string,
  ...content: readonly Markup[]
): string {
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      width: WIDTH,
      height,
      viewBox: `0 0 ${WIDTH} ${Math.round(height)}`,
      role: 'img',
      'aria-label': description,
    },
    element('title', {}, title),
    element('rect', { width: WIDTH, height, fill: INK.paper }),
    words(fitted(title, WIDTH - 2 * MARGIN, 19), { x: MARGIN, y: 32, size: 19, bold: true }),
    words(fitted(subtitle, WIDTH - 2 * MARGIN, TEXT), { x: MARGIN, y: 55, ink: INK.quiet }),
    ...content,
  ).svg;
}

/** Where the drawing begins below title and subtitle. */
export const TOP = 74;
