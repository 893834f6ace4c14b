/** Builds archives block by block, wrong ones too, without the code under test. */
export interface RawMember {
  name?: string;
  typeflag?: string;
  /** The size field as it is to stand there; else the body's length in octal. */
  size?: string | Buffer;
  mode?: string;
  uid?: string | Buffer;
  mtime?: string | Buffer;
  linkname?: string;
  magic?: string;
  body?: Buffer | string;
  /** Bytes to put anywhere into the header. */
  patch?: { at: number; bytes: Buffer | string };
}

const bytesOf = (value: Buffer | string) => (typeof value === 'string' ? Buffer.from(value, 'latin1') : value);

export function padded(body: Buffer): Buffer {
  return Buffer.concat([body, Buffer.alloc((512 - (body.length % 512)) % 512)]);
}

/** Sets the checksum that a header block ought to have. */
export function sealHeader(block: Buffer): Buffer {
  block.write('        ', 148);
  const sum = block.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

export function rawMember(member: RawMember): Buffer {
  const body = bytesOf(member.body ?? '');
  const block = Buffer.alloc(512);
  const put = (at: number, value: Buffer | string) => bytesOf(value).copy(block, at);
  put(0, member.name ?? 'file');
  put(100, member.mode ?? '0000644\0');
  put(108, member.uid ?? '0001750\0');
  put(116, '0000144\0');
  put(124, member.size ?? `${body.length.toString(8).padStart(11, '0')}\0`);
  put(136, member.mtime ?? '00000000001\0');
  put(156, member.typeflag ?? '0');
  put(157, member.linkname ?? '');
  put(257, member.magic ?? 'ustar\x0000');
  if (member.patch !== undefined) put(member.patch.at, member.patch.bytes);
  return Buffer.concat([sealHeader(block), padded(body)]);
}

export const END = Buffer.alloc(1024);

export function rawArchive(...members: readonly (RawMember | Buffer)[]): Buffer {
  return Buffer.concat([...members.map((member) => (Buffer.isBuffer(member) ? member : rawMember(member))), END]);
}

/** `LENGTH KEY=VALUE\n` with the right length. */
export function paxRecord(key: string, value: Buffer | string): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`, 'latin1'), bytesOf(value), Buffer.from('\n')]);
  let digits = 1;
  while (String(rest.length + digits).length > digits) digits++;
  return Buffer.concat([Buffer.from(String(rest.length + digits)), rest]);
}

export function paxHeader(
  records: readonly (readonly [key: string, value: Buffer | string])[],
  typeflag = 'x',
): RawMember {
  return { name: 'PaxHeaders/x', typeflag, body: Buffer.concat(records.map(([key, value]) => paxRecord(key, value))) };
}
