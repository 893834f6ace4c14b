import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { HoldfastError } from '../../src/shared/errors.ts';
import { createScrubber, scrubValue } from '../../src/shared/scrub.ts';

const CANARY = 'c4n/ry+ "pass\\wörd" %7&x';
const scrub = createScrubber([CANARY]);
const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('a scrubber', () => {
  it.each([
    { form: 'as it is', text: CANARY },
    { form: 'in an address', text: encodeURIComponent(CANARY) },
    { form: 'in an address, in small letters', text: encodeURIComponent(CANARY).toLowerCase() },
    { form: 'in a form', text: new URLSearchParams({ x: CANARY }).toString().slice(2) },
    { form: 'encoded twice', text: encodeURIComponent(encodeURIComponent(CANARY)) },
    { form: 'in JSON', text: JSON.stringify(CANARY) },
    { form: 'in base64', text: base64(CANARY) },
    { form: 'in base64 for addresses', text: Buffer.from(CANARY).toString('base64url') },
    { form: 'in base64 behind one character', text: base64(`a${CANARY}b`) },
    { form: 'in base64 behind two', text: base64(`ab${CANARY}`) },
    { form: 'in base64 behind a name', text: base64(`admin:${CANARY}`) },
    { form: 'in hexadecimal', text: Buffer.from(CANARY).toString('hex').toUpperCase() },
  ])('takes out a secret $form', ({ text }) => {
    const left = scrub(`before <${text}> after`);
    expect(left).toContain('[secret]');
    expect(left).toMatch(/^before <.*> after$/);
    // Of base64 a character at each end holds a part of what stands beside the secret.
    expect(left.length).toBeLessThan('before <[secret]> after'.length + 12);
    expect(left).not.toContain(text.slice(4, -4));
  });

  it.each([
    { what: 'bot tokens', text: 'xoxb-123456789012-abcdef and xapp-1-A0B1C2D3E4-55' },
    { what: 'a token of three parts', text: `${'M'.repeat(24)}.GabcDE.${'x'.repeat(30)}` },
    { what: 'a web token', text: 'eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSMeKKF2QT4' },
    { what: 'a private key', text: '-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----' },
    { what: 'a key that was cut off', text: '-----BEGIN PRIVATE KEY-----\nMIIE' },
  ])('takes out $what', ({ text }) => {
    expect(scrub(`"${text}"`).replaceAll(/\[secret\]|["\s]|and/g, '')).toBe('');
  });

  it.each([
    ['postgres://app:s3cr3t@db:5432/app', 'postgres://app:[secret]@db:5432/app'],
    ['http://h/x?token=abcd&page=2&sig=9f#top', 'http://h/x?token=[secret]&page=2&sig=[secret]#top'],
    ['https://hooks.slack.com/services/T0/B0/abc ok', 'https://hooks.slack.com/services/[secret] ok'],
    ['https://discord.com/api/webhooks/1/abc ok', 'https://discord.com/api/webhooks/[secret] ok'],
    ['Authorization: Bearer abcdefgh.ij', 'Authorization: Bearer [secret]'],
    ['PGPASSWORD=hunter22 pg_dump app', 'PGPASSWORD=[secret] pg_dump app'],
    ['mysqldump --password=hunter22 app', 'mysqldump --password=[secret] app'],
    ['{"password":"hunter22","n":1}', '{"password":"[secret]","n":1}'],
  ])('makes of %s', (text, left) => {
    expect(scrub(text)).toBe(left);
  });

  it.each([
    'Backed up app as snapshot 4f07a1c2',
    '/etc/holdfast.yaml:3:5: platforms.discord.token: is missing',
    'The passphrase is wrong. Check --password-file and the variables for it.',
    'key=value and http://host:8080/path?page=2',
    'a@b.c wrote to https://user@host/x',
    `${'a'.repeat(64)} ${'b'.repeat(40)}`,
  ])('leaves alone: %s', (text) => {
    expect(scrub(text)).toBe(text);
  });

  it('leaves what is too short to be told from other text', () => {
    expect(createScrubber(['abc', ''])('abc')).toBe('abc');
  });

  it('takes out the longer one of two secrets of which one begins with the other', () => {
    expect(createScrubber(['hunter', 'hunter22'])('hunter22!')).toBe('[secret]!');
  });

  it('learns secrets later', () => {
    const learning = createScrubber();
    expect(learning('hunter22')).toBe('hunter22');
    learning.add('hunter22');
    expect(learning('hunter22')).toBe('[secret]');
  });

  it('knows what of an address is secret by itself', () => {
    const ofAddress = createScrubber(['https://me:p%40ssw0rd@ping.example/u/0f1e2d3c4b5a?k=v4lu3']);
    expect(ofAddress('p@ssw0rd 0f1e2d3c4b5a v4lu3')).toBe('[secret] [secret] [secret]');
    expect(ofAddress('GET /u/0f1e2d3c4b5a?k=v4lu3/fail')).toBe('GET [secret]/fail');
    expect(ofAddress('ping.example')).toBe('ping.example');
  });
});

describe('a value without secrets', () => {
  it('has none at any depth, in whatever holds them', () => {
    const cause = new HoldfastError('failed', `inner ${CANARY}`, { advice: CANARY, details: { deep: [[CANARY]] } });
    const value: Record<string, unknown> = {
      list: [{ a: { b: { c: { d: [CANARY, 1, true, null, undefined] } } } }],
      error: new Error(`outer ${CANARY}`, { cause }),
      map: new Map([[CANARY, new Set([CANARY])]]),
      bytes: Buffer.from(CANARY),
      [CANARY]: 'as a name',
      passphrase: 'not known to anybody',
      headers: { Authorization: 'Basic xyz' },
    };
    value.self = value;
    const left = inspect(scrubValue(value, scrub), { depth: 20 });
    expect(left).not.toMatch(/c4n|wörd|not known|xyz/);
    expect(left).toContain('as a name');
    expect(left).toContain('[Circular');
  });

  it('is the same where there are none', () => {
    const value = { a: [1, 'two', { three: null, at: new Date(0) }], token: 5 };
    expect(scrubValue(value, scrub)).toEqual(value);
  });

  it('tells of streams, functions and getters only that they are there', () => {
    const value = Object.assign(new Error('outer'), {
      response: Readable.from([CANARY]),
      toJSON: () => CANARY,
    });
    Object.defineProperty(value, 'broken', { enumerable: true, get: () => expect.unreachable(CANARY) });
    expect(scrubValue(value, scrub)).toMatchObject({
      message: 'outer',
      response: '[stream]',
      toJSON: '[function]',
      broken: '[unreadable]',
    });
  });

  it('leaves streams to be read where they are wanted', async () => {
    async function* rows() {
      yield CANARY;
    }
    const stream = rows();
    expect(scrubValue({ stream }, scrub, { keepStreams: true })).toEqual({ stream });
    await stream.return(undefined);
  });
});
