import { describe, expect, it } from 'vitest';
import { AuditLog } from '../../src/state/audit-log.ts';
import { type AuditAnchor, breakText, verifyAudit } from '../../src/state/verify-audit.ts';
import { CrashFileSystem } from '../helpers/crash-file-system.ts';
import { ManualClock } from '../helpers/manual-clock.ts';
import { SeededRandom } from '../helpers/seeded-random.ts';

const SEEDS = 300;
const LIVES = 4;
const ENTRIES = 8;
const CALLS = 90;
const FOLDER = '/disk';

describe('the audit log after power cuts at any call', () => {
  it(`is one chain with every entry that was on disk, over ${SEEDS} seeds`, async () => {
    const seen: number[] = [];
    for (let seed = 0; seed < SEEDS; seed++) {
      const random = new SeededRandom(seed);
      let files = new CrashFileSystem(FOLDER, random);
      const anchors: AuditAnchor[] = [];
      for (let life = 0; life < LIVES; life++) {
        files = files.afterPowerCut({ cutAtCall: 1 + random.below(CALLS) });
        const options = {
          clock: new ManualClock(),
          random,
          scrub: (text: string) => text,
          onWarning: () => {},
          onBroken: () => {},
        };
        const log = await AuditLog.open(FOLDER, { ...options, files, fileBytes: 1500 }).catch(() => undefined);
        for (let i = 0; i < ENTRIES && log !== undefined; i++) {
          log.note({ who: { platform: 'p', id: '1', name: 'Ann' }, what: `/try${i}`, outcome: 'allowed' });
          await log.settled();
          if (!files.isDown)
            anchors.push({ ...log.head, snapshot: 'a'.repeat(64), time: new Date(anchors.length).toISOString() });
        }
      }
      files = files.afterPowerCut();
      const last = await AuditLog.open(FOLDER, {
        clock: new ManualClock(),
        random,
        scrub: (text) => text,
        onWarning: () => {},
        onBroken: () => {},
        files,
      });
      await last.settled();
      const report = await verifyAudit(FOLDER, { files, anchors });
      expect(report.breaks.map(breakText), `seed ${seed}`).toEqual([]);
      seen.push(anchors.length);
    }
    expect(seen.filter((count) => count > ENTRIES).length).toBeGreaterThan(SEEDS / 10);
  });
});
