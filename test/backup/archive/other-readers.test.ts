import { execFileSync, spawnSync } from 'node:child_process';
import { Parser } from 'tar';
import { describe, expect, it } from 'vitest';
import type { TarMember } from '../../../src/backup/archive/pax-writer.ts';
import { gnuTar, temporaryFolder } from './helpers/gnu-tar.ts';
import { archiveOf, entryOf, fileOf, membersOf, raw, withHoles } from './helpers/members.ts';

/** What the tar package keeps exactly: no holes, no attributes, names in UTF-8, times in milliseconds. */
const PLAIN: readonly TarMember[] = [
  { entry: entryOf('dir', { type: 'directory', mode: 0o755 }) },
  fileOf('dir/empty', Buffer.alloc(0)),
  fileOf(`dir/${'long/'.repeat(60)}name`, Buffer.alloc(70_000, 'content ')),
  fileOf('dir/ümläut', Buffer.from('x'), { uid: 3_000_000, mtimeNs: 1_700_000_000_000_000_000n }),
  { entry: entryOf('dir/link', { type: 'symlink', mode: 0o777, target: raw('t'.repeat(150)) }) },
  { entry: entryOf('dir/same', { hardlink: raw('dir/empty') }) },
];

interface Seen {
  path: string;
  mode: number;
  uid: number;
  gid: number;
  milliseconds: number;
  link: string;
  data: string;
}

async function seenByPackage(archive: Buffer): Promise<Seen[]> {
  const seen: Seen[] = [];
  const parser = new Parser({ strict: true });
  const done = new Promise<void>((resolve, reject) => {
    parser.on('end', resolve);
    parser.on('error', reject);
  });
  parser.on('entry', (entry) => {
    const parts: Buffer[] = [];
    entry.on('data', (bytes: Buffer) => parts.push(bytes));
    entry.on('end', () =>
      seen.push({
        path: entry.path.replace(/\/$/, ''),
        mode: entry.mode ?? 0,
        uid: entry.uid ?? 0,
        gid: entry.gid ?? 0,
        milliseconds: entry.mtime?.getTime() ?? 0,
        link: entry.linkpath ?? '',
        data: Buffer.concat(parts).toString(),
      }),
    );
  });
  parser.end(archive);
  await done;
  return seen;
}

async function seenHere(archive: Buffer): Promise<Seen[]> {
  const utf8 = (bytes: string) => Buffer.from(bytes, 'latin1').toString();
  return (await membersOf(archive)).members.map(({ entry, data }) => ({
    path: utf8(entry.path),
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    milliseconds: Number(entry.mtimeNs / 1_000_000n),
    link: utf8(entry.hardlink ?? entry.target ?? ''),
    data: data.toString(),
  }));
}

describe('the tar package', () => {
  it('sees in our archives what we wrote', async () => {
    const { bytes } = await archiveOf(PLAIN);
    const seen = await seenByPackage(bytes);
    expect(seen).toHaveLength(PLAIN.length);
    expect(seen).toEqual(await seenHere(bytes));
  });

  it.each(['gnu', 'pax'])('sees in archives that GNU tar writes as %s what our reader sees', async (format) => {
    const folder = temporaryFolder();
    gnuTar(['--no-same-owner', '-xf', '-'], { cwd: folder, input: (await archiveOf(PLAIN)).bytes });
    const archive = gnuTar([`--format=${format}`, '--sort=name', '-cf', '-', 'dir'], { cwd: folder });
    const seen = await seenByPackage(archive);
    expect(seen.length).toBeGreaterThan(PLAIN.length);
    expect(seen).toEqual(await seenHere(archive));
  });
});

const PYTHON = `
import io, json, sys, tarfile
result = []
with tarfile.open(fileobj=io.BytesIO(sys.stdin.buffer.read())) as archive:
    for m in archive:
        data = archive.extractfile(m).read().hex() if m.isreg() else ''
        raw = lambda s: s.encode('utf-8', 'surrogateescape').decode('latin1')
        result.append([raw(m.name), m.type.decode(), m.mode, m.uid, m.gid, raw(m.linkname), m.size, data])
print(json.dumps(result))
`;

// Python is no requirement of the project: where it is missing, GNU tar and the tar package still check the same.
describe.skipIf(spawnSync('python3', ['--version']).status !== 0)('tarfile of Python', () => {
  it('sees in our archives what we wrote, raw names and holes too', async () => {
    const holes = [
      { offset: 0, length: 5000 },
      { offset: 5003, length: 100 },
    ];
    const sparse: TarMember = { entry: entryOf('sparse', { size: 5103, holes }), content: [Buffer.from('abc')] };
    const rawName = { ...fileOf('', Buffer.from('r')), entry: entryOf('', { path: raw('\xff\n'), size: 1 }) };
    const members = [...PLAIN, sparse, rawName];
    const input = (await archiveOf(members)).bytes;
    const seen = JSON.parse(execFileSync('python3', ['-c', PYTHON], { input, encoding: 'utf8' }));
    const expected = await Promise.all(
      members.map(async ({ entry, content }) => [
        entry.path,
        entry.hardlink !== undefined ? '1' : ({ directory: '5', symlink: '2' }[entry.type as string] ?? '0'),
        entry.mode,
        entry.uid,
        entry.gid,
        entry.hardlink ?? entry.target ?? '',
        entry.size,
        entry.hardlink !== undefined
          ? ''
          : withHoles(entry, Buffer.concat(await Array.fromAsync(content ?? []))).toString('hex'),
      ]),
    );
    expect(seen).toEqual(expected);
  });
});
