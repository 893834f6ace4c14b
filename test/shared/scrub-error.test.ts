import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { HoldfastError } from '../../src/shared/errors.ts';
import { createScrubber } from '../../src/shared/scrub.ts';
import { scrubError } from '../../src/shared/scrub-error.ts';

const scrub = createScrubber(['open sesame']);

describe('a failure without its secrets', () => {
  it('keeps code, advice and exit status', () => {
    const cause = Object.assign(new Error('open sesame'), { deep: { er: ['open%20sesame'] } });
    const options = { advice: 'not open sesame', cause, retryable: true, details: { given: 'open sesame' } };
    const clean = scrubError(new HoldfastError('locked', 'at open sesame', options), scrub);
    expect(clean).toBeInstanceOf(HoldfastError);
    expect(clean).toMatchObject({ code: 'locked', message: 'at [secret]', advice: 'not [secret]', retryable: true });
    expect(inspect(clean, { depth: 9 })).not.toMatch(/open.{1,3}sesame/);
  });

  it('is an error of the same name otherwise', () => {
    expect(scrubError(new TypeError('open sesame'), scrub)).toMatchObject({ name: 'TypeError', message: '[secret]' });
    expect(scrubError('open sesame', scrub).message).toBe('[secret]');
  });
});
