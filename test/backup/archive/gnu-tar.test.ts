import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Entry } from '../../../src/backup/entry.ts';
import type { ObservedFile } from './helpers/gnu-tar.ts';
import { canCompareTrees, EXTRACT_ALL, gnuTar, observe, temporaryFolder } from './helpers/gnu-tar.ts';
import { archiveOf, fileOf, membersOf } from './helpers/members.ts';
import { expectedFiles, sampleTree } from './helpers/sample-tree.ts';

const byPath = <T extends { path: string }>(list: readonly T[]) => list.toSorted((a, b) => (a.path < b.path ? -1 : 1));

async function extracted(): Promise<string> {
  const folder = join(temporaryFolder(), 'tree');
  mkdirSync(folder);
  gnuTar(EXTRACT_ALL, { cwd: folder, input: (await archiveOf(sampleTree())).bytes });
  return folder;
}

// Says so in the report where a machine lacks root, GNU tar or Python; the project's own test machine has all three.
describe.skipIf(!canCompareTrees)('GNU tar and this codec', () => {
  it('agree: what is written here is extracted exactly by GNU tar', async () => {
    const found = observe(await extracted());
    expect(byPath(found)).toEqual(byPath(await expectedFiles(sampleTree())));
  });

  it('agree on names longer than a path may be', async () => {
    const name = Array.from({ length: 30 }, () => 'n'.repeat(200)).join('/');
    const { bytes } = await archiveOf([fileOf(name, Buffer.from('x'))]);
    expect(gnuTar(['-tf', '-'], { cwd: '/', input: bytes }).toString()).toBe(`${name}\n`);
  });

  const attributes = ['--xattrs', '--xattrs-include=*', '--acls'];
  it.each([
    { format: ['--format=pax', ...attributes, '-S'], holes: true, exact: true },
    { format: ['--format=pax', ...attributes, '--sparse-version=0.0'], holes: true, exact: true },
    { format: ['--format=pax', ...attributes, '--sparse-version=0.1'], holes: true, exact: true },
    { format: ['--format=pax', ...attributes, '--numeric-owner'], holes: false, exact: true },
    { format: ['--format=gnu', '-S'], holes: true, exact: false },
    { format: ['--format=gnu'], holes: false, exact: false },
    { format: ['--format=oldgnu', '-S'], holes: true, exact: false },
  ])('agree: what GNU tar writes with $format is read exactly here', async ({ format, holes, exact }) => {
    const folder = await extracted();
    const archive = gnuTar([...format, '--sort=name', '-cf', '-', '.'], { cwd: folder });
    const { members, warnings } = await membersOf(archive);
    expect(warnings).toEqual([]);
    const asRead = members.map(({ entry, data }) => ({ entry: bare(entry), content: [data] }));
    const expected = (await expectedFiles(sampleTree())).map((file) => ({
      ...asGnuTarStores(file),
      holes: holes || file.holes === undefined ? file.holes : [],
      mtimeNs: exact ? file.mtimeNs : wholeSeconds(file.mtimeNs),
      xattrs: exact ? file.xattrs : {},
    }));
    expect(byPath(await expectedFiles(asRead))).toEqual(byPath(expected));
  });

  it.each(['ustar', 'v7'])('agree: what GNU tar writes with --format=%s is read exactly here', async (format) => {
    const folder = await extracted();
    const names = ['a first', 'linked', 'empty folder', 'setuid', 'link absolute', 'n'.repeat(90), 'sparse middle'];
    gnuTar(['-xf', '-'], { cwd: folder, input: (await archiveOf([fileOf('n'.repeat(90), Buffer.from('90'))])).bytes });
    const archive = gnuTar([`--format=${format}`, '--owner=someone:1000', '--group=team:100', '-cf', '-', ...names], {
      cwd: folder,
    });
    const { members, warnings } = await membersOf(archive);
    const read = members.map(({ entry, data }) => ({ entry: bare(entry), content: [data] }));
    const seen = observe(folder).filter(({ path }) => names.includes(path));
    const expected = seen.map((file) => ({
      ...file,
      ...(file.holes === undefined ? {} : { holes: [] }),
      mtimeNs: wholeSeconds(file.mtimeNs),
    }));
    expect(warnings).toEqual([]);
    expect(byPath(await expectedFiles(read))).toEqual(byPath(expected));
    const first = members.find(({ entry }) => entry.path === 'a first')?.entry;
    expect([first?.user, first?.group]).toEqual(format === 'ustar' ? ['someone', 'team'] : [undefined, undefined]);
  });

  it('agree on names that ustar splits into prefix and name', async () => {
    const folder = temporaryFolder();
    const name = `${'p'.repeat(120)}/${'n'.repeat(90)}`;
    gnuTar(['-xf', '-'], { cwd: folder, input: (await archiveOf([fileOf(name, Buffer.from('x'))])).bytes });
    const { members } = await membersOf(gnuTar(['--format=ustar', '-cf', '-', name], { cwd: folder }));
    expect(members.map(({ entry }) => entry.path)).toEqual([name]);
  });

  it('agree on a volume label, a multi-part name and the folders of an incremental archive', async () => {
    const folder = await extracted();
    const args = [
      '--format=gnu',
      `--listed-incremental=${join(temporaryFolder(), 'list')}`,
      '-V',
      'label',
      '-cf',
      '-',
      'default-acl',
    ];
    const { members, warnings } = await membersOf(gnuTar(args, { cwd: folder }));
    expect(warnings).toEqual([]);
    expect(members.map(({ entry }) => [entry.path, entry.type])).toEqual([
      ['default-acl', 'directory'],
      ['default-acl/inherits nothing', 'file'],
    ]);
  });
});

const SECOND = 1_000_000_000n;
const wholeSeconds = (ns: string) => String(BigInt(ns) - (((BigInt(ns) % SECOND) + SECOND) % SECOND));

/** GNU tar stores every name of a FIFO as a FIFO of its own. */
function asGnuTarStores(file: ObservedFile): ObservedFile {
  const { hardlink, ...alone } = file;
  return hardlink === 'fifo' ? alone : file;
}

/** Leaves out what an observer does not see. */
const bare = ({ user: _user, group: _group, ...entry }: Entry): Entry => entry;
