import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createScrubber } from '../../src/shared/scrub.ts';
import type { AuditEntry } from '../../src/state/audit-entry.ts';
import { auditLine, NO_LINE } from '../../src/state/audit-line.ts';
import { AuditLog } from '../../src/state/audit-log.ts';
import { type AuditAnchor, breakText, verifyAudit } from '../../src/state/verify-audit.ts';
import { ManualClock } from '../helpers/manual-clock.ts';
import { SeededRandom, testSeed } from '../helpers/seeded-random.ts';

const scrub = createScrubber();
const newFolder = (): string => mkdtempSync(join(tmpdir(), 'holdfast-verify-audit-'));

let original: string;
let anchor: AuditAnchor;

/** A log of one file with 10 entries, of which a snapshot has seen 8. */
beforeAll(async () => {
  original = newFolder();
  const log = await AuditLog.open(original, {
    clock: new ManualClock(),
    random: new SeededRandom(1),
    scrub,
    onWarning: () => {},
    onBroken: () => {},
  });
  for (let i = 2; i <= 10; i++) {
    log.note({
      who: { platform: 'p', id: '1', name: 'Ann' },
      what: `/command${i}`,
      outcome: 'allowed',
      detail: `it was ${i}`,
    });
    if (i === 8) {
      await log.settled();
      anchor = { ...log.head, snapshot: 'a'.repeat(64), time: '2030-01-01T00:00:00.000Z' };
    }
  }
  await log.close();
});

function altered(alter: (lines: string[]) => readonly string[]): string {
  const folder = newFolder();
  const lines = readFileSync(join(original, 'audit.jsonl'), 'utf8').trimEnd().split('\n');
  writeFileSync(
    join(folder, 'audit.jsonl'),
    alter(lines)
      .map((line) => `${line}\n`)
      .join(''),
  );
  return folder;
}

/** The whole chain anew, as somebody does who knows how it is made. */
function rewritten(
  lines: readonly string[],
  change: (entry: AuditEntry, seq: number) => AuditEntry,
  id?: string,
): string[] {
  let end = { seq: 0, digest: NO_LINE };
  return lines.map((text) => {
    const { seq, log, prev: _prev, digest: _digest, ...entry } = JSON.parse(text);
    const made = auditLine(end, change(entry, seq), { scrub, log: log === undefined ? undefined : (id ?? log) });
    end = made.end;
    return made.text.trimEnd();
  });
}

const without = (line: number) => (lines: string[]) => lines.toSpliced(line - 1, 1);
const breaksOf = async (folder: string, anchors?: AuditAnchor[]) =>
  (await verifyAudit(folder, { anchors })).breaks.map(breakText);

