import type { TarMember } from '../../../../src/backup/archive/pax-writer.ts';
import type { Entry } from '../../../../src/backup/entry.ts';
import type { ObservedFile } from './gnu-tar.ts';
import { entryOf, fileOf, kernelAcl, raw, sha256, withHoles } from './members.ts';

const ACL = kernelAcl([
  [0x01, 6],
  [0x02, 7, 1],
  [0x02, 5, 54_321],
  [0x04, 4],
  [0x08, 6, 3],
  [0x10, 7],
  [0x20, 4],
]);

/** Mode 674 is what the access list above means in permission bits. */
const ACL_MODE = 0o674;
const CAPABILITY = Buffer.from('0100000200040000000000000000000000000000', 'hex');

/** A file of pages at the given places; everything else is holes. */
function sparse(path: string, sizeBytes: number, pages: readonly number[], fields: Partial<Entry> = {}): TarMember {
  const page = 4096;
  const holes: { offset: number; length: number }[] = [];
  let end = 0;
  for (const start of [...pages.map((number) => number * page), sizeBytes]) {
    if (start > end) holes.push({ offset: end, length: start - end });
    end = start + page;
  }
  const content = pages.map((number) => Buffer.alloc(page, `page ${number} of ${path} `));
  return { entry: entryOf(path, { size: sizeBytes, holes, ...fields }), content };
}

const everyOther = (count: number) => Array.from({ length: count }, (_, i) => 2 * i + 1);

const deep = Array.from({ length: 15 }, () => 'd'.repeat(250));

/** A tree with everything that GNU tar can extract, in manifest order. */
export function sampleTree(): TarMember[] {
  const folder = (path: string, fields: Partial<Entry> = {}): TarMember => ({
    entry: entryOf(path, { type: 'directory', mode: 0o755, ...fields }),
  });
  const special = (path: string, fields: Partial<Entry>): TarMember => ({ entry: entryOf(path, fields) });
  return [
    folder('', { mode: 0o711, mtimeNs: 1_600_000_000_000_000_001n }),
    fileOf('a first', Buffer.from('linked'), { user: raw('daemon'), group: raw('sys') }),
    fileOf('attributes', Buffer.from('x'), {
      xattrs: [
        { name: raw('security.capability'), value: CAPABILITY },
        { name: raw('trusted.note'), value: Buffer.from('root only') },
        { name: raw('user.%25'), value: Buffer.from('percent') },
        { name: raw('user.a=b%c'), value: Buffer.from([0, 10, 0x3d, 0xff]) },
        { name: raw('user.empty'), value: Buffer.alloc(0) },
        { name: raw('user.n\xff\n'), value: Buffer.from('raw name') },
      ],
    }),
    special('block device', { type: 'block-device', device: { major: 7, minor: 1_048_575 } }),
    special('char device', { type: 'char-device', mode: 0o666, device: { major: 1, minor: 3 } }),
    folder('default-acl', {
      mode: ACL_MODE,
      xattrs: [
        { name: raw('system.posix_acl_access'), value: ACL },
        { name: raw('system.posix_acl_default'), value: ACL },
      ],
    }),
    fileOf('default-acl/inherits nothing', Buffer.from('y')),
    ...deep.map((_, i) => folder(deep.slice(0, i + 1).join('/'))),
    fileOf(`${deep.join('/')}/file`, Buffer.from('deep')),
    fileOf('empty', Buffer.alloc(0), { mode: 0 }),
    folder('empty folder', { mode: 0o1777 }),
    special('fifo', { type: 'fifo', mode: 0o600 }),
    special('fifo again', { type: 'fifo', mode: 0o600, hardlink: raw('fifo') }),
    fileOf('group acl', Buffer.from('z'), {
      mode: ACL_MODE,
      xattrs: [{ name: raw('system.posix_acl_access'), value: ACL }],
    }),
    fileOf('large owner', Buffer.from('o'), { uid: 3_000_000, gid: 4_294_967_294 }),
    special('link absolute', { type: 'symlink', mode: 0o777, target: raw('/nowhere') }),
    special('link raw', { type: 'symlink', mode: 0o777, target: raw(`\xff\n${'t'.repeat(200)}`) }),
    special('link raw again', {
      type: 'symlink',
      mode: 0o777,
      target: raw(`\xff\n${'t'.repeat(200)}`),
      hardlink: raw('link raw'),
    }),
    { entry: entryOf('linked', { size: 6, user: raw('daemon'), group: raw('sys'), hardlink: raw('a first') }) },
    fileOf('n'.repeat(100), Buffer.from('100')),
    fileOf('n'.repeat(101), Buffer.from('101')),
    fileOf('setuid', Buffer.from('#!'), { mode: 0o6755 }),
    sparse('sparse all', 1 << 20, []),
    sparse('sparse many', 4096 * 400, everyOther(200)),
    sparse('sparse middle', 1 << 20, [0, 128, 255]),
    sparse('sparse'.repeat(20), 1 << 16, [3]),
    fileOf('time before 1970', Buffer.from('t'), { mtimeNs: -1_500_000_001n }),
    fileOf('time far', Buffer.from('t'), { mtimeNs: 9_000_000_000_000_000_007n }),
    fileOf('time zero', Buffer.from('t'), { mtimeNs: 0n }),
    fileOf('ümläut', Buffer.from('utf-8')),
    { ...fileOf('', Buffer.from('raw')), entry: entryOf('', { path: raw('\xfe\xff\nraw'), size: 3 }) },
  ];
}

const KINDS = {
  file: 0o100000,
  directory: 0o040000,
  symlink: 0o120000,
  fifo: 0o010000,
  socket: 0o140000,
  'char-device': 0o020000,
  'block-device': 0o060000,
} as const;

/** What an observer must find after the members have been extracted; hard links look like their first member. */
export async function expectedFiles(members: readonly TarMember[]): Promise<ObservedFile[]> {
  const files = new Map<string, ObservedFile>();
  for (const { entry, content } of members) {
    const first = entry.hardlink === undefined ? undefined : files.get(entry.hardlink);
    const file =
      first === undefined ? await plainFile(entry, content) : { ...first, path: entry.path, hardlink: first.path };
    files.set(entry.path, file);
  }
  return [...files.values()];
}

async function plainFile(entry: Entry, content: TarMember['content']): Promise<ObservedFile> {
  const file: ObservedFile = {
    path: entry.path,
    mode: KINDS[entry.type] | entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    mtimeNs: String(entry.mtimeNs),
    size: entry.size,
    xattrs: Object.fromEntries((entry.xattrs ?? []).map(({ name, value }) => [name, value.toString('hex')])),
  };
  if (entry.target !== undefined) file.target = entry.target;
  if (entry.device !== undefined) file.device = [entry.device.major, entry.device.minor];
  if (entry.type === 'file') {
    file.sha256 = sha256(withHoles(entry, Buffer.concat(await Array.fromAsync(content ?? []))));
    file.holes = (entry.holes ?? []).map(({ offset, length }) => [offset, length]);
  }
  return file;
}
