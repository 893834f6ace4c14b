import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openPosix } from '../../../../src/backup/posix/open-posix.ts';
import { program } from '../../../helpers/holdfast-process.ts';
import { createQuickRepository } from '../../../helpers/quick-repository.ts';
import { compareTrees } from '../../../helpers/tree/compare-trees.ts';
import { readTree } from '../../../helpers/tree/read-tree.ts';
import { isRoot } from '../../../helpers/tree/sample-tree.ts';
import { TreeMaker } from '../../../helpers/tree/tree-maker.ts';
import { xattr } from '../../../helpers/tree/xattr-values.ts';

// Processes, threads and thousands of files take their time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const NOBODY = 65_534;
let root: string;
let repository: string;
let make: TreeMaker;
const posix = openPosix();

/** Runs the command line as a user without rights. */
function asNobody(...words: string[]): { status: number | null; result: Record<string, never>; messages: string } {
  const env = {
    PATH: process.env.PATH,
    HOLDFAST_REPO: repository,
    HOLDFAST_PASSWORD: 'x',
    HOLDFAST_STATE_DIR: join(root, 'own', 'state'),
    HOME: join(root, 'own'),
  };
  const run = spawnSync(program, ['--json', ...words], { env, uid: NOBODY, gid: NOBODY, encoding: 'utf8', cwd: root });
  expect(run.stderr).not.toMatch(/\n\s+at /);
  return { status: run.status, result: JSON.parse(run.stdout || '{}'), messages: run.stderr };
}

/** A checkout may lie where others may not go. */
const canRun = isRoot && spawnSync(program, ['--version'], { uid: NOBODY, gid: NOBODY }).status === 0;

describe.skipIf(!canRun)('a user without rights', () => {
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'holdfast-nobody-'));
    chmodSync(root, 0o755);
    make = new TreeMaker(posix, root);
    make.folder('own', { uid: NOBODY, gid: NOBODY });
    repository = join(root, 'own', 'quick');
    await createQuickRepository(repository, 'x');
    execFileSync('chown', ['-R', `${NOBODY}:${NOBODY}`, repository]);
    make.file('source/open', 'x', { mode: 0o644 });
    make.file('source/closed', 'x', { mode: 0o600 });
    make.file('source/closed folder/inside', 'x');
    make.dress('source/closed folder', { mode: 0o700 });
    make.file('passage/known/inside', 'x', { mode: 0o644 });
    make.file('passage/file', 'x', { mode: 0o644 });
    make.dress('passage', { mode: 0o711 });
  });

  afterAll(() => {
    execFileSync('rm', ['-rf', root]);
  });

  it('creates a repository', () => {
    const created = join(root, 'own', 'created');
    expect(asNobody('init', '--repo', created).status).toBe(0);
    expect(statSync(created).uid).toBe(NOBODY);
  });

  it('backs up what it may read, is told of the rest, and gets exit status 3', () => {
    const { status, result } = asNobody('backup', join(root, 'source'));
    expect(status).toBe(3);
    expect(result).toMatchObject({
      files: { new: 1 },
      directories: 2,
      warnings: expect.toSatisfy(
        (warnings: string[]) =>
          warnings.length === 2 &&
          warnings.every((text) => /^closed( folder)? could not be read \(EACCES\)/.test(text)),
      ),
    });
    expect(asNobody('ls', 'latest').result).toMatchObject({ entries: [{ path: 'closed folder' }, { path: 'open' }] });
  });

  it.each(['passage/known', 'passage/file'])(
    'backs up %s in a folder that it may pass through but not list',
    (path) => {
      const { status, result } = asNobody('backup', join(root, path));
      expect({ status, warnings: result.warnings }).toEqual({ status: 0, warnings: [] });
      expect(result).toMatchObject({ files: { new: 1 } });
    },
  );

  it.each(['source/closed', 'source/closed folder', 'source/closed folder/inside', 'passage'])(
    'makes no empty snapshot of %s, which it may not read',
    (path) => {
      const { status, result } = asNobody('backup', join(root, path));
      expect(status).toBe(1);
      expect(result).toMatchObject({ error: { code: 'permission', message: expect.stringContaining(path) } });
    },
  );

  it('says of a pattern file that it may not be read, and stores nothing', () => {
    writeFileSync(join(root, 'patterns'), 'x', { mode: 0o600 });
    const { status, result } = asNobody('backup', join(root, 'source'), '--exclude-file', join(root, 'patterns'));
    expect(status).toBe(1);
    expect(result).toMatchObject({ error: { code: 'permission', message: expect.stringContaining('EACCES') } });
  });

  it('leaves to root what only root sees, although nothing changed since', () => {
    make.file('shared/file', 'x', { mode: 0o644, xattrs: [xattr('trusted.file', 'x')] });
    make.file('shared/closed/inside', 'x');
    make.dress('shared/closed', { mode: 0o700, xattrs: [xattr('user.folder', 'x')] });
    const source = join(root, 'shared');
    const { status, result } = asNobody('backup', source);
    expect({ status, warnings: result.warnings }).toEqual({
      status: 3,
      warnings: ['closed could not be read (EACCES); not all of it is in this backup.'],
    });
    // From here on the repository holds objects that are root's.
    const env = {
      ...process.env,
      HOLDFAST_REPO: repository,
      HOLDFAST_PASSWORD: 'x',
      HOLDFAST_STATE_DIR: join(root, 'state'),
    };
    const to = join(root, 'restored');
    execFileSync(program, ['backup', source], { env, stdio: 'pipe' });
    execFileSync(program, ['restore', 'latest', '--to', to, '--apply'], { env, stdio: 'pipe' });
    expect(compareTrees(readTree(posix, source), readTree(posix, to))).toEqual([]);
  });
});
