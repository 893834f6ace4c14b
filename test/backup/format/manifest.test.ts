import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../../../src/backup/format/byte-writer.ts';
import {
  DecodedPart,
  decodeChunkList,
  decodeFenceChunk,
  decodeManifestChunk,
  decodeSideChunk,
  encodeChunkList,
  encodeFenceChunk,
  ManifestBuilder,
  type ManifestPart,
  type SideRecord,
} from '../../../src/backup/format/manifest.ts';
import type { StoredEntry } from '../../../src/backup/format/manifest-entry.ts';
import { type ByteString, encodeText } from '../../../src/shared/bytes.ts';
import { SeededRandom, testSeed } from '../../helpers/seeded-random.ts';
import { entries, id, plainEntry, sideRecord } from './arbitraries.ts';
import { damaged, refusalCode } from './samples.ts';

const KEY: Buffer = Buffer.alloc(32, 5);
const SIDE = { inode: 1n, ctimeNs: 2n, sizeOnDisk: 3 };
const text = (value: string): ByteString => encodeText(value);

function build(list: readonly StoredEntry[], key = KEY): ManifestPart[] {
  const builder = new ManifestBuilder(key);
  const parts = list.map((entry) => builder.add(entry, SIDE));
  return [...parts, builder.finish()].filter((part) => part !== undefined);
}

function sideRecords(chunk: Buffer): SideRecord[] {
  const table = decodeSideChunk(chunk);
  return Array.from({ length: table.length }, (_, number) => table.at(number));
}

function folder(path: string, more: Partial<StoredEntry> = {}): StoredEntry {
  return { path: text(path), type: 'directory', mode: 0o755, uid: 0, gid: 0, mtimeNs: 0n, size: 0, ...more };
}

/** A manifest chunk of one entry whose fields are written by hand: `path`, then whatever `write` puts behind the owners. */
function byHand(path: string, write: (out: ByteWriter) => void, type = 2): Buffer {
  const out = new ByteWriter();
  out.raw(Buffer.from([0x4d, 1, 1, 0, 0, 1, 0, 0, 1, 0]));
  out.byteString(path);
  out.u8(type);
  out.raw(Buffer.from([0, 0, 0, 0, 0]));
  write(out);
  return out.toBuffer();
}

