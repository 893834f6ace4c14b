/**
 * Raw bytes as strings. File names on Unix are bytes, not text, so the engine carries every path as a
 * string with one character per byte (latin1). Such strings compare with `<` exactly as their bytes do,
 * work as map keys, and cost one byte a character in V8.
 */
export type ByteString = string & { readonly __byteString: unique symbol };

/** The bytes of `bytes` as a ByteString. */
export function toByteString(bytes: Uint8Array): ByteString {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1') as ByteString;
}

/** The bytes behind a ByteString. */
export function fromByteString(text: ByteString): Buffer {
  return Buffer.from(text, 'latin1');
}

/** A ByteString holding the UTF-8 encoding of ordinary text. */
export function encodeText(text: string): ByteString {
  return Buffer.from(text, 'utf8').toString('latin1') as ByteString;
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of a ByteString, or undefined where its bytes are not valid UTF-8. */
export function decodeText(bytes: ByteString): string | undefined {
  try {
    return strictUtf8.decode(fromByteString(bytes));
  } catch {
    return undefined;
  }
}

/** True when every character is 7-bit: then the ByteString is its own text and may be used as a path as it is. */
export function isAscii(bytes: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the whole 7-bit range is meant
  return /^[\x00-\x7f]*$/.test(bytes);
}

/** What Node's path calls take: plain text where that is exact, else a Buffer. */
export function toFsPath(bytes: ByteString): string | Buffer {
  return isAscii(bytes) ? bytes : fromByteString(bytes);
}

/** Lower-case hexadecimal of `bytes`. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/** Orders two byte arrays as unsigned bytes; the shorter first where one is a prefix of the other. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b);
}
