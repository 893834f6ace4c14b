import {
  type Code,
  get,
  I32,
  i32,
  instantiate,
  set,
  swapBytes,
  tee,
  type WasmFunction,
  type WasmMemory,
} from '../../shared/wasm.ts';

/**
 * One step of SHA-256 (FIPS 180-4, section 6.2.2): reads the state of 32 bytes at address `state` and the block of 64 bytes
 * at `block`, writes the next state to `result`. States are in the byte order of a digest, so the last one is the digest.
 */
export type Sha256Compress = (state: number, block: number, result: number) => void;

const STATE = 0;
const BLOCK = 1;
const RESULT = 2;
const WORDS = 3;
const VARIABLES = WORDS + 16;
const SUM = VARIABLES + 8;
const EITHER = SUM + 1;
const LOCALS = EITHER + 2 - WORDS;

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const add = (first: Code, ...others: Code[]): Code => others.reduce(i32.add, first);
const xor = (first: Code, ...others: Code[]): Code => others.reduce(i32.xor, first);
const rotated = (local: number, bits: number): Code => i32.rotr(get(local), i32.const(bits));
const shifted = (local: number, bits: number): Code => i32.shrU(get(local), i32.const(bits));

/** The first 64 primes: the constants of the rounds are the fractions of their cube roots, those of the state of square roots. */
const primes = range(312).filter((n) => n > 1 && !range(n).some((d) => d > 1 && n % d === 0));

/** The first 32 bits of the fraction of the `degree`th root of `n`, by whole numbers: floor(root(n * 2^(32 degree))). */
function rootFraction(n: number, degree: 2 | 3): number {
  const target = BigInt(n) << BigInt(32 * degree);
  let root = 0n;
  for (let bit = 1n << 36n; bit > 0n; bit >>= 1n) {
    if ((root + bit) ** BigInt(degree) <= target) root += bit;
  }
  return Number(BigInt.asIntN(32, root));
}

/** The state that SHA-256 starts from, as the 32 bytes of a digest. */
export function initialState(): Buffer {
  const state = Buffer.alloc(32);
  for (const [i, prime] of primes.slice(0, 8).entries()) state.writeInt32BE(rootFraction(prime, 2), 4 * i);
  return state;
}

/** The local that plays a part in a round: from round to round the parts move on by one while the values stay. */
const partLocal = (part: 'a' | 'b' | 'd' | 'e' | 'f' | 'g' | 'h', round: number): number =>
  VARIABLES + (('abcdefgh'.indexOf(part) + 64 - round) % 8);

/** Word `round` of the message schedule, kept in the local of the word sixteen rounds before. */
function schedule(round: number): Code {
  const word = (back: number): number => WORDS + ((round - back) % 16);
  const small0 = xor(rotated(word(15), 7), rotated(word(15), 18), shifted(word(15), 3));
  const small1 = xor(rotated(word(2), 17), rotated(word(2), 19), shifted(word(2), 10));
  return set(word(16), add(get(word(16)), small0, get(word(7)), small1));
}

/**
 * One round. The majority of a, b, c is b ^ ((a ^ b) & (b ^ c)), and this round's a ^ b is the next one's b ^ c, so the two
 * `EITHER` locals hand it on in turn.
 */
function compressRound(round: number): Code {
  const a = partLocal('a', round);
  const b = partLocal('b', round);
  const d = partLocal('d', round);
  const e = partLocal('e', round);
  const f = partLocal('f', round);
  const g = partLocal('g', round);
  const h = partLocal('h', round);
  const word = get(WORDS + (round % 16));
  const constant = i32.const(rootFraction(primes[round] ?? 0, 3));
  const choice = i32.xor(get(g), i32.and(get(e), i32.xor(get(f), get(g))));
  const big1 = xor(rotated(e, 6), rotated(e, 11), rotated(e, 25));
  const aOrB = tee(EITHER + (round % 2), i32.xor(get(a), get(b)));
  const majority = i32.xor(get(b), i32.and(aOrB, get(EITHER + ((round + 1) % 2))));
  const big0 = xor(rotated(a, 2), rotated(a, 13), rotated(a, 22));
  return [
    ...(round < 16 ? [] : schedule(round)),
    ...set(SUM, add(get(h), i32.add(word, constant), choice, big1)),
    ...set(d, i32.add(get(d), get(SUM))),
    ...set(h, add(get(SUM), big0, majority)),
  ];
}

const loadWord = (address: number, index: number, into: number): Code => [
  ...set(into, i32.load(get(address), 4 * index)),
  ...set(into, swapBytes(get(into))),
];

/** Adds a variable to the state's word that it began with. */
const storeWord = (index: number): Code => [
  ...loadWord(STATE, index, SUM),
  ...set(SUM, i32.add(get(SUM), get(VARIABLES + index))),
  ...i32.store(get(RESULT), swapBytes(get(SUM)), 4 * index),
];

const compress: WasmFunction = {
  params: [I32, I32, I32],
  results: [],
  locals: Array.from({ length: LOCALS }, () => I32),
  body: [
    ...range(16).flatMap((i) => loadWord(BLOCK, i, WORDS + i)),
    ...range(8).flatMap((i) => loadWord(STATE, i, VARIABLES + i)),
    ...set(EITHER + 1, i32.xor(get(VARIABLES + 1), get(VARIABLES + 2))),
    ...range(64).flatMap(compressRound),
    ...range(8).flatMap(storeWord),
  ],
};

export const createSha256Compress = (memory: WasmMemory<ArrayBufferLike>): Sha256Compress =>
  instantiate(memory, compress);