describe('manifest chunks', () => {
  it('give back every entry', () => {
    fc.assert(
      fc.property(entries, fc.array(sideRecord, { minLength: 31, maxLength: 31 }), (list, sides) => {
        const builder = new ManifestBuilder(KEY);
        for (const [i, entry] of list.entries()) builder.add(entry, sides[i] as (typeof sides)[number]);
        const part = builder.finish();
        expect(part?.count ?? 0).toBe(list.length);
        if (part === undefined) return;
        expect(part.firstPath).toBe(list[0]?.path);
        expect(decodeManifestChunk(part.manifest).map(withoutImplied)).toEqual(list.map(withoutImplied));
        expect(sideRecords(part.side)).toEqual(sides.slice(0, list.length));
      }),
      { seed: testSeed(), numRuns: 300 },
    );
  });

  it('take entries over from another as if they had been added, whoever stands in their tables', () => {
    const kept = fc.array(fc.boolean(), { minLength: 31, maxLength: 31 });
    fc.assert(
      fc.property(entries, fc.array(sideRecord, { minLength: 31, maxLength: 31 }), kept, (list, records, keep) => {
        const first = new ManifestBuilder(KEY);
        for (const [i, entry] of list.entries()) first.add(entry, records[i] as SideRecord);
        const part = first.finish();
        if (part === undefined) return;
        const decoded = new DecodedPart(part.manifest);
        const sides = decodeSideChunk(part.side);
        const [added, copied] = [new ManifestBuilder(KEY), new ManifestBuilder(KEY)];
        for (const [i, entry] of decoded.entries.entries()) {
          if (keep[i]) expect(copied.copy(decoded, sides, i)).toEqual(added.add(entry, sides.at(i)));
        }
        expect(copied.finish()).toEqual(added.finish());
      }),
      { seed: testSeed(), numRuns: 300 },
    );
  });

  it('tell whether a record is the same', () => {
    fc.assert(
      fc.property(sideRecord, sideRecord, (one, other) => {
        const builder = new ManifestBuilder(KEY);
        builder.add(folder('a'), one);
        const sides = decodeSideChunk(builder.finish()?.side as Buffer);
        expect(sides.isSame(0, one)).toBe(true);
        expect(sides.isSame(0, { ...one, sizeOnDisk: one.sizeOnDisk + 1 })).toBe(false);
        expect(sides.isSame(0, { ...one, inode: one.inode ^ 1n })).toBe(false);
        expect(sides.isSame(0, { ...one, ctimeNs: one.ctimeNs ^ 1n })).toBe(false);
        expect(sides.isSame(0, other)).toBe(isDeepStrictEqual({ ...one }, { ...other }));
      }),
      { seed: testSeed(), numRuns: 300 },
    );
  });

  it('hold as many holes and attributes as the limits allow', () => {
    const holes = Array.from({ length: 65_536 }, (_, i) => ({ offset: i * 8192, length: 4096 }));
    const xattrs = [{ name: text('user.large'), value: Buffer.alloc(2 ** 20 - 20, 1) }];
    const chunks = Array.from({ length: 32 }, () => ({ id: Buffer.alloc(32, 9), length: 8 * 2 ** 20 }));
    const file: StoredEntry = { ...folder('sparse', { holes, xattrs, chunks }), type: 'file', size: 65_536 * 8192 };
    const [part] = build([file]);
    expect(plainEntry(decodeManifestChunk(part?.manifest as Buffer)[0] as StoredEntry)).toEqual(plainEntry(file));
  });

  it('keep inode numbers and times that do not fit', () => {
    const builder = new ManifestBuilder(KEY);
    builder.add(folder('a'), { inode: -1n, ctimeNs: 2n ** 63n, sizeOnDisk: 0 });
    expect(sideRecords(builder.finish()?.side as Buffer)).toEqual([
      { inode: 2n ** 64n - 1n, ctimeNs: -(2n ** 63n), sizeOnDisk: 0 },
    ]);
  });

  it.each([
    ['a path that leads out', byHand('../x', (out) => out.u8(0))],
    ['an absolute path', byHand('/etc', (out) => out.u8(0))],
    ['an empty component', byHand('a//b', (out) => out.u8(0))],
    ['a NUL', byHand('a\0b', (out) => out.u8(0))],
    ['a hard link that leads out', byHand('b', (out) => out.raw(Buffer.from([1, 4, 4, ...Buffer.from('../a')])))],
    ['a hard link to itself', byHand('b', (out) => out.raw(Buffer.from([1, 4, 1, ...Buffer.from('b')])))],
    ['a hard link to a later entry', byHand('b', (out) => out.raw(Buffer.from([1, 4, 1, ...Buffer.from('c')])))],
    ['an unknown type', byHand('b', (out) => out.u8(0), 8)],
    ['one chunk of 2^53 - 1 bytes', byHand('b', oneChunkOf(Number.MAX_SAFE_INTEGER), 1)],
    ['one chunk of 8 MiB and a byte', byHand('b', oneChunkOf(8 * 2 ** 20 + 1), 1)],
  ])('are refused with %s', (_, chunk) => {
    expect(refusalCode(() => decodeManifestChunk(chunk))).toBe('damaged');
  });

  it('are refused as too new with an unknown critical option, and read with another', () => {
    const withOption = (head: number) =>
      byHand('b', (out) => {
        out.u8(1);
        out.varint(head);
        out.bytes(Buffer.from('new'));
      });
    for (const tag of [0, 5, 1000]) {
      expect(refusalCode(() => decodeManifestChunk(withOption(2 * tag + 1)))).toBe('unsupported_version');
      expect(decodeManifestChunk(withOption(2 * tag))).toHaveLength(1);
    }
    expect(refusalCode(() => decodeManifestChunk(Buffer.from([0x4d, 2, 0, 0, 0])))).toBe('unsupported_version');
  });

  it('do not unfold into more paths than memory holds', () => {
    const out = new ByteWriter();
    out.raw(Buffer.from([0x4d, 1, 1, 0, 0, 1, 0, 0]));
    out.varint(60_000);
    const long = 'd/'.repeat(2 ** 19 - 10);
    for (let i = 0; i < 60_000; i++) {
      out.varint(i === 0 ? 0 : long.length);
      out.byteString(i === 0 ? `${long}00000` : String(i).padStart(5, '0'));
      out.raw(Buffer.from([2, 0, 0, 0, 0, 0, 0]));
    }
    // Processor time: the machine may have other things to do.
    const start = process.cpuUsage();
    expect(refusalCode(() => decodeManifestChunk(out.toBuffer()))).toBe('damaged');
    expect(process.cpuUsage(start).user / 1000).toBeLessThan(5000);
  });

  it('that a writer makes of deep folders stay below what a reader takes', () => {
    const long = 'd/'.repeat(2 ** 19 - 10);
    const list = Array.from({ length: 40 }, (_, i) => folder(`${long}${String(i).padStart(5, '0')}`));
    const parts = build(list);
    expect(parts.flatMap((part) => decodeManifestChunk(part.manifest))).toHaveLength(40);
  });

  it('that are damaged are refused or read, and nothing else happens', () => {
    const seed = testSeed();
    const random = new SeededRandom(seed);
    for (const list of fc.sample(entries, { seed, numRuns: 25 })) {
      const [part] = build(list);
      if (part === undefined) continue;
      for (let run = 0; run < 40; run++) {
        for (const [whole, decode] of [
          [part.manifest, decodeManifestChunk],
          [part.side, decodeSideChunk],
        ] as const) {
          const code = refusalCode(() => decode(damaged(whole, random)));
          expect([undefined, 'damaged', 'unsupported_version'], `HOLDFAST_SEED=${seed}`).toContain(code);
        }
      }
    }
  });
});

