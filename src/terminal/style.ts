import type { Tone } from '../view/view.ts';

/** How a terminal shows emphasis: as escape sequences, or not at all. */
export interface Style {
  bold(text: string): string;
  quiet(text: string): string;
  tone(tone: Tone, text: string): string;
}

const SGR: Readonly<Record<Tone, string | undefined>> = {
  plain: undefined,
  good: '32',
  warning: '33',
  bad: '31',
  quiet: '2',
};

const wrap = (sgr: string, text: string): string => (text === '' ? '' : `\x1b[${sgr}m${text}\x1b[0m`);

export const COLOUR: Style = {
  bold: (text) => wrap('1', text),
  quiet: (text) => wrap('2', text),
  tone: (tone, text) => {
    const sgr = SGR[tone];
    return sgr === undefined ? text : wrap(sgr, text);
  },
};

export const PLAIN: Style = { bold: (text) => text, quiet: (text) => text, tone: (_tone, text) => text };

/** Colour only on a terminal that has some, and where NO_COLOR (no-color.org) is unset or empty. */
export function chooseStyle(isTerminal: boolean, environment: Readonly<Record<string, string | undefined>>): Style {
  const wanted = isTerminal && !environment.NO_COLOR && environment.TERM !== 'dumb';
  return wanted ? COLOUR : PLAIN;
}
