import {
  type Code,
  get,
  I32,
  I64,
  i32,
  i64,
  instantiate,
  returnValue,
  set,
  type WasmFunction,
  type WasmMemory,
  when,
  whileLoop,
} from '../../shared/wasm.ts';
import { WINDOW_BYTES } from './parameters.ts';

/**
 * Looks for a cut among the places right after each of the bytes [`from`, `to`) of the memory: the first one where the
 * top `bits` bits (1 to 63) of the hash of the 64 bytes before it are zero. Gives its address, or 0 where there is none.
 * The 63 bytes before `from` must belong to the same chunk.
 */
export type GearScan = (from: number, to: number, bits: number) => number;

const FROM = 0;
const TO = 1;
const BITS = 2;
const HASH = 3;
const LIMIT = 4;

const advance = (bytes: number): Code => set(FROM, i32.add(get(FROM), i32.const(bytes)));

/** hash = hash * 2 + table[byte], the table lying at address 0. The 64 shifts of a window push every older byte out. */
const feed = (address: Code, offset: number): Code => {
  const value = i64.load(i32.shl(i32.load8(address, offset), i32.const(3)));
  return set(HASH, i64.add(i64.shl(get(HASH), i64.const(1)), value));
};

const feedAndTest = (offset: number): Code => [
  ...feed(get(FROM), offset),
  ...when(i64.ltU(get(HASH), get(LIMIT)), returnValue(i32.add(get(FROM), i32.const(offset + 1)))),
];

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Sixteen bytes a pass: further unrolling gains nothing, one byte a pass takes nearly twice the time. */
const STRIDE = 16;

const scan: Code = [
  ...set(LIMIT, i64.shl(i64.const(1), i64.fromU32(i32.sub(i32.const(64), get(BITS))))),
  ...range(WINDOW_BYTES - 1).flatMap((i) => feed(i32.sub(get(FROM), i32.const(WINDOW_BYTES - 1)), i)),
  ...whileLoop(
    i32.leU(i32.add(get(FROM), i32.const(STRIDE)), get(TO)),
    ...range(STRIDE).map(feedAndTest),
    advance(STRIDE),
  ),
  ...whileLoop(i32.ltU(get(FROM), get(TO)), feedAndTest(0), advance(1)),
  ...i32.const(0),
];

const gearScan: WasmFunction = { params: [I32, I32, I32], results: [I32], locals: [I64, I64], body: scan };

/**
 * The gear hash (Xia et al., "FastCDC", USENIX ATC 2016) with 64-bit values, as WebAssembly over `memory`, whose first
 * 2048 bytes must hold the gear table.
 */
export const createGearScan = (memory: WasmMemory<ArrayBufferLike>): GearScan => instantiate(memory, gearScan);
