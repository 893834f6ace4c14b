import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeText, toByteString } from '../../src/shared/bytes.ts';
import { onOneLine, parsePrintableName, printableName, printableText } from '../../src/shared/printable.ts';

const bytes = (...values: number[]) => toByteString(Uint8Array.from(values));

describe('what was said in lines', () => {
  it('can be put on one', () => {
    expect(onOneLine('It failed and said:\n  no such table: a\r\n  at line 3')).toBe(
      'It failed and said: no such table: a / at line 3',
    );
  });
});

describe('a name is shown', () => {
  it.each(['notes.txt', 'Übergröße', '日本語', '👩‍👧 album', 'می‌خواهم'])('%s as it is', (name) => {
    expect(printableName(encodeText(name))).toBe(name);
  });

  it.each([
    ['a terminal escape', '\x1b[2J', '\\x1b[2J'],
    ['a bell and a delete', '\x07\x7f', '\\x07\\x7f'],
    ['an eight-bit control', '\u009b31m', '\\u009b31m'],
    ['a newline, a return and a tab', 'a\nb\rc\t', 'a\\nb\\rc\\t'],
    ['a reversed name', 'gpj.\u202eexe', 'gpj.\\u202eexe'],
    ['isolates and marks', '\u2066\u200e\u061c', '\\u2066\\u200e\\u061c'],
    ['a line separator', '\u2028', '\\u2028'],
    ['an invisible tag', '\u{e0041}', '\\u{e0041}'],
    ['a backslash', '\\x1b', '\\\\x1b'],
  ])('with %s made visible', (_, name, shown) => {
    expect(printableName(encodeText(name))).toBe(shown);
  });

  it.each([
    ['a stray byte', bytes(0x61, 0xff, 0x62), 'a\\xffb'],
    ['Latin-1 text', bytes(0x66, 0xfc, 0x72), 'f\\xfcr'],
    ['a cut character', bytes(0xe2, 0x82), '\\xe2\\x82'],
    ['an overlong slash', bytes(0xc0, 0xaf), '\\xc0\\xaf'],
    ['an encoded surrogate', bytes(0xed, 0xa0, 0x80), '\\xed\\xa0\\x80'],
    ['a code point beyond Unicode', bytes(0xf4, 0x90, 0x80, 0x80), '\\xf4\\x90\\x80\\x80'],
    ['a good character after a bad byte', bytes(0xff, 0xc3, 0xbc), '\\xffü'],
  ])('with %s by its bytes', (_, name, shown) => {
    expect(printableName(name)).toBe(shown);
  });

  it('never with a control character, and never two names alike', () => {
    const names = fc.uint8Array({ maxLength: 12 }).map(toByteString);
    fc.assert(
      fc.property(names, names, (a, b) => {
        expect(printableName(a)).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
        expect(printableName(a) === printableName(b)).toBe(a === b);
      }),
      { numRuns: 2000 },
    );
  });

  it('agrees with the decoder on what is valid UTF-8', () => {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    const lead = fc.constantFrom(
      0x41,
      0x80,
      0x8f,
      0x90,
      0x9f,
      0xa0,
      0xbf,
      0xc0,
      0xc2,
      0xe0,
      0xed,
      0xef,
      0xf0,
      0xf4,
      0xf5,
    );
    fc.assert(
      fc.property(fc.array(lead, { maxLength: 5 }), (values) => {
        const valid = isValid(decoder, Uint8Array.from(values));
        expect(/\\x[89a-f]/.test(printableName(bytes(...values)))).toBe(!valid);
      }),
      { numRuns: 2000 },
    );
  });
});

function isValid(decoder: { decode(data: Uint8Array): string }, data: Uint8Array): boolean {
  try {
    decoder.decode(data);
    return true;
  } catch {
    return false;
  }
}

describe('text is shown', () => {
  it('with controls made visible and backslashes left alone', () => {
    expect(printableText('C:\\temp \x1b[31m\u202e')).toBe('C:\\temp \\x1b[31m\\u202e');
  });

  it('with half a surrogate pair made visible', () => {
    expect(printableText('a\ud83d')).toBe('a\\ud83d');
  });
});

describe('a name as it is shown', () => {
  it('leads back to the name', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }).map(toByteString), (name) => {
        expect(parsePrintableName(printableName(name))).toBe(name);
      }),
    );
    expect(parsePrintableName('caf\u00e9')).toBe(encodeText('caf\u00e9'));
  });

  it.each(['\\', 'a\\q', '\\x1', '\\xzz'])('is not %j', (text) => {
    expect(parsePrintableName(text)).toBeUndefined();
  });
});
