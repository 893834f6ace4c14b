/** How large objects may be (docs/FORMAT.md section 14): who reads one whole need not hold more than this of what somebody put in its place. */

const MIB = 2 ** 20;
const BODY_BYTES = 64 * MIB + 1024;

/** By what their names begin with. Of a pack so much is read at once at most: larger ones are read in parts. */
const LIMITS: readonly (readonly [prefix: string, bytes: number])[] = [
  ['holdfast.json', 4096],
  ['keys/', 1.25 * MIB],
  ['index/', 256 * MIB],
  ['packs/', 512 * MIB],
];

export function maxObjectBytes(name: string): number {
  return LIMITS.find(([prefix]) => name.startsWith(prefix))?.[1] ?? BODY_BYTES;
}
