import type { ByteString } from '../../shared/bytes.ts';
import { toByteString } from '../../shared/bytes.ts';
import { HoldfastError } from '../../shared/errors.ts';

/** The body of a pax extended header: POSIX.1-2017 `pax`, "pax Extended Header". Values are raw bytes. */
export interface PaxRecord {
  key: ByteString;
  value: Buffer;
}

/** One record, `LENGTH KEY=VALUE\n`, where the length counts its own digits. */
export function encodeRecord(key: string, value: Buffer | string): Buffer {
  const body = Buffer.concat([
    Buffer.from(` ${key}=`, 'latin1'),
    typeof value === 'string' ? Buffer.from(value, 'latin1') : value,
    Buffer.from('\n'),
  ]);
  let length = body.length + 1;
  while (String(length).length + body.length !== length) length = String(length).length + body.length;
  return Buffer.concat([Buffer.from(String(length)), body]);
}

const SPACE = 0x20;
const NEWLINE = 0x0a;
const EQUALS = 0x3d;
const MAX_LENGTH_DIGITS = 8;

function damaged(found: string): HoldfastError {
  return new HoldfastError('damaged', `The archive has a damaged extended header: ${found}.`);
}

/** The records of an extended header in their order; repeated keys stay repeated (GNU sparse format 0.0 needs them). */
export function parseRecords(data: Buffer): PaxRecord[] {
  const records: PaxRecord[] = [];
  for (let at = 0; at < data.length; ) {
    const end = at + recordLength(data, at);
    const start = data.indexOf(SPACE, at) + 1;
    if (end > data.length || end <= start) throw damaged(`the length of the record at byte ${at} is wrong`);
    if (data[end - 1] !== NEWLINE) throw damaged(`the record at byte ${at} does not end with a newline`);
    const equals = data.indexOf(EQUALS, start);
    if (equals <= start || equals >= end) throw damaged(`the record at byte ${at} has no keyword`);
    records.push({ key: toByteString(data.subarray(start, equals)), value: data.subarray(equals + 1, end - 1) });
    at = end;
  }
  return records;
}

function recordLength(data: Buffer, at: number): number {
  const digits = /^([0-9]+) /.exec(data.toString('latin1', at, at + MAX_LENGTH_DIGITS + 1))?.[1];
  if (digits === undefined) throw damaged(`the record at byte ${at} has no length`);
  return Number(digits);
}
