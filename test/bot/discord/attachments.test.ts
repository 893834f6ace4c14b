import { randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { attach } from '../../../src/bot/discord/attachments.ts';
import { tableCsv } from '../../../src/view/csv.ts';
import { bytes, id, time } from '../../../src/view/value.ts';

const MIB = 1024 * 1024;

describe('files that are attached', () => {
  it('are compressed where they are too large as they are', () => {
    const data = Buffer.alloc(11 * MIB, 'text ');
    const { files, notes } = attach([{ name: 'sums.txt', data }]);
    expect(files.map(({ name }) => name)).toEqual(['sums.txt.gz']);
    expect(gunzipSync(files[0]!.data).equals(data)).toBe(true);
    expect(notes).toEqual([]);
  });

  it('are named where even that does not help', () => {
    const { files, notes } = attach([
      { name: 'random.bin', data: randomBytes(11 * MIB) },
      { name: 'small.txt', data: Buffer.from('x') },
    ]);
    expect(files.map(({ name }) => name)).toEqual(['small.txt']);
    expect(notes).toEqual(['random.bin (11.0 MiB) is too large to attach']);
  });

  it('have names of their own that cannot be paths', () => {
    const data = Buffer.from('x');
    const { files } = attach(['../../etc/passwd', 'a b.txt', 'a_b.txt', '...', ''].map((name) => ({ name, data })));
    expect(files.map(({ name }) => name)).toEqual(['etc_passwd', 'a_b.txt', '2-a_b.txt', 'file', '2-file']);
  });

  it('are at most as many as Discord takes', () => {
    const { files, notes } = attach(Array.from({ length: 12 }, (_, i) => ({ name: `${i}`, data: Buffer.from('x') })));
    expect([files.length, notes.length]).toEqual([10, 2]);
  });
});

describe('a table as CSV', () => {
  const wording = { nowMs: 0, commandPrefix: '/' };

  it('holds whole values, quoted where they must be', () => {
    const rows = [['a,"b"\nc', bytes(2048), time('2026-11-20T09:15:02Z'), id('0123456789abcdef')]];
    expect(tableCsv([{ title: 'Name' }], rows, wording)).toBe(
      'Name\r\n"a,""b""\nc",2048,2026-11-20T09:15:02Z,0123456789abcdef\r\n',
    );
  });

  it.each([
    ['=1+1', "'=1+1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['+1', "'+1"],
    ['-1+1', "'-1+1"],
    ['-12.5', '-12.5'],
    ['-', '-'],
  ])('cannot be a formula: %s', (cell, written) => {
    expect(tableCsv([], [[cell]], wording)).toBe(`\r\n${written}\r\n`);
  });
});
