import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { checkArchitecture } from './helpers/architecture/check.ts';

const root = fileURLToPath(new URL('../src', import.meta.url));

function readSources(): Map<string, string> {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' });
  return new Map(
    files.filter((file) => /\.m?ts$|\.m?js$/.test(file)).map((file) => [file, readFileSync(join(root, file), 'utf8')]),
  );
}

describe('the architecture', () => {
  const sources = readSources();

  it('is checked on the real sources', () => {
    expect(sources.keys().toArray()).toEqual(expect.arrayContaining(['main.ts', 'shared/errors.ts']));
  });

  it('is kept: imports point downward, and time, chance and environment are handed in', () => {
    expect(checkArchitecture(sources)).toEqual([]);
  });
});