describe('verifying the audit log', () => {
  it('finds nothing wrong where nothing is', async () => {
    expect(await verifyAudit(original, { anchors: [anchor] })).toEqual({
      log: anchor.log,
      entries: 10,
      files: 1,
      head: { seq: 10, digest: expect.any(String), time: expect.any(String) },
      breaks: [],
      breaksTotal: 0,
      anchors: 1,
      missing: [],
      notices: [],
    });
    expect((await verifyAudit(original)).anchors).toBeNull();
  });

  it.each<[string, (lines: string[]) => readonly string[], string]>([
    [
      'a line changed',
      (lines) => lines.map((line) => line.replace('it was 5', 'it was 6')),
      'audit.jsonl:5: entry 5 was changed',
    ],
    ['a line made unreadable', (lines) => lines.with(4, 'x'), 'audit.jsonl:5: this is no entry'],
    [
      'the last line changed',
      (lines) => lines.map((line) => line.replace('it was 10', 'it was 11')),
      'audit.jsonl:10: entry 10 was changed',
    ],
    [
      'a line changed with its digest',
      (lines) =>
        lines.with(
          4,
          rewritten(lines.slice(0, 5), (entry, seq) => (seq === 5 ? { ...entry, what: '/other' } : entry))[4] ?? '',
        ),
      'audit.jsonl:6: entry 6 does not follow',
    ],
    ['a line taken out', without(5), 'audit.jsonl:5: entry 5 is missing before entry 6'],
    ['lines taken out', (lines) => lines.toSpliced(4, 3), 'audit.jsonl:5: entries 5 to 7 are missing before entry 8'],
    ['the beginning taken out', (lines) => lines.slice(3), 'audit.jsonl:1: entries 1 to 3 are missing before entry 4'],
    ['a line put in', (lines) => lines.toSpliced(5, 0, lines[2] ?? ''), 'audit.jsonl:6: entry 3 stands behind entry 5'],
    [
      'a line put in twice',
      (lines) => lines.toSpliced(5, 0, lines[4] ?? ''),
      'audit.jsonl:6: entry 5 stands behind entry 5',
    ],
    [
      'two lines exchanged',
      (lines) => lines.with(4, lines[5] ?? '').with(5, lines[4] ?? ''),
      'audit.jsonl:5: entry 5 is missing before entry 6',
    ],
  ])('says where the chain breaks: %s', async (_what, alter, says) => {
    const [first] = await breaksOf(altered(alter));
    expect(first).toContain(says);
  });

  it('finds any bit that was flipped', async () => {
    const seed = testSeed();
    const random = new SeededRandom(seed);
    const content = readFileSync(join(original, 'audit.jsonl'));
    const folder = newFolder();
    for (let i = 0; i < 200; i++) {
      const flipped = Buffer.from(content);
      const at = random.below(content.length - 1);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << random.below(8));
      writeFileSync(join(folder, 'audit.jsonl'), flipped);
      expect((await verifyAudit(folder)).breaksTotal, `seed ${seed}, byte ${at}`).toBeGreaterThan(0);
    }
  });

  it('needs an anchor to see that the end was cut off', async () => {
    const folder = altered((lines) => lines.slice(0, 6));
    expect(await breaksOf(folder)).toEqual([]);
    expect(await breaksOf(folder, [anchor])).toEqual([
      'audit.jsonl: the log ends with entry 6, but snapshot aaaaaaaa of 2030-01-01T00:00:00.000Z has seen entry 8: its end was cut off',
    ]);
  });

  it('needs an anchor to see that the chain was made anew', async () => {
    const folder = altered((lines) =>
      rewritten(lines, (entry, seq) => (seq === 3 ? { ...entry, what: '/nothing' } : entry)),
    );
    expect(await breaksOf(folder)).toEqual([]);
    expect(await breaksOf(folder, [anchor])).toEqual([
      expect.stringMatching(/^audit\.jsonl:8: .* has seen another entry 8: the log was rewritten/),
    ]);
  });

  it('sees with an anchor that another log took its place, or none', async () => {
    const other = altered((lines) => rewritten(lines, (entry) => entry, 'f'.repeat(32)));
    expect(await breaksOf(other, [anchor])).toEqual([expect.stringContaining('another log stands here')]);
    expect(await breaksOf(newFolder(), [anchor])).toEqual([expect.stringContaining('there is no log')]);
    expect(await breaksOf(newFolder(), [])).toEqual([]);
  });

  it('only mentions an earlier log once a snapshot has seen the one that stands here', async () => {
    const before = { ...anchor, log: 'e'.repeat(32), seq: 99, time: '2029-01-01T00:00:00.000Z' };
    const report = await verifyAudit(original, { anchors: [before, anchor] });
    expect(report).toMatchObject({ breaks: [], anchors: 1, notices: [expect.stringContaining('e'.repeat(32))] });
  });

  it('takes no offence at a line that is being written', async () => {
    const folder = newFolder();
    cpSync(original, folder, { recursive: true });
    appendFileSync(join(folder, 'audit.jsonl'), '{"seq":11,');
    expect(await verifyAudit(folder)).toMatchObject({ breaks: [], notices: [expect.stringContaining('unfinished')] });
  });

  it('follows the chain over files, and misses one that is gone', async () => {
    const folder = newFolder();
    const options = {
      clock: new ManualClock(),
      random: new SeededRandom(1),
      scrub,
      onWarning: () => {},
      onBroken: () => {},
    };
    const log = await AuditLog.open(folder, { ...options, fileBytes: 1000 });
    for (let i = 0; i < 12; i++)
      log.note({ who: { platform: 'p', id: '1', name: 'Ann' }, what: '/list', outcome: 'allowed' });
    await log.close();
    expect(await breaksOf(folder)).toEqual([]);
    renameSync(join(folder, 'audit-000002.jsonl'), join(folder, 'away'));
    expect(await breaksOf(folder)).toEqual([
      'audit-000002.jsonl: the file is missing',
      expect.stringMatching(/^audit-000003\.jsonl:1: entries \d+ to \d+ are missing/),
    ]);
    renameSync(join(folder, 'away'), join(folder, 'audit-000002.jsonl'));
    rmSync(join(folder, 'audit.jsonl'));
    expect(await breaksOf(folder)).toEqual([
      'audit.jsonl: the file is missing',
      expect.stringContaining('are missing before'),
    ]);
    truncateSync(join(folder, 'audit-000002.jsonl'), 0);
    expect((await breaksOf(folder)).length).toBeGreaterThan(1);
  });
});
