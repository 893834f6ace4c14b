import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Entry } from '../../../../src/backup/entry.ts';
import { EntryTable, EntryTableBuilder, type Row } from '../../../../src/backup/operations/restore/entry-table.ts';
import type { ByteString } from '../../../../src/shared/bytes.ts';

const byteString = (minLength: number) =>
  fc.uint8Array({ minLength, maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1') as ByteString);
const value = fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes));
const id = fc.oneof(fc.constant(-1), fc.nat(), fc.integer({ min: 2 ** 31, max: 2 ** 32 - 2 }));

const common = {
  path: fc.constant('' as ByteString),
  mode: fc.nat(0o7777),
  uid: id,
  gid: id,
  mtimeNs: fc.bigInt({ min: -(2n ** 80n) / 2n ** 20n, max: 2n ** 66n }),
  xattrs: fc.option(fc.array(fc.record({ name: byteString(1), value }), { minLength: 1, maxLength: 4 }), {
    nil: undefined,
  }),
};
const entry: fc.Arbitrary<Entry> = fc.oneof(
  fc.record({
    ...common,
    type: fc.constant('file' as const),
    size: fc.nat(2 ** 53 - 1),
    digest: fc.option(
      fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes)),
      {
        nil: undefined,
      },
    ),
  }),
  fc.record({ ...common, type: fc.constant('symlink' as const), size: fc.constant(0), target: byteString(0) }),
  fc.record({
    ...common,
    type: fc.constant('block-device' as const),
    size: fc.constant(0),
    device: fc.record({ major: fc.nat(4095), minor: fc.nat(2 ** 20 - 1) }),
  }),
  fc.record({ ...common, type: fc.constantFrom('directory' as const, 'fifo' as const), size: fc.constant(0) }),
);
const row: fc.Arbitrary<Row> = fc.record({
  kind: fc.constantFrom('make' as const, 'carry' as const, 'join' as const),
  path: byteString(1),
  entry,
  from: fc.option(byteString(1), { nil: undefined }),
  pieces: fc.nat(2 ** 31),
  unfinished: fc.boolean(),
});

const plain = (one: Row) =>
  JSON.parse(JSON.stringify(one, (_, item) => (typeof item === 'bigint' ? `${item}n` : item)));

describe('a table of rows', () => {
  it('gives back what was put in', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 300 }), (rows) => {
        const builder = new EntryTableBuilder();
        for (const one of rows) builder.add(one, true);
        const table = new EntryTable(builder.finish());
        expect(table.count).toBe(rows.length);
        rows.forEach((one, i) => {
          expect(plain(table.row(i))).toEqual(plain(one));
        });
      }),
      { numRuns: 60 },
    );
  });

  it('tells exactly one of several writers that a file is complete', () => {
    const builder = new EntryTableBuilder();
    const file = { path: '' as ByteString, type: 'file', mode: 0, uid: 0, gid: 0, mtimeNs: 0n, size: 1 } as const;
    const number = builder.add(
      { kind: 'make', path: 'a' as ByteString, entry: file, pieces: 0, unfinished: false },
      false,
    );
    builder.setPieces(number, 5, false);
    const shared = builder.finish();
    const [a, b] = [new EntryTable(shared), new EntryTable(shared)];
    expect([a.completes(0, 2), b.completes(0, 2), a.completes(0, 1)]).toEqual([false, false, true]);
  });
});
