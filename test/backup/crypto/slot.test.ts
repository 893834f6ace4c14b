import { createDecipheriv, scryptSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createKeyRing, decodeKeyRing, encodeKeyRing } from '../../../src/backup/crypto/keyring.ts';
import { openSlot, parseSlot, sealSlot } from '../../../src/backup/crypto/slot.ts';
import { HoldfastError } from '../../../src/shared/errors.ts';
import { SeededRandom, testSeed } from '../../helpers/seeded-random.ts';
import { damaged, refusalCode } from '../format/samples.ts';

const seed = testSeed();
const random = new SeededRandom(seed);
const ring = createKeyRing(random);
const HEADER = Buffer.from('{"format":"holdfast"}\n');
/** The smallest cost that the format allows. */
const LOG_N = 15;
const sealed = await sealSlot(ring, HEADER, 'Grüße, pass', 'laptop ä', random, LOG_N);
const [first, second] = sealed.copies as [Buffer, Buffer];

const withByte = (at: number, value: number): Buffer => {
  const copy = Buffer.from(first);
  copy[at] = value;
  return copy;
};

describe('a key slot', () => {
  it('opens with its passphrase', async () => {
    expect(await openSlot([parseSlot(first), parseSlot(second)], 'Grüße, pass')).toMatchObject({ ring });
    expect(await openSlot([parseSlot(second)], 'Grüße, pass')).toMatchObject({ ring });
  });

  it('does not open with another', async () => {
    for (const wrong of ['', 'Grüße, pas', 'Grüße, pass\n', 'grüße, pass']) {
      expect(await openSlot([parseSlot(first), parseSlot(second)], wrong)).toBeUndefined();
    }
  });

  it('says what is not secret', () => {
    expect(parseSlot(first)).toMatchObject({
      slotId: sealed.slotId,
      copy: 0,
      logN: LOG_N,
      label: 'laptop ä',
      header: HEADER,
    });
    const [one, two] = [parseSlot(first), parseSlot(second)];
    expect(two).toMatchObject({ slotId: one.slotId, copy: 1, salt: one.salt });
    expect(two.nonce).not.toEqual(one.nonce);
  });

  it('lies as the format says', () => {
    expect(first.toString('latin1', 0, 4)).toBe('HFKY');
    expect([...first.subarray(4, 16)]).toEqual([1, 0, LOG_N, 8, 1, 0, 0, 0, 0, 0, 0, 0]);
    const [H, L, S] = [first.readUInt16LE(76), first.readUInt16LE(78), first.readUInt32LE(80)];
    expect(first.length).toBe(84 + H + L + S + 16);
    const options = { N: 2 ** LOG_N, r: 8, p: 1, maxmem: 2 ** 26 };
    const key = scryptSync(Buffer.from('Grüße, pass', 'utf8'), first.subarray(32, 64), 32, options);
    const decipher = createDecipheriv('aes-256-gcm', key, first.subarray(64, 76));
    decipher.setAAD(first.subarray(0, 84 + H + L)).setAuthTag(first.subarray(-16));
    const json = Buffer.concat([decipher.update(first.subarray(84 + H + L, -16)), decipher.final()]);
    expect(JSON.parse(json.toString())).toEqual({
      id: ring.idSecret.toString('hex'),
      epochs: ring.epochs.map(({ epoch, index, meta, data }) => ({
        epoch,
        index: index.toString('hex'),
        meta: meta.toString('hex'),
        data: data.toString('hex'),
      })),
    });
  });

  it('opens by its second copy where the first is damaged', async () => {
    for (const at of [20, 40, 70, 90, first.length - 20, first.length - 1]) {
      const broken = parseSlot(withByte(at, first.readUInt8(at) ^ 1));
      expect(await openSlot([broken], 'Grüße, pass'), `byte ${at}`).toBeUndefined();
      expect(await openSlot([broken, parseSlot(second)], 'Grüße, pass'), `byte ${at}`).toMatchObject({ ring });
    }
  });

  it.each([
    ['N of 2^14', 6, 14],
    ['N of 2^21', 6, 21],
    ['N of 2^255', 6, 255],
    ['r of 255', 7, 255],
    ['p of 255', 8, 255],
    ['a third copy', 5, 2],
  ])('is refused with %s before any memory is spent on it', (_, at, value) => {
    const before = process.memoryUsage().rss;
    expect(refusalCode(() => parseSlot(withByte(at, value)))).toBe('damaged');
    expect(process.memoryUsage().rss - before).toBeLessThan(16 * 2 ** 20);
  });

  it('of a newer version is refused as such', () => {
    expect(refusalCode(() => parseSlot(withByte(4, 2)))).toBe('unsupported_version');
  });

  it('gives an error of ours or does not open, whatever is damaged', () => {
    for (let run = 0; run < 2000; run++) {
      const code = refusalCode(() => parseSlot(damaged(first, random)));
      expect([undefined, 'damaged', 'unsupported_version'], `HOLDFAST_SEED=${seed}`).toContain(code);
    }
  });

  it('takes no label that does not fit', async () => {
    const long = sealSlot(ring, HEADER, 'p', 'x'.repeat(65_536), random, LOG_N);
    await expect(long).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('65536 bytes') });
    await expect(long).rejects.toBeInstanceOf(HoldfastError);
  });
});

describe('a key ring', () => {
  it('reads back, its epochs in order', () => {
    const epochs = [3, 1, 2].map((epoch) => ({ ...createKeyRing(random).epochs[0]!, epoch }));
    const read = decodeKeyRing(encodeKeyRing({ ...ring, epochs }));
    expect(read).toEqual({ ...ring, epochs: epochs.toSorted((a, b) => a.epoch - b.epoch) });
  });

  it('is refused when it is none', () => {
    const good = JSON.parse(encodeKeyRing(ring).toString()) as { id: string; epochs: Record<string, unknown>[] };
    const [epoch] = good.epochs;
    const bad = [
      null,
      [],
      { ...good, id: 'ab' },
      { ...good, epochs: [] },
      { ...good, epochs: {} },
      { ...good, epochs: [{ ...epoch, data: 'AB'.repeat(32) }] },
      ...[-1, 1.5, '1', 2 ** 32, undefined].map((number) => ({ ...good, epochs: [{ ...epoch, epoch: number }] })),
      { ...good, epochs: [epoch, epoch] },
    ];
    for (const value of bad) {
      expect(refusalCode(() => decodeKeyRing(Buffer.from(JSON.stringify(value))))).toBe('damaged');
    }
    expect(refusalCode(() => decodeKeyRing(Buffer.from('no JSON')))).toBe('damaged');
  });
});