describe('the cuts of a manifest', () => {
  const names = Array.from({ length: 20_000 }, (_, i) => `folder-${Math.floor(i / 100)}/file-${i}`).toSorted();
  const list = [...new Set(names.flatMap((name) => [name.split('/')[0] as string, name]))].map((path) => folder(path));

  it('lie between the limits', () => {
    const counts = build(list).map(({ count }) => count);
    expect(counts.length).toBeGreaterThan(20);
    for (const count of counts.slice(0, -1)) {
      expect(count).toBeGreaterThanOrEqual(32);
      expect(count).toBeLessThanOrEqual(1024);
    }
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(list.length);
  });

  it('move little when an entry is added', () => {
    const before = new Set(build(list).map(({ manifest }) => manifest.toString('latin1')));
    const at = list.findIndex(({ path }) => path.includes('/')) + 5000;
    const grown = list.toSpliced(at + 1, 0, folder(`${list[at]?.path}-new`));
    const fresh = build(grown).filter(({ manifest }) => !before.has(manifest.toString('latin1')));
    expect(fresh.length).toBeGreaterThan(0);
    expect(fresh.length).toBeLessThanOrEqual(3);
  });

  it('depend on the key', () => {
    const firsts = (key: Buffer) => build(list, key).map(({ firstPath }) => firstPath);
    expect(firsts(KEY)).toEqual(firsts(KEY));
    expect(firsts(KEY)).not.toEqual(firsts(Buffer.alloc(32, 6)));
  });
});

describe('fence chunks and chunk lists', () => {
  const ref = fc.record({ id, length: fc.integer({ min: 1, max: 8 * 2 ** 20 }) });
  const fence = fc.record({
    firstPath: fc.string().map(text),
    count: fc.nat(),
    manifest: ref,
    side: fc.option(ref, { nil: undefined }),
  });

  it('give back what was put in', () => {
    fc.assert(
      fc.property(fc.array(fence, { maxLength: 20 }), fc.array(ref, { maxLength: 50 }), (fences, refs) => {
        expect(decodeFenceChunk(encodeFenceChunk(fences))).toEqual(fences);
        expect(decodeChunkList(encodeChunkList(refs))).toEqual(refs);
      }),
      { seed: testSeed(), numRuns: 100 },
    );
  });

  it('that are damaged are refused or read, and nothing else happens', () => {
    const seed = testSeed();
    const random = new SeededRandom(seed);
    const fences = encodeFenceChunk(fc.sample(fence, { seed, numRuns: 5 }));
    const refs = encodeChunkList(fc.sample(ref, { seed, numRuns: 5 }));
    for (let run = 0; run < 500; run++) {
      const codes = [
        refusalCode(() => decodeFenceChunk(damaged(fences, random))),
        refusalCode(() => decodeChunkList(damaged(refs, random))),
      ];
      for (const code of codes) expect([undefined, 'damaged', 'unsupported_version']).toContain(code);
    }
  });

  it('name no chunk that cannot be', () => {
    const long = { id: Buffer.alloc(32), length: 8 * 2 ** 20 + 1 };
    const none = { id: Buffer.alloc(32), length: 0 };
    const good = { id: Buffer.alloc(32), length: 1 };
    for (const bad of [long, none]) {
      expect(refusalCode(() => decodeChunkList(encodeChunkList([bad])))).toBe('damaged');
      const fences = [{ firstPath: text(''), count: 1, manifest: bad, side: good }];
      expect(refusalCode(() => decodeFenceChunk(encodeFenceChunk(fences)))).toBe('damaged');
    }
  });
});

/** The chunk of a one-chunk file is implied by its digest, so it is not in what is read. */
function withoutImplied(entry: StoredEntry): Record<string, unknown> {
  const { chunks, ...rest } = entry;
  const implied =
    chunks?.length === 1 && !entry.indirect && entry.digest && !entry.holes && chunks[0]?.length === entry.size;
  return plainEntry(implied ? rest : entry);
}

function oneChunkOf(size: number): (out: ByteWriter) => void {
  return (out) => {
    out.varint(size);
    out.u8(1);
    out.raw(Buffer.alloc(32));
    out.u8(0);
  };
}
