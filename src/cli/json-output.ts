import { printableText } from '../shared/printable.ts';

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function plain(item: unknown): unknown {
  return item instanceof Uint8Array ? Buffer.from(item).toString('utf8').replace(/\n$/, '') : item;
}

/**
 * A result as one JSON document in pieces. A property that is a stream becomes an array, item by item, so that a list of
 * millions needs no memory; bytes become text without the line feed at their end.
 */
export async function* jsonDocument(result: object): AsyncGenerator<string> {
  let separator = '{';
  for (const [key, value] of Object.entries(result)) {
    if (value === undefined) continue;
    yield `${separator}${JSON.stringify(key)}:`;
    separator = ',';
    if (isStream(value)) yield* jsonArray(value);
    else yield JSON.stringify(value);
  }
  yield separator === '{' ? '{}\n' : '}\n';
}

async function* jsonArray(items: AsyncIterable<unknown>): AsyncGenerator<string> {
  let separator = '[';
  for await (const item of items) {
    yield separator + JSON.stringify(plain(item));
    separator = ',';
  }
  yield separator === '[' ? '[]' : ']';
}

/** An error as a JSON document. */
export function jsonError(error: { code: string; message: string; advice: string | undefined }): string {
  const { code, message, advice } = error;
  return `${JSON.stringify({ error: { code, message: printableText(message), advice: advice ?? null } })}\n`;
}
