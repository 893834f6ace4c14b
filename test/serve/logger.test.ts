import { describe, expect, it } from 'vitest';
import { createLogger, type LoggerOptions } from '../../src/serve/logger.ts';
import { HoldfastError } from '../../src/shared/errors.ts';
import { createScrubber } from '../../src/shared/scrub.ts';

const SECRET = 'canary/of+the vault';
const FORMS = [
  SECRET,
  Buffer.from(SECRET).toString('base64'),
  Buffer.from(SECRET).toString('hex'),
  encodeURIComponent(SECRET),
];

function logger(given: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const log = createLogger({
    format: 'json',
    level: 'info',
    scrub: createScrubber([SECRET]),
    now: () => Date.parse('2030-01-02T03:04:05Z'),
    write: (line) => lines.push(line),
    ...given,
  });
  return { log, lines };
}

describe('the log', () => {
  it('is one JSON object a line, with time, level, words and what it is about', () => {
    const { log, lines } = logger();
    log({ level: 'warning', message: 'two\nlines', job: '1f2e', source: 'app', platform: undefined });
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain('\n');
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'warning',
      time: '2030-01-02T03:04:05.000Z',
      job: '1f2e',
      source: 'app',
      message: 'two\nlines',
    });
  });

  it('is words for people, without control characters', () => {
    const { log, lines } = logger({ format: 'text' });
    log({ level: 'error', message: 'it broke\u001b[2J', source: 'app' });
    expect(lines[0]).toMatch(/^error: it broke/);
    expect(lines[0]).not.toContain('\u001b');
  });

  it('leaves out what is less important than its level', () => {
    const { log, lines } = logger({ level: 'warning' });
    log({ level: 'info', message: 'one' });
    log({ level: 'warning', message: 'two' });
    expect(lines.map((line) => JSON.parse(line).message)).toEqual(['two']);
  });

  it.each(['json', 'text'] as const)('holds no secret in any form at any depth, as %s', (format) => {
    const { log, lines } = logger({ format });
    for (const form of FORMS) {
      const cause = Object.assign(new Error(form), { request: { headers: [{ deep: form }] } });
      const error = new HoldfastError('failed', `at ${form}`, { cause, advice: form, details: { a: { b: [form] } } });
      log({ level: 'error', message: `said ${form}`, source: form, job: form, error });
    }
    expect(lines).toHaveLength(FORMS.length);
    for (const form of FORMS) expect(lines.join('\n')).not.toContain(form);
    if (format === 'json') expect(JSON.parse(lines[0] ?? '').error.cause.request.headers).toHaveLength(1);
  });
});
