import { describe, expect, it } from 'vitest';
import { shellWord } from '../../src/runbook/commands.ts';
import type { RunbookFacts } from '../../src/runbook/facts.ts';
import { renderRunbook } from '../../src/runbook/page.ts';

const backup = { id: 'ab'.repeat(32), time: '2030-01-02T03:04:05.000Z', files: 12_345, bytes: 5_000_000 };
const facts: RunbookFacts = {
  generated: '2030-01-02T03:05:00.000Z',
  program: 'Holdfast 0.1.0',
  repository: {
    location: '/srv/secret place/repository',
    id: 'cd'.repeat(32),
    fingerprint: 'ef'.repeat(8),
    rescue: { name: 'rescue-0.1.0.mjs', sha256: '01'.repeat(32) },
  },
  host: 'db-7.example.org',
  sources: [
    {
      name: 'app',
      paths: ['/var/lib/app'],
      schedules: ['daily: At 02:00 (UTC)'],
      retention: ['daily 7'],
      newest: backup,
      newestVerified: { ...backup, depth: 'deep', verifiedAt: '2030-01-02T04:00:00.000Z' },
    },
    {
      name: 'new',
      paths: ['/var/lib/new'],
      schedules: [],
      retention: [],
      newest: undefined,
      newestVerified: undefined,
    },
  ],
  contacts: ['Ada, +41 00 000'],
};

describe('a runbook', () => {
  it('tells what is protected, what to type, and whom to tell', () => {
    const page = renderRunbook(facts, 'full');
    for (const told of [
      '/var/lib/app',
      'db-7.example.org',
      'Ada, +41 00 000',
      '12,345 files',
      'daily: At 02:00 (UTC)',
      'daily 7',
      'checked on 2030-01-02 04:00:00 UTC (deep)',
      'none yet',
      '01'.repeat(32),
    ]) {
      expect(page).toContain(told);
    }
  });

  it('needs nothing from elsewhere', () => {
    const page = renderRunbook(facts, 'full');
    expect(page).not.toMatch(/<script|<link|<img|src=|@import|url\(/);
    expect(page.match(/https?:/g)).toBeNull();
    expect(page).toContain("default-src 'none'");
  });

  it('names no machine, folder or person where others may read it, and still leads through', () => {
    const page = renderRunbook(facts, 'reduced');
    for (const hidden of ['/srv', 'secret place', '/var/lib', 'db-7', 'Ada']) expect(page).not.toContain(hidden);
    expect(page).toContain('|| HOLDFAST_REPO=.\n');
    expect(page).toContain(`restore ${'ab'.repeat(8)}`);
  });

  it('shows names as text, whatever they hold', () => {
    const name = '<script>alert(1)</script>&"\'';
    const source = { ...facts.sources[0]!, name, paths: [name], schedules: [name], retention: [name] };
    const page = renderRunbook({ ...facts, host: name, contacts: [name], sources: [source] }, 'full');
    expect(page).not.toContain('<script>');
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#39;');
  });

  it('says nothing of a program that the repository does not hold', () => {
    const page = renderRunbook({ ...facts, repository: { ...facts.repository, rescue: undefined } }, 'full');
    expect(page).not.toContain('rescue-0.1.0.mjs');
  });
});

describe('a word of a shell', () => {
  it.each([
    { text: '/srv/app', word: '/srv/app' },
    { text: 'two words', word: "'two words'" },
    { text: "it's $(rm)", word: `'it'\\''s $(rm)'` },
    { text: '', word: "''" },
  ])('is $word for $text', ({ text, word }) => {
    expect(shellWord(text)).toBe(word);
  });
});
