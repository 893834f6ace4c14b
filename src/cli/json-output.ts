import { HoldfastError } from '../shared/errors.ts';
import { printableText } from '../shared/printable.ts';

/** What JSON leaves as it is and a terminal obeys, hides or reorders. It occurs in strings alone. */
const UNSAFE = /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu;

/** `value` as JSON that can be shown on a terminal: control and format characters as escapes. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replace(UNSAFE, (character) =>
    [...Array(character.length).keys()].map((at) => escaped(character.charCodeAt(at))).join(''),
  );
}

const escaped = (unit: number): string => `\\u${unit.toString(16).padStart(4, '0')}`;

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function plain(item: unknown): unknown {
  return item instanceof Uint8Array ? Buffer.from(item).toString('utf8').replace(/\n$/, '') : item;
}

/**
 * A result as one JSON document in pieces. A property that is a stream becomes an array, item by item, so that a list of
 * millions needs no memory; bytes become text without the line feed at their end. Nothing comes before the first items are there. Where a stream
 * fails later, the document ends with what there was and `error`, and the failure is thrown.
 */
export async function* jsonDocument(result: object): AsyncGenerator<string> {
  const properties = Object.entries(result).filter(([, value]) => value !== undefined);
  const begun = await Promise.all(properties.map(async ([key, value]) => ({ key, value: await begin(value) })));
  let separator = '{';
  for (const { key, value } of begun) {
    yield `${separator}${jsonText(key)}:`;
    separator = ',';
    if (!(value instanceof BegunStream)) yield jsonText(value);
    else yield* jsonArray(value);
  }
  yield separator === '{' ? '{}\n' : '}\n';
}

async function begin(value: unknown): Promise<unknown> {
  if (!isStream(value)) return value;
  const items = value[Symbol.asyncIterator]();
  return new BegunStream(await items.next(), items);
}

class BegunStream {
  readonly first: IteratorResult<unknown>;
  readonly items: AsyncIterator<unknown>;

  constructor(first: IteratorResult<unknown>, items: AsyncIterator<unknown>) {
    this.first = first;
    this.items = items;
  }
}

async function* jsonArray({ first, items }: BegunStream): AsyncGenerator<string> {
  let separator = '[';
  try {
    for (let item = first; item.done !== true; item = await items.next()) {
      yield separator + jsonText(plain(item.value));
      separator = ',';
    }
  } catch (error) {
    if (error instanceof HoldfastError) yield `],"error":${jsonText(errorFields(error))}}\n`;
    throw error;
  } finally {
    await items.return?.();
  }
  yield separator === '[' ? '[]' : ']';
}

interface ErrorFields {
  code: string;
  message: string;
  advice: string | undefined;
}

function errorFields({ code, message, advice }: ErrorFields) {
  return { code, message: printableText(message), advice: advice ?? null };
}

/** An error as a JSON document. */
export function jsonError(error: ErrorFields): string {
  return `${jsonText({ error: errorFields(error) })}\n`;
}
