import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EXIT_STATUSES } from '../../src/cli/exit-statuses.ts';
import { ERROR_EXITS } from '../../src/shared/errors.ts';
import { currentReference, referenceFile } from '../../tools/docs/command-reference.ts';

describe('docs/COMMANDS.md', () => {
  it('is what the commands say: else run node tools/docs/command-reference.ts', async () => {
    expect(readFileSync(referenceFile, 'utf8')).toBe(await currentReference());
  });

  it('explains every exit status', () => {
    const statuses = new Set([0, ...Object.values(ERROR_EXITS)]);
    expect(EXIT_STATUSES.map(([status]) => status)).toEqual([...statuses].sort((a, b) => a - b));
  });
});
