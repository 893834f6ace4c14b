/**
 * A small assembler for WebAssembly: every function of the first half returns bytes of the binary format
 * (https://webassembly.github.io/spec/core/binary/). Instructions nest like the expressions they stand for, operands
 * first: `set(sum, i32.add(get(sum), i32.load(get(at))))`.
 */

/** Encoded instructions. */
export type Code = readonly number[];

export const I32 = 0x7f;
export const I64 = 0x7e;
export type ValueType = typeof I32 | typeof I64;

export interface WasmFunction {
  params: readonly ValueType[];
  results: readonly ValueType[];
  /** Local variables; their indexes follow those of the parameters. */
  locals: readonly ValueType[];
  body: Code;
}

/** A value in unsigned LEB128: 7 bits a byte, the low ones first. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return [...bytes, rest];
}

/** A 32-bit value in signed LEB128: ends where the remaining bits all repeat the sign. */
function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  while (rest < -0x40 || rest > 0x3f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>= 7;
  }
  return [...bytes, rest & 0x7f];
}

const binary =
  (opcode: number) =>
  (left: Code, right: Code): Code => [...left, ...right, opcode];

/** Loads promise no alignment (the 0) and add a constant number of bytes to the address. */
const load =
  (opcode: number) =>
  (address: Code, offset = 0): Code => [...address, opcode, 0, ...unsigned(offset)];

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)];
export const tee = (local: number, value: Code): Code => [...value, 0x22, ...unsigned(local)];

export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value)],
  load: load(0x28),
  load8: load(0x2d),
  store: (address: Code, value: Code, offset = 0): Code => [...address, ...value, 0x36, 0, ...unsigned(offset)],
  ltU: binary(0x49),
  leU: binary(0x4d),
  add: binary(0x6a),
  sub: binary(0x6b),
  and: binary(0x71),
  or: binary(0x72),
  xor: binary(0x73),
  shl: binary(0x74),
  shrU: binary(0x76),
  rotl: binary(0x77),
  rotr: binary(0x78),
};

export const i64 = {
  /** Any value of 32 bits, its sign extended. */
  const: (value: number): Code => [0x42, ...signed(value)],
  load: load(0x29),
  ltU: binary(0x54),
  add: binary(0x7c),
  shl: binary(0x86),
  fromU32: (operand: Code): Code => [...operand, 0xad],
};

/** The four bytes of a 32-bit value in opposite order. The value is encoded twice, so it should be a plain `get`. */
export const swapBytes = (value: Code): Code =>
  i32.or(
    i32.and(i32.rotl(value, i32.const(8)), i32.const(0x00ff00ff)),
    i32.and(i32.rotr(value, i32.const(8)), i32.const(0xff00ff00)),
  );

const NO_RESULT = 0x40;
const END = 0x0b;

/** Runs its body again and again as long as `condition` holds; tested before each pass. */
export const whileLoop = (condition: Code, ...body: Code[]): Code =>
  when(condition, [0x03, NO_RESULT, ...body.flat(), ...condition, 0x0d, 0, END]);
export const when = (condition: Code, ...body: Code[]): Code => [...condition, 0x04, NO_RESULT, ...body.flat(), END];
export const returnValue = (value: Code): Code => [...value, 0x0f];

const vector = (items: readonly Code[]): number[] => [...unsigned(items.length), ...items.flat()];
const section = (id: number, content: Code): number[] => [id, ...unsigned(content.length), ...content];
const text = (value: string): number[] => vector([...Buffer.from(value, 'utf8')].map((byte) => [byte]));
const types = (values: readonly ValueType[]): number[] => vector(values.map((type) => [type]));

/** What a module asks of the memory that it imports: one page or more; for a shared one it must name a maximum. */
const SHARED_LIMITS = [0x03, 1, ...unsigned(65_536)];
const PRIVATE_LIMITS = [0x00, 1];

/** The bytes of a module that imports its memory as `env.memory` and exports one function as `run`. */
export function assembleModule(shared: boolean, code: WasmFunction): Uint8Array<ArrayBuffer> {
  const body = [...vector(code.locals.map((type) => [1, type])), ...code.body, END];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector([[0x60, ...types(code.params), ...types(code.results)]])),
    ...section(2, vector([[...text('env'), ...text('memory'), 0x02, ...(shared ? SHARED_LIMITS : PRIVATE_LIMITS)]])),
    ...section(3, vector([[0]])),
    ...section(7, vector([[...text('run'), 0x00, 0]])),
    ...section(10, vector([[...unsigned(body.length), ...body]])),
  ]);
}

/** The part of the global `WebAssembly` that is used here, which the compiler's libraries declare for browsers only. */
declare const WebAssembly: {
  Memory: {
    new (limits: { initial: number; maximum: number; shared: true }): WasmMemory<SharedArrayBuffer>;
    new (limits: { initial: number; maximum: number }): WasmMemory<ArrayBuffer>;
  };
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  Instance: new (
    module: object,
    imports: { env: { memory: object } },
  ) => { readonly exports: { run: (...values: number[]) => number } };
};

export interface WasmMemory<B extends ArrayBufferLike> {
  readonly buffer: B;
}

export const PAGE_BYTES = 65_536;

/** A memory of fixed size, zeroed, that other threads may be given views of. */
export const createSharedMemory = (pages: number): WasmMemory<SharedArrayBuffer> =>
  new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });

/** A memory of fixed size, zeroed, for one thread. */
export const createPrivateMemory = (pages: number): WasmMemory<ArrayBuffer> =>
  new WebAssembly.Memory({ initial: pages, maximum: pages });

/** Compiled once: what is shared and what is private need modules of their own. */
const compiled = { shared: new WeakMap<WasmFunction, object>(), private: new WeakMap<WasmFunction, object>() };

function compile(code: WasmFunction, shared: boolean): object {
  const known = compiled[shared ? 'shared' : 'private'];
  const module = known.get(code) ?? new WebAssembly.Module(assembleModule(shared, code));
  known.set(code, module);
  return module;
}

/**
 * The function `code` over `memory`; compiled only the first time. Numbers passed are taken modulo 2^32; an i32 result comes back signed,
 * no result as undefined.
 */
export function instantiate(memory: WasmMemory<ArrayBufferLike>, code: WasmFunction): (...values: number[]) => number {
  const module = compile(code, memory.buffer instanceof SharedArrayBuffer);
  return new WebAssembly.Instance(module, { env: { memory } }).exports.run;
}
