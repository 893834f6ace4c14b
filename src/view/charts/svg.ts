import { printableText } from '../../shared/printable.ts';

/** SVG as text, made of escaped parts only. */
export interface Markup {
  readonly svg: string;
}

type Attributes = Readonly<Record<string, string | number | undefined>>;

/** An element; numbers are written with one decimal. */
export function element(name: string, attributes: Attributes, ...content: readonly (Markup | string)[]): Markup {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escapeXml(typeof value === 'number' ? decimal(value) : String(value))}"`)
    .join('');
  const inside = content.map((part) => (typeof part === 'string' ? escapeXml(printableText(part)) : part.svg)).join('');
  return { svg: inside === '' ? `<${name}${written}/>` : `<${name}${written}>${inside}</${name}>` };
}

export const group = (attributes: Attributes, ...content: readonly Markup[]): Markup =>
  element('g', attributes, ...content);

const decimal = (value: number): string => String(Math.round(value * 10) / 10);

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

const escapeXml = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
