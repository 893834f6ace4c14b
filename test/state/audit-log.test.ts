import { createHash } from 'node:crypto';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createScrubber } from '../../src/shared/scrub.ts';
import type { AuditEntry } from '../../src/state/audit-entry.ts';
import { AuditLog, type AuditOptions } from '../../src/state/audit-log.ts';
import { type FileCalls, nodeFileCalls } from '../../src/state/file-calls.ts';
import { verifyAudit } from '../../src/state/verify-audit.ts';
import { ManualClock } from '../helpers/manual-clock.ts';
import { SeededRandom } from '../helpers/seeded-random.ts';

const who = (id: string) => ({ platform: 'discord', id, name: `person ${id}` });
const newFolder = (): string => mkdtempSync(join(tmpdir(), 'holdfast-audit-'));
const fileIn = (folder: string, name = 'audit.jsonl'): string => join(folder, name);
const linesOf = (folder: string): string[] => readFileSync(fileIn(folder), 'utf8').trimEnd().split('\n');
/** Without the line that each file begins with. */
const entriesOf = (folder: string): (AuditEntry & { seq: number; prev: string })[] =>
  linesOf(folder)
    .slice(1)
    .map((line) => JSON.parse(line));

function open(folder: string, options: Partial<AuditOptions> = {}): Promise<AuditLog> {
  return AuditLog.open(folder, {
    clock: new ManualClock(),
    random: new SeededRandom(1),
    scrub: createScrubber(['hunter22']),
    onWarning: () => {},
    onBroken: () => {},
    ...options,
  });
}

const note = (log: AuditLog, what: string): void => log.note({ who: who('1'), what, outcome: 'allowed' });

/** The machine's files, with a disk that can be full. */
function limitedFiles(): { files: FileCalls; disk: { full: boolean; halves: boolean } } {
  const disk = { full: false, halves: false };
  const files: FileCalls = {
    ...nodeFileCalls,
    async open(path, flags, mode) {
      const file = await nodeFileCalls.open(path, flags, mode);
      return {
        read: (...given) => file.read(...given),
        truncate: (length) => file.truncate(length),
        stat: () => file.stat(),
        sync: () => file.sync(),
        close: () => file.close(),
        async write(buffer, offset, length) {
          if (disk.halves) await file.write(buffer, offset, Math.ceil(length / 2));
          if (disk.full) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
          return file.write(buffer, offset, length);
        },
      };
    },
  };
  return { files, disk };
}

