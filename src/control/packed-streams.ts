/** Results and Views may hold streams and bytes; in JSON a stream is a number to ask for items by, and bytes are base64. */

const STREAM = '$stream';
const BYTES = '$bytes';

type Streams = Map<number, AsyncIterator<unknown>>;

/** `value` as JSON can hold it; its streams are put into `streams`. */
export function pack(value: unknown, streams: Streams): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return { [BYTES]: Buffer.from(value).toString('base64') };
  if (Symbol.asyncIterator in value) {
    const number = streams.size + 1;
    streams.set(number, (value as AsyncIterable<unknown>)[Symbol.asyncIterator]());
    return { [STREAM]: number };
  }
  if (Array.isArray(value)) return value.map((item) => pack(item, streams));
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, pack(member, streams)]));
}

/** What was packed; `open` gives the stream of a number. */
export function unpack(packed: unknown, open: (stream: number) => AsyncIterable<unknown>): unknown {
  if (typeof packed !== 'object' || packed === null) return packed;
  if (Array.isArray(packed)) return packed.map((item) => unpack(item, open));
  const { [STREAM]: stream, [BYTES]: bytes } = packed as Record<string, unknown>;
  if (typeof stream === 'number') return open(stream);
  if (typeof bytes === 'string') return Buffer.from(bytes, 'base64');
  return Object.fromEntries(Object.entries(packed).map(([name, member]) => [name, unpack(member, open)]));
}
