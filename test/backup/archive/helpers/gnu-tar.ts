import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

function works(command: string, args: readonly string[], expected: RegExp): boolean {
  const { stdout, status } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 && expected.test(stdout);
}

/** Owners, devices and trusted attributes need root; the rest of the comparison would say nothing without them. */
export const canCompareTrees =
  process.getuid?.() === 0 &&
  works('tar', ['--version'], /GNU tar/) &&
  works('python3', ['-c', 'import os; print(os.listxattr and os.SEEK_HOLE)'], /\d/);

/** Runs GNU tar and gives its standard output. */
export function gnuTar(args: readonly string[], options: { cwd: string; input?: Buffer }): Buffer {
  return execFileSync('tar', args, {
    ...options,
    env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
    maxBuffer: 1 << 30,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

export const EXTRACT_ALL = ['--xattrs', '--xattrs-include=*', '--acls', '--numeric-owner', '-S', '-xpf', '-'];

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-archive-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface ObservedFile {
  path: string;
  mode: number;
  uid: number;
  gid: number;
  mtimeNs: string;
  size: number;
  sha256?: string;
  holes?: [offset: number, length: number][];
  target?: string;
  device?: [major: number, minor: number];
  /** The first path in byte order of its hard-link group, when that is another. */
  hardlink?: string;
  xattrs: Record<string, string>;
}

/** What a folder really holds, seen by a program that shares no code with this one. Paths are raw bytes as latin1. */
const OBSERVER = `
import hashlib, json, os, stat, sys
root = os.fsencode(sys.argv[1]); found = []; first = {}
def text(b): return b.decode('latin1')
def holes(path, size):
    fd = os.open(path, os.O_RDONLY); result = []; at = 0
    while at < size:
        try: data = os.lseek(fd, at, os.SEEK_DATA)
        except OSError: data = size
        if data > at: result.append([at, data - at])
        if data >= size: break
        at = os.lseek(fd, data, os.SEEK_HOLE)
    os.close(fd); return result
def visit(path, name):
    s = os.lstat(path); e = dict(path=text(name), mode=s.st_mode, uid=s.st_uid, gid=s.st_gid, mtimeNs=str(s.st_mtime_ns), size=0)
    e['xattrs'] = {text(os.fsencode(n)): os.getxattr(path, n, follow_symlinks=False).hex() for n in os.listxattr(path, follow_symlinks=False) if n != 'security.selinux'}
    if stat.S_ISREG(s.st_mode):
        e['size'] = s.st_size; e['sha256'] = hashlib.sha256(open(path, 'rb').read()).hexdigest(); e['holes'] = holes(path, s.st_size)
    if stat.S_ISLNK(s.st_mode): e['target'] = text(os.readlink(path))
    if stat.S_ISCHR(s.st_mode) or stat.S_ISBLK(s.st_mode): e['device'] = [os.major(s.st_rdev), os.minor(s.st_rdev)]
    if not stat.S_ISDIR(s.st_mode):
        if s.st_ino in first: e['hardlink'] = first[s.st_ino]
        first.setdefault(s.st_ino, text(name))
    found.append(e)
    if stat.S_ISDIR(s.st_mode):
        for child in sorted(os.listdir(path)): visit(path + b'/' + child, name + b'/' + child if name else child)
visit(root, b''); print(json.dumps(found))
`;

export function observe(folder: string): ObservedFile[] {
  const json = execFileSync('python3', ['-c', OBSERVER, folder], { encoding: 'utf8', maxBuffer: 1 << 28 });
  return JSON.parse(json) as ObservedFile[];
}