describe('the audit log', () => {
  it('chains its lines, from run to run', async () => {
    const folder = newFolder();
    for (const id of ['1', '2']) {
      const log = await open(folder);
      log.note({ who: who(id), what: '/backup', input: 'source: app', outcome: 'allowed' });
      log.note({ who: who(id), what: '/backup', outcome: 'completed' });
      await log.close();
    }
    const lines = linesOf(folder).map((line) => JSON.parse(line));
    expect(lines.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    expect(lines[0]).toMatchObject({ log: expect.stringMatching(/^[0-9a-f]{32}$/), prev: '0'.repeat(64) });
    for (let i = 1; i < lines.length; i++) expect(lines[i].prev).toBe(lines[i - 1].digest);
    for (const line of linesOf(folder)) {
      const body = line.replace(/,"digest":"[0-9a-f]{64}"\}$/, '}');
      expect(JSON.parse(line).digest).toBe(createHash('sha256').update(body).digest('hex'));
    }
  });

  it('takes off what a power cut left of a line, and says so', async () => {
    const folder = newFolder();
    const first = await open(folder);
    note(first, '/list');
    await first.close();
    appendFileSync(fileIn(folder), '{"seq":3,"ti');
    const warnings: string[] = [];
    const second = await open(folder, { onWarning: (text) => warnings.push(text) });
    note(second, '/show');
    await second.close();
    expect(entriesOf(folder).map(({ what }) => what)).toEqual(['/list', 'audit log', '/show']);
    expect(entriesOf(folder)[1]?.detail).toContain('12 bytes of an unfinished line');
    expect(warnings).toHaveLength(1);
    expect((await verifyAudit(folder)).breaks).toEqual([]);
  });

  it('goes on in another file when one is large, with one chain', async () => {
    const folder = newFolder();
    for (let run = 0; run < 2; run++) {
      const log = await open(folder, { fileBytes: 2000 });
      for (let i = 0; i < 10; i++) note(log, `/try${i}`);
      await log.close();
    }
    const report = await verifyAudit(folder);
    expect(report).toMatchObject({ breaks: [], entries: 20 + report.files, notices: [] });
    expect(report.files).toBeGreaterThan(2);
    expect(readdirSync(folder)).toContain('audit-000002.jsonl');
    expect(linesOf(folder)).not.toHaveLength(report.entries);
  });

  it('goes on where the next file was begun and is still empty', async () => {
    const folder = newFolder();
    const first = await open(folder);
    note(first, '/list');
    await first.close();
    writeFileSync(fileIn(folder, 'audit-000002.jsonl'), '');
    const second = await open(folder);
    note(second, '/show');
    await second.close();
    expect(await verifyAudit(folder)).toMatchObject({ breaks: [], files: 2, entries: 4 });
  });

  it.each([{ halves: false }, { halves: true }])(
    'keeps what a full disk does not take, tells once, and writes it later (torn: $halves)',
    async ({ halves }) => {
      const folder = newFolder();
      const { files, disk } = limitedFiles();
      const clock = new ManualClock();
      const broken: string[] = [];
      const warnings: string[] = [];
      const log = await open(folder, {
        files,
        clock,
        onBroken: (text) => broken.push(text),
        onWarning: (text) => warnings.push(text),
      });
      note(log, '/first');
      await log.settled();
      Object.assign(disk, { full: true, halves });
      for (const what of ['/second', '/third']) note(log, what);
      await log.settled();
      note(log, '/fourth');
      await log.settled();
      expect(broken).toEqual([expect.stringContaining('the disk is full')]);
      expect(await verifyAudit(folder)).toMatchObject({ breaks: [], entries: 2 });
      Object.assign(disk, { full: false, halves: false });
      await clock.advance(10_000);
      await log.settled();
      await log.close();
      expect(entriesOf(folder).map(({ what }) => what)).toEqual([
        '/first',
        '/second',
        '/third',
        '/fourth',
        'audit log',
      ]);
      expect(warnings).toEqual([expect.stringContaining('written again; all entries were kept')]);
      expect(await verifyAudit(folder)).toMatchObject({ breaks: [] });
    },
  );

  it('notices when it is removed while it is written, and goes on in a new file', async () => {
    const folder = newFolder();
    const broken: string[] = [];
    const log = await open(folder, { onBroken: (text) => broken.push(text) });
    note(log, '/first');
    await log.settled();
    rmSync(folder, { recursive: true });
    note(log, '/second');
    await log.close();
    expect(broken).toEqual([expect.stringContaining('was removed')]);
    expect(entriesOf(folder)).toMatchObject([{ what: '/second', seq: 4 }]);
    expect((await verifyAudit(folder)).breaks).toMatchObject([{ line: 1, what: expect.stringContaining('missing') }]);
  });

  it('holds no secrets, and no novels', async () => {
    const folder = newFolder();
    const log = await open(folder);
    log.note({
      who: who('1'),
      what: '/claim hunter22 xoxb-123456789012-abc',
      outcome: 'noted',
      detail: 'x'.repeat(5000),
    });
    await log.close();
    expect(readFileSync(fileIn(folder), 'utf8')).not.toMatch(/hunter22|xoxb/);
    expect(entriesOf(folder)[0]?.detail).toHaveLength(300);
  });

  it('writes the first refusals of a person one by one and counts the others', async () => {
    const folder = newFolder();
    const clock = new ManualClock();
    const log = await open(folder, { clock });
    for (let i = 0; i < 10_000; i++) log.note({ who: who('7'), what: `/try${i % 3}`, outcome: 'refused' });
    await clock.advance(10_000);
    await log.close();
    const entries = entriesOf(folder);
    expect(entries.length).toBeLessThan(30);
    expect(entries.reduce((sum, { times = 1 }) => sum + times, 0)).toBe(10_000);
    expect(entries.at(-1)).toMatchObject({ who: who('7'), what: expect.stringContaining('/try2') });
  });

  it('stays small when the refused have many names, and forgets none', async () => {
    const folder = newFolder();
    const log = await open(folder);
    for (let i = 0; i < 10_000; i++) log.note({ who: who(String(i)), what: '/backup', outcome: 'refused' });
    await log.close();
    expect(statSync(fileIn(folder)).size).toBeLessThan(300_000);
    expect(entriesOf(folder).reduce((sum, { times = 1 }) => sum + times, 0)).toBe(10_000);
  });

  it('tells counted refusals at ever longer intervals', async () => {
    const folder = newFolder();
    const clock = new ManualClock();
    const log = await open(folder, { clock });
    for (let tenSeconds = 0; tenSeconds < 360; tenSeconds++) {
      log.note({ who: who('7'), what: '/backup', outcome: 'refused' });
      await clock.advance(10_000);
    }
    await log.close();
    expect(linesOf(folder).length).toBeGreaterThan(30);
    expect(linesOf(folder).length).toBeLessThan(40);
  });
});
