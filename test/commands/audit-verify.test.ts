import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createScrubber } from '../../src/shared/scrub.ts';
import { type AuditHead, AuditLog } from '../../src/state/audit-log.ts';
import { fakeRepository } from '../helpers/fake-engine.ts';
import { ManualClock } from '../helpers/manual-clock.ts';
import { SeededRandom } from '../helpers/seeded-random.ts';
import { runFake } from '../helpers/test-host.ts';

let folder: string;
let head: AuditHead;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-audit-verify-'));
  const random = new SeededRandom(1);
  const nobody = (): void => {};
  const options = { clock: new ManualClock(), random, scrub: createScrubber(), onWarning: nobody, onBroken: nobody };
  const log = await AuditLog.open(folder, options);
  for (const what of ['/list', '/backup', '/restore']) {
    log.note({ who: { platform: 'discord', id: '1', name: 'Ann' }, what, outcome: 'allowed' });
  }
  await log.settled();
  head = log.head;
  await log.close();
});

const seenBy = (audit: unknown, here = true) =>
  fakeRepository({
    facts: [
      { snapshot: 'a'.repeat(64), time: '2030-01-01T00:00:00.000Z', source: 'app', host: 'h', here, facts: { audit } },
    ],
  });

const verify = (repository = seenBy(head), words: string[] = []) =>
  runFake(['audit', 'verify', '--state', folder, ...words], repository);

function alter(change: (lines: string[]) => string[]): void {
  const file = join(folder, 'audit.jsonl');
  writeFileSync(file, change(readFileSync(file, 'utf8').split('\n')).join('\n'));
}

describe('audit verify', () => {
  it('says that a log is whole, and what it was compared with', async () => {
    const { status, output } = await verify();
    expect(status).toBe(0);
    expect(output).toContain('The audit log is whole: 4 entries in 1 file');
    expect(output).toMatch(/Snapshots that agree\W+1/);
    expect(JSON.parse((await verify(undefined, ['--json'])).output)).toMatchObject({
      entries: 4,
      anchors: 1,
      breaks: [],
    });
  });

  it('says where a log was changed, and ends with 13', async () => {
    alter((lines) => lines.map((line) => line.replace('/backup', '/bakcup')));
    const { status, output } = await verify();
    expect(status).toBe(13);
    expect(output).toContain('audit.jsonl:3: entry 3 was changed');
  });

  it('sees a cut at the end by what a snapshot of this machine has seen', async () => {
    alter((lines) => lines.toSpliced(3, 1));
    expect((await verify()).output).toContain('its end was cut off');
    expect((await verify()).status).toBe(13);
    expect((await verify(seenBy(head, false))).status).toBe(0);
  });

  it('does not call whole what stands in the place of a log that is gone, and ends with 3', async () => {
    const before = { log: 'f'.repeat(32), seq: 9, digest: 'e'.repeat(64) };
    const facts = [before, head].map((audit, day) => ({
      snapshot: String(day).repeat(64),
      time: `2030-01-0${day + 1}T00:00:00.000Z`,
      source: 'app',
      host: 'h',
      here: true,
      facts: { audit },
    }));
    const { status, output } = await verify(fakeRepository({ facts }));
    expect(status).toBe(3);
    expect(output).toContain('The audit log is whole, but an earlier one is missing');
    expect(output).toContain(`Snapshots of this host also name the log ${before.log}, which is not here`);
  });

  it('proves the chain where no repository is named, and says that it is only that', async () => {
    const { status, output } = await runFake(['audit', 'verify', '--state', folder], seenBy(head), {
      environment: { HOLDFAST_REPO: '' },
    });
    expect(status).toBe(0);
    expect(output).toContain('Not compared with what snapshots have seen: It is not said which repository is meant');
  });

  it('says what is missing', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'holdfast-audit-verify-'));
    expect((await runFake(['audit', 'verify', '--state', empty], fakeRepository())).status).toBe(10);
    expect((await runFake(['audit', 'verify'], fakeRepository())).status).toBe(2);
    expect((await runFake(['audit', '--state', folder, '--command', 'restore'], fakeRepository())).output).toContain(
      'Ann (1)',
    );
  });
});
