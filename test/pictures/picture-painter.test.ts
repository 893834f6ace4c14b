import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { PicturePainter } from '../../src/pictures/picture-painter.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { calendarChart } from '../../src/view/charts/calendar-chart.ts';
import { storageChart } from '../../src/view/charts/storage-chart.ts';
import { ManualClock } from '../helpers/manual-clock.ts';
import { HOSTILE_NAMES } from '../helpers/view-gallery.ts';

const CHART = storageChart({
  samples: [{ at: '2030-01-01T00:00:00Z', bytes: 5 }],
  capBytes: 10,
  daysLeft: 3,
  nowMs: Date.UTC(2030, 0, 2),
});

/** Width and height of a PNG. Source: https://www.w3.org/TR/png-3/#11IHDR */
function sizeOf(png: Uint8Array): [number, number] {
  const bytes = Buffer.from(png);
  expect(bytes.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
}

const script = (code: string): Worker => new Worker(code, { eval: true });

describe('a painter', () => {
  let painter: PicturePainter;
  afterEach(() => painter.close());

  it('makes PNG of twice the size of the drawing', async () => {
    painter = new PicturePainter({ clock: systemClock });
    const png = await painter.paint(CHART);
    expect(sizeOf(png)).toEqual([1120, 720]);
    expect(png.length).toBeLessThan(100_000);
  });

  it('paints letters: without its fonts a picture would be another one', async () => {
    painter = new PicturePainter({ clock: systemClock });
    const words = await painter.paint(CHART);
    const none = await painter.paint(CHART.replace(/<text[^>]*>[^<]*<\/text>/g, ''));
    expect(words.length).toBeGreaterThan(none.length + 2000);
  });

  it('paints any name, and several at once', async () => {
    painter = new PicturePainter({ clock: systemClock });
    const charts = HOSTILE_NAMES.map((name) =>
      calendarChart({ days: ['2030-01-01'], sources: [{ name, days: ['good'] }] }),
    );
    for (const png of await Promise.all(charts.map((chart) => painter.paint(chart)))) sizeOf(png);
  });

  it('says so where it is no drawing, and goes on', async () => {
    painter = new PicturePainter({ clock: systemClock });
    await expect(painter.paint('<svg')).rejects.toMatchObject({ code: 'failed' });
    sizeOf(await painter.paint(CHART));
  });

  it('survives the death of its thread', async () => {
    let started = 0;
    const deaths = [
      () => script('process.exit(1)'),
      () => script('require("node:worker_threads").parentPort.on("message", () => { throw new Error("broken") })'),
      () => script('for (;;);'),
    ];
    painter = new PicturePainter({
      clock: systemClock,
      start: () => {
        const death = deaths[started++];
        return death === undefined
          ? new Worker(new URL('../../src/pictures/paint-worker.ts', import.meta.url), { env: {} })
          : death();
      },
    });
    await expect(painter.paint(CHART)).rejects.toThrow('its thread ended');
    await expect(painter.paint(CHART)).rejects.toThrow('broken');
    const hangs = expect(painter.paint(CHART)).rejects.toThrow('Holdfast is stopping');
    await painter.close();
    await hangs;
    sizeOf(await painter.paint(CHART));
    expect(started).toBe(4);
  });

  it('gives up a picture that takes too long, and a thread that nobody needs', async () => {
    const clock = new ManualClock();
    let started = 0;
    painter = new PicturePainter({
      clock,
      start: () => {
        started++;
        return started === 1
          ? script('require("node:worker_threads").parentPort.on("message", () => {})')
          : new Worker(new URL('../../src/pictures/paint-worker.ts', import.meta.url), { env: {} });
      },
    });
    const late = painter.paint(CHART);
    const refused = expect(late).rejects.toThrow('it took too long');
    await clock.advance(20_001);
    await refused;
    await painter.paint(CHART);
    await painter.paint(CHART);
    expect(started).toBe(2);
    await clock.advance(60_001);
    await painter.paint(CHART);
    expect(started).toBe(3);
  });

  it('needs no more memory for many pictures than for some', async () => {
    painter = new PicturePainter({ clock: systemClock });
    const paintMany = async (count: number): Promise<number> => {
      for (let i = 0; i < count; i++) await painter.paint(CHART);
      return process.memoryUsage().rss;
    };
    const before = await paintMany(10);
    const after = await paintMany(40);
    expect(after - before).toBeLessThan(60_000_000);
  });
});
