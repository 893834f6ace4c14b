import { describe, expect, it } from 'vitest';
import { jsonDocument, jsonError, jsonText } from '../../src/cli/json-output.ts';
import { HoldfastError } from '../../src/shared/errors.ts';

async function* items(count: number, failure?: Error): AsyncGenerator<number> {
  for (let i = 0; i < count; i++) yield i;
  if (failure !== undefined) throw failure;
}

/** What was written, and what was thrown after that. */
async function written(result: object): Promise<{ text: string; thrown: unknown }> {
  let text = '';
  try {
    for await (const piece of jsonDocument(result)) text += piece;
    return { text, thrown: undefined };
  } catch (thrown) {
    return { text, thrown };
  }
}

describe('a JSON document', () => {
  it('holds lists that come item by item', async () => {
    const { text } = await written({ a: 1, list: items(3), none: items(0), b: undefined });
    expect(JSON.parse(text)).toEqual({ a: 1, list: [0, 1, 2], none: [] });
  });

  it('does not begin where a list cannot', async () => {
    const failure = new HoldfastError('not_found', 'Nothing there.');
    expect(await written({ a: 1, list: items(0, failure) })).toEqual({ text: '', thrown: failure });
  });

  it('ends with the error where a list fails in its middle', async () => {
    const failure = new HoldfastError('damaged', 'Broken \x1b[31m.', { advice: 'Mend it.' });
    const { text, thrown } = await written({ a: 1, list: items(2, failure), b: 2 });
    const error = { code: 'damaged', message: 'Broken \\x1b[31m.', advice: 'Mend it.' };
    expect(JSON.parse(text)).toEqual({ a: 1, list: [0, 1], error });
    expect(thrown).toBe(failure);
  });

  it('shows a terminal nothing that it would obey', () => {
    const evil = 'a\x1b[2J\x07\x7f\x9b31m\u202e\u2028\u{e0001}ä\u{1f4be}';
    const text = jsonText({ [evil]: evil });
    expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(text).toContain('ä\u{1f4be}');
    expect(JSON.parse(text)).toEqual({ [evil]: evil });
    expect(jsonError({ code: 'failed', message: evil, advice: undefined })).toMatch(/^\P{Cc}*\n$/u);
  });
});
