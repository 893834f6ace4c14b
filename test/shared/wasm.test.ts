import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createPrivateMemory,
  createSharedMemory,
  get,
  I32,
  i32,
  instantiate,
  PAGE_BYTES,
  returnValue,
  set,
  swapBytes,
  when,
  whileLoop,
} from '../../src/shared/wasm.ts';

describe('the WebAssembly assembler', () => {
  it('encodes every 32-bit constant', () => {
    fc.assert(
      fc.property(fc.integer(), (value) => {
        const run = instantiate(createPrivateMemory(1), {
          params: [],
          results: [I32],
          locals: [],
          body: i32.const(value),
        });
        expect(run()).toBe(value);
      }),
      { examples: [[0], [-1], [63], [64], [-64], [-65], [8191], [8192], [2 ** 31 - 1], [-(2 ** 31)]] },
    );
  });

  it('runs a loop as long as its condition holds, and not once where it never does', () => {
    const body = [
      ...whileLoop(
        i32.ltU(get(1), get(0)),
        set(1, i32.add(get(1), i32.const(1))),
        when(i32.leU(i32.const(10), get(1)), returnValue(i32.const(-10))),
      ),
      ...get(1),
    ];
    const count = instantiate(createPrivateMemory(1), { params: [I32], results: [I32], locals: [I32], body });
    expect([0, 1, 9, 10, 11].map((limit) => count(limit))).toEqual([0, 1, 9, -10, -10]);
  });

  it('swaps the bytes of a word in memory, at any address and offset', () => {
    const memory = createPrivateMemory(1);
    const body = i32.store(get(0), swapBytes(get(1)), 300);
    instantiate(memory, { params: [I32, I32], results: [], locals: [], body })(5, 0x81_02_03_f4);
    expect([...new Uint8Array(memory.buffer, 305, 4)]).toEqual([0x81, 0x02, 0x03, 0xf4]);
  });

  it('works on memory that is shared between threads, in place', () => {
    const memory = createSharedMemory(2);
    expect(memory.buffer).toBeInstanceOf(SharedArrayBuffer);
    new Uint8Array(memory.buffer)[PAGE_BYTES + 1] = 200;
    const body = i32.load8(get(0), 1);
    const read = instantiate(memory, { params: [I32], results: [I32], locals: [], body });
    expect(read(PAGE_BYTES)).toBe(200);
    expect(() => read(2 * PAGE_BYTES)).toThrow('out of bounds');
  });
});
