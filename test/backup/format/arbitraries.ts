import fc from 'fast-check';
import { comparePaths, type Entry, type EntryType } from '../../../src/backup/entry.ts';
import type { SideRecord } from '../../../src/backup/format/manifest.ts';
import type { StoredEntry } from '../../../src/backup/format/manifest-entry.ts';
import type { ByteString } from '../../../src/shared/bytes.ts';

/** Everything that a manifest can hold, extremes included. */

const MAX_CHUNK = 8 * 2 ** 20;
const bytes = (minLength: number, maxLength: number) =>
  fc.uint8Array({ minLength, maxLength }).map((array) => Buffer.from(array));
export const id = bytes(32, 32);

const component = bytes(1, 12)
  .map((raw) => raw.toString('latin1').replaceAll(/[\0/]/g, 'x'))
  .filter((name) => name !== '.' && name !== '..');
const path = fc.array(component, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/') as ByteString);

const i64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(0n, -1n, -(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n, -(2n ** 51n), 2n ** 51n),
);
const nanoseconds = fc.oneof(fc.integer({ min: 0, max: 999_999_999 }), fc.constantFrom(0, 1, 999_999_999));
/** Any second that 64 bits hold, which is more than 64 bits of nanoseconds hold. */
const mtimeNs = fc.oneof(
  fc.tuple(i64, nanoseconds).map(([seconds, rest]) => seconds * 1_000_000_000n + BigInt(rest)),
  fc.bigInt({ min: -(10n ** 18n), max: 2n * 10n ** 18n }),
);
const size = fc
  .oneof(
    fc.integer({ min: 1, max: 100_000 }),
    fc.maxSafeInteger().map(Math.abs),
    fc.constantFrom(1, Number.MAX_SAFE_INTEGER, MAX_CHUNK, MAX_CHUNK + 1),
  )
  .filter((value) => value > 0);

const owner = fc.record(
  {
    number: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    name: bytes(1, 8).map((raw) => raw.toString('latin1') as ByteString),
  },
  { requiredKeys: ['number'] },
);

/** Up to 40 holes inside `total`, some of them touching. */
const holesIn = (total: number) =>
  fc.uniqueArray(fc.integer({ min: 0, max: total }), { minLength: 2, maxLength: 80 }).map((cuts) => {
    const sorted = cuts.toSorted((a, b) => a - b);
    const holes = [];
    for (let i = 0; i + 1 < sorted.length; i += 2) {
      holes.push({ offset: sorted[i] as number, length: (sorted[i + 1] as number) - (sorted[i] as number) });
    }
    return holes;
  });

/** Chunks that add up to `total`, where a list of reasonable length can. */
function chunksOf(total: number, ids: readonly Buffer[]): { id: Buffer; length: number }[] | undefined {
  if (total > ids.length * MAX_CHUNK) return undefined;
  const chunks = [];
  for (let left = total, i = 0; left > 0; i++) {
    const fair = Math.max(1, Math.floor(left / (ids.length - i)));
    const length = i === ids.length - 1 ? left : Math.min(fair, left, MAX_CHUNK);
    chunks.push({ id: ids[i] as Buffer, length });
    left -= length;
  }
  return chunks;
}

const fileContent: fc.Arbitrary<Partial<StoredEntry>> = fc.oneof(
  fc.constant({ size: 0 }),
  fc.record({ size: fc.integer({ min: 1, max: MAX_CHUNK }), digest: id }),
  fc
    .tuple(size, fc.boolean(), fc.option(id, { nil: undefined }), fc.array(id, { minLength: 2, maxLength: 30 }))
    .chain(([total, sparse, digest, ids]) =>
      (sparse && total > 1 ? holesIn(total) : fc.constant(undefined)).map((holes) => {
        const stored = (holes ?? []).reduce((rest, hole) => rest - hole.length, total);
        const chunks = chunksOf(stored, ids);
        return chunks === undefined
          ? { size: total, digest, holes, chunks: ids.map((one) => ({ id: one, length: MAX_CHUNK })), indirect: true }
          : { size: total, digest, holes, chunks, indirect: false };
      }),
    ),
);

const byType: Record<EntryType, fc.Arbitrary<Partial<StoredEntry>>> = {
  file: fileContent,
  directory: fc.constant({}),
  symlink: fc.array(fc.integer({ min: 1, max: 255 }), { minLength: 1, maxLength: 40 }).map((raw) => {
    return { target: Buffer.from(raw).toString('latin1') as ByteString };
  }),
  fifo: fc.constant({}),
  socket: fc.constant({}),
  'char-device': fc.record({ major: fc.nat(), minor: fc.nat() }).map((device) => ({ device })),
  'block-device': fc.record({ major: fc.nat(), minor: fc.nat() }).map((device) => ({ device })),
};

const xattrs = fc
  .uniqueArray(
    bytes(1, 10).map((raw) => raw.toString('latin1').replaceAll('\0', 'x') as ByteString),
    { minLength: 1, maxLength: 4 },
  )
  .chain((names) =>
    fc
      .array(bytes(0, 60), { minLength: names.length, maxLength: names.length })
      .map((values) => names.toSorted().map((name, i) => ({ name, value: values[i] as Buffer }))),
  );

const entry: fc.Arbitrary<StoredEntry> = fc.constantFrom(...(Object.keys(byType) as EntryType[])).chain((type) =>
  fc
    .tuple(
      fc.record({ path, mode: fc.integer({ min: 0, max: 0o7777 }), mtimeNs, owner, group: owner }),
      byType[type],
      fc.option(xattrs, { nil: undefined }),
      fc.boolean(),
    )
    .map(([base, content, attributes, viaBackupApi]) => {
      const { owner: user, group, ...rest } = base;
      const made: StoredEntry = { ...rest, type, uid: user.number, gid: group.number, size: 0, ...content };
      made.user = user.name;
      made.group = group.name;
      if (attributes !== undefined) made.xattrs = attributes;
      if (type === 'file' && viaBackupApi) made.viaBackupApi = true;
      return made;
    }),
);

/** Entries in manifest order under the root, some of them hard links of ones before. */
export const entries: fc.Arbitrary<StoredEntry[]> = fc
  .tuple(fc.uniqueArray(entry, { maxLength: 30, selector: (one) => one.path }), fc.nat(), fc.boolean())
  .map(([found, pick, withRoot]) => {
    const sorted = found.toSorted((a, b) => comparePaths(a.path, b.path));
    const last = sorted.at(-1);
    const first = sorted[pick % Math.max(1, sorted.length)];
    if (last !== undefined && first !== undefined && first !== last) last.hardlink = first.path;
    const root: Entry = {
      path: '' as ByteString,
      type: 'directory',
      mode: 0o755,
      uid: 0,
      gid: 0,
      mtimeNs: 0n,
      size: 0,
    };
    return withRoot ? [root, ...sorted] : sorted;
  });

export const sideRecord: fc.Arbitrary<SideRecord> = fc.record({
  inode: fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.constant(2n ** 64n - 1n)),
  ctimeNs: i64,
  sizeOnDisk: fc.oneof(fc.nat(), fc.constant(Number.MAX_SAFE_INTEGER)),
});

/** An entry without what is absent, so that two ways to say the same compare as equal. */
export function plainEntry(given: StoredEntry): Record<string, unknown> {
  const kept = Object.entries(given).filter(
    ([name, value]) => value !== undefined && value !== false && !(name === 'holes' && given.holes?.length === 0),
  );
  return Object.fromEntries(kept);
}
