import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkRing, type RingChunk } from '../../../src/backup/chunker/ring.ts';
import { testSeed } from '../../helpers/seeded-random.ts';

const seed = testSeed();
const START = 100;

function createRing(size: number): { ring: ChunkRing; bytes: Uint8Array } {
  const buffer = new SharedArrayBuffer(START + size + 50);
  return { ring: new ChunkRing({ buffer, start: START, end: START + size }), bytes: new Uint8Array(buffer) };
}

/** Fills and cuts one chunk; undefined where the ring has no room for it. */
function putChunk(ring: ChunkRing, length: number, holders = 1): RingChunk | undefined {
  if (ring.reserve(length, length) === undefined) return undefined;
  ring.commit(length);
  return ring.take(length, holders);
}

describe('the chunk ring', () => {
  it('gives as much room as asked for, right behind what has arrived', () => {
    const { ring } = createRing(1000);
    expect(ring.reserve(10, 300)).toEqual({ offset: START, length: 300 });
    ring.commit(200);
    expect(ring.reserve(10, 300)).toEqual({ offset: START + 200, length: 300 });
    expect(ring.unfinished).toEqual({ offset: START, length: 200 });
  });

  it('gives the last bytes at its end where they are enough', () => {
    const { ring } = createRing(1000);
    putChunk(ring, 900);
    expect(ring.reserve(10, 300)).toEqual({ offset: START + 900, length: 100 });
  });

  it('moves the unfinished chunk to the start where the end has no room for it', () => {
    const { ring, bytes } = createRing(1000);
    const first = putChunk(ring, 800);
    ring.reserve(100, 100);
    bytes.set([1, 2, 3], START + 800);
    ring.commit(100);
    expect(ring.reserve(150, 150)).toBeUndefined();
    ring.release(first?.ticket ?? -1);
    expect(ring.reserve(150, 150)).toEqual({ offset: START + 100, length: 150 });
    expect([...bytes.subarray(START, START + 3)]).toEqual([1, 2, 3]);
  });

  it('uses space again only after all that was handed out before it is released', () => {
    const { ring } = createRing(900);
    const chunks = [1, 2, 3].map(() => putChunk(ring, 300)?.ticket ?? -1);
    ring.release(chunks[1] ?? -1);
    expect(putChunk(ring, 300)).toBeUndefined();
    ring.release(chunks[0] ?? -1);
    expect(putChunk(ring, 600)?.offset).toBe(START);
    expect(putChunk(ring, 1)).toBeUndefined();
  });

  it('waits for every holder of a chunk', () => {
    const { ring } = createRing(1000);
    const ticket = putChunk(ring, 1000, 2)?.ticket ?? -1;
    ring.release(ticket);
    expect(ring.reserve(1, 1)).toBeUndefined();
    ring.release(ticket);
    expect(ring.reserve(1, 1)).toBeDefined();
    expect(() => ring.release(ticket)).toThrow('released once too often');
  });

  it('leaves room that is being read into where it is when everything is released meanwhile', () => {
    const { ring } = createRing(1000);
    const ticket = putChunk(ring, 300)?.ticket ?? -1;
    expect(ring.reserve(100, 100)?.offset).toBe(START + 300);
    ring.release(ticket);
    ring.commit(100);
    expect(ring.unfinished).toEqual({ offset: START + 300, length: 100 });
  });

  it('starts over when idle', () => {
    const { ring } = createRing(1000);
    ring.release(putChunk(ring, 300)?.ticket ?? -1);
    expect(ring.reserve(1, 1000)).toEqual({ offset: START, length: 1000 });
  });

  it('forgets an unfinished content on request', () => {
    const { ring } = createRing(1000);
    putChunk(ring, 300);
    ring.reserve(100, 100);
    ring.commit(100);
    ring.discard();
    expect(ring.unfinished).toEqual({ offset: START + 300, length: 0 });
    expect(ring.reserve(1, 1)?.offset).toBe(START + 300);
  });

  it('refuses what could never fit, and what was never there', () => {
    const { ring } = createRing(1000);
    ring.reserve(900, 900);
    ring.commit(900);
    expect(() => ring.reserve(101, 200)).toThrow(expect.objectContaining({ code: 'internal' }));
    expect(() => ring.commit(101)).toThrow('more than were reserved');
    expect(() => ring.take(901, 1)).toThrow('cut from 900');
    expect(() => ring.take(0, 1)).toThrow('a chunk of 0 bytes');
    expect(() => ring.release(0)).toThrow('released once too often');
  });

  it('keeps the bytes of every chunk until its release, whatever the order, and always gets on', () => {
    const step = fc.record({
      read: fc.integer({ min: 1, max: 200 }),
      cut: fc.nat(300),
      release: fc.nat(10),
      copies: fc.nat(1),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { ring, bytes } = createRing(1000);
        const held: { chunk: RingChunk; content: number[]; holders: number }[] = [];
        let expected: number[] = [];
        let value = 0;
        const releaseOne = (pick: number): void => {
          const index = pick % held.length;
          const entry = held[index];
          if (entry === undefined) return;
          const { offset, length, ticket } = entry.chunk;
          expect([...bytes.subarray(offset, offset + length)]).toEqual(entry.content);
          entry.holders -= 1;
          if (entry.holders === 0) held.splice(index, 1);
          ring.release(ticket);
        };
        for (const { read, cut, release, copies } of steps) {
          let room = ring.reserve(read, read);
          while (room === undefined) {
            expect(held.length).toBeGreaterThan(0);
            releaseOne(release);
            room = ring.reserve(read, read);
          }
          const arrived = Array.from({ length: read }, () => ++value % 251);
          bytes.set(arrived, room.offset);
          ring.commit(read);
          expected.push(...arrived);
          const { offset, length } = ring.unfinished;
          expect([...bytes.subarray(offset, offset + length)]).toEqual(expected);
          const cutLength = length > 300 ? length : Math.min(cut, length);
          if (cutLength > 0) {
            held.push({
              chunk: ring.take(cutLength, 1 + copies),
              content: expected.slice(0, cutLength),
              holders: 1 + copies,
            });
            expected = expected.slice(cutLength);
          }
          if (release < 4) releaseOne(release);
        }
        expect([...bytes.subarray(0, START)].every((byte) => byte === 0)).toBe(true);
        expect([...bytes.subarray(START + 1000)].every((byte) => byte === 0)).toBe(true);
      }),
      { seed, numRuns: 150 },
    );
  });
});
