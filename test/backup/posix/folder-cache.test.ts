import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FolderCache } from '../../../src/backup/posix/folder-cache.ts';
import {
  bytes,
  codeOf,
  IMPLEMENTATIONS,
  openDescriptors,
  readFile,
  useSandbox,
  withCalls,
  writeFile,
} from './sandbox.ts';

describe.each(IMPLEMENTATIONS)('cached folders, %s', (_, posix) => {
  const sandbox = useSandbox(posix);

  it('are made where they are missing, and found again', () => {
    const folders = new FolderCache(posix, sandbox.dir, 16);
    writeFile(posix, folders.ensureDirectory('a/b/c', 0o755), bytes('file'), 'in c');
    writeFile(posix, folders.ensureDirectory('a/d', 0o700), bytes('file'), 'in d');
    writeFile(posix, folders.ensureDirectory('', 0o755), bytes('file'), 'in the root');
    expect(readFile(posix, folders.directory('a/b/c'), bytes('file'))).toBe('in c');
    expect(fs.readFileSync(join(sandbox.path, 'a/d/file'), 'utf8')).toBe('in d');
    expect(fs.readFileSync(join(sandbox.path, 'file'), 'utf8')).toBe('in the root');
    expect(fs.statSync(join(sandbox.path, 'a/d')).mode & 0o777).toBe(0o700);
    expect(codeOf(() => folders.directory('a/missing'))).toBe('ENOENT');
    folders.close();
  });

  it('are opened once, in whatever order they are asked for', () => {
    const opened: string[] = [];
    const counting = withCalls(posix, {
      openDirectory: (dir, name) => {
        opened.push(name);
        return posix.openDirectory(dir, name);
      },
    });
    for (const path of ['a/b', 'a/c', 'd']) fs.mkdirSync(join(sandbox.path, path), { recursive: true });
    const folders = new FolderCache(counting, sandbox.dir, 16);
    for (let round = 0; round < 3; round++) for (const path of ['a/b', 'd', 'a/c', 'a']) folders.directory(path);
    expect(opened).toEqual(['a', 'b', 'd', 'c']);
    folders.close();
  });

  it('hold no more descriptors than they may, and none once they are closed', () => {
    const before = openDescriptors();
    const folders = new FolderCache(posix, sandbox.dir, 4);
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 30; i++) folders.ensureDirectory(`${i}/in`, 0o755);
      expect(openDescriptors() - before).toBeLessThanOrEqual(4);
    }
    folders.close();
    expect(openDescriptors()).toBe(before);
  });

  it('may lie deeper than a path can be long', () => {
    const before = openDescriptors();
    const folders = new FolderCache(posix, sandbox.dir, 4);
    const path = Array.from({ length: 300 }, (_value, i) => `${i}-${'d'.repeat(40)}`).join('/');
    writeFile(posix, folders.ensureDirectory(path, 0o755), bytes('file'), 'deep');
    folders.ensureDirectory('elsewhere', 0o755);
    expect(readFile(posix, folders.directory(path), bytes('file'))).toBe('deep');
    expect(openDescriptors() - before).toBeLessThanOrEqual(8);
    folders.close();
  });

  it('are never reached through a link', () => {
    fs.mkdirSync(join(sandbox.path, 'real'));
    fs.symlinkSync('real', join(sandbox.path, 'link'));
    const folders = new FolderCache(posix, sandbox.dir, 4);
    expect(codeOf(() => folders.ensureDirectory('link/below', 0o755))).toMatch(/ELOOP|ENOTDIR/);
    expect(fs.readdirSync(join(sandbox.path, 'real'))).toEqual([]);
    folders.close();
  });
});
