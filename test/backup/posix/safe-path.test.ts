import fs from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { lastName, parentPath, SafePath } from '../../../src/backup/posix/safe-path.ts';
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

describe('paths', () => {
  it.each([
    ['a/b/c', 'a/b', 'c'],
    ['a', '', 'a'],
    ['', '', ''],
  ])('%j is %j and %j', (path, parent, name) => {
    expect([parentPath(path), lastName(path)]).toEqual([parent, name]);
  });
});

describe.each(IMPLEMENTATIONS)('safe paths, %s', (_, posix) => {
  const sandbox = useSandbox(posix);
  const deepPath = Array.from({ length: 300 }, (_value, i) => `${i}-${'d'.repeat(40)}`);

  it('make missing folders and find them again', () => {
    const safe = new SafePath(posix, sandbox.dir);
    writeFile(posix, safe.ensureDirectory('a/b/c', 0o755), bytes('file'), 'in c');
    writeFile(posix, safe.ensureDirectory('a/d', 0o700), bytes('file'), 'in d');
    writeFile(posix, safe.ensureDirectory('', 0o755), bytes('file'), 'in the root');
    expect(readFile(posix, safe.directory('a/b/c'), bytes('file'))).toBe('in c');
    expect(fs.readFileSync(join(sandbox.path, 'a/d/file'), 'utf8')).toBe('in d');
    expect(fs.readFileSync(join(sandbox.path, 'file'), 'utf8')).toBe('in the root');
    expect(fs.statSync(join(sandbox.path, 'a/d')).mode & 0o777).toBe(0o700);
    safe.close();
  });

  it('open nothing again for the same folder, and one folder for a neighbour', () => {
    const opened: string[] = [];
    const counting = withCalls(posix, {
      openDirectory: (dir, name) => {
        opened.push(name);
        return posix.openDirectory(dir, name);
      },
    });
    fs.mkdirSync(join(sandbox.path, 'a/b/c'), { recursive: true });
    fs.mkdirSync(join(sandbox.path, 'a/b/d'), { recursive: true });
    const safe = new SafePath(counting, sandbox.dir);
    expect(safe.directory('a/b/c')).toBe(safe.directory('a/b/c'));
    safe.directory('a/b/d');
    safe.directory('a');
    expect(opened).toEqual(['a', 'b', 'c', 'd']);
    safe.close();
  });

  it.each(['..', 'a/../b', '/a', 'a//b', 'a/', './a', 'a/\0'])('refuse %j', (path) => {
    fs.mkdirSync(join(sandbox.path, 'a'));
    const safe = new SafePath(posix, sandbox.dir);
    expect(codeOf(() => safe.directory(path))).toBe('refused');
    expect(codeOf(() => safe.ensureDirectory(path, 0o755))).toBe('refused');
    safe.close();
    expect(fs.readdirSync(join(sandbox.path, 'a'))).toEqual([]);
  });

  it('follow no link, first, last or in between', () => {
    fs.mkdirSync(join(sandbox.path, 'real/inner'), { recursive: true });
    fs.symlinkSync('real', join(sandbox.path, 'link'));
    fs.symlinkSync('inner', join(sandbox.path, 'real/link'));
    const safe = new SafePath(posix, sandbox.dir);
    for (const path of ['link', 'link/inner', 'real/link', 'real/link/new']) {
      expect(codeOf(() => safe.directory(path))).toBe('ENOTDIR');
      expect(codeOf(() => safe.ensureDirectory(path, 0o755))).toBe('ENOTDIR');
    }
    expect(posix.names(safe.directory('real'))).toHaveLength(2);
    safe.close();
  });

  it.each([1, 3, 64])('go 13,000 bytes deep and back with %d descriptors', (maxOpen) => {
    const before = openDescriptors();
    const safe = new SafePath(posix, sandbox.dir, maxOpen);
    const bottom = deepPath.join('/');
    writeFile(posix, safe.ensureDirectory(bottom, 0o755), bytes('file'), 'at the bottom');
    expect(openDescriptors() - before).toBe(maxOpen);
    for (let depth = deepPath.length; depth >= 0; depth -= 7) {
      const path = deepPath.slice(0, depth).join('/');
      expect(posix.names(safe.directory(path))).toEqual([deepPath[depth] ?? 'file']);
      expect(openDescriptors() - before).toBeLessThanOrEqual(maxOpen);
    }
    expect(readFile(posix, safe.directory(bottom), bytes('file'))).toBe('at the bottom');
    safe.close();
    expect(openDescriptors()).toBe(before);
  });

  it('hold nothing open after a failure on the way back up', () => {
    const before = openDescriptors();
    const safe = new SafePath(posix, sandbox.dir, 2);
    safe.ensureDirectory('a/b/c/d/e', 0o755);
    fs.renameSync(join(sandbox.path, 'a/b'), join(sandbox.path, 'moved'));
    expect(codeOf(() => safe.directory('a/b/c'))).toBe('ENOENT');
    expect(codeOf(() => safe.directory('a/b/c'))).toBe('ENOENT');
    expect(posix.names(safe.directory('a'))).toEqual([]);
    safe.close();
    expect(openDescriptors()).toBe(before);
  });

  it('see a replaced folder once they were told to forget it', () => {
    const safe = new SafePath(posix, sandbox.dir);
    const old = posix.status(safe.ensureDirectory('a/b/c', 0o755)).ino;
    fs.renameSync(join(sandbox.path, 'a/b'), join(sandbox.path, 'a/b2'));
    fs.mkdirSync(join(sandbox.path, 'a/b/c'), { recursive: true });
    expect(posix.status(safe.directory('a/b/c')).ino).toBe(old);
    safe.forget(bytes('a/b'));
    expect(posix.status(safe.directory('a/b/c')).ino).not.toBe(old);
    safe.forget(bytes(''));
    expect(posix.names(safe.directory('a')).sort()).toEqual(['b', 'b2']);
    safe.close();
  });
});

describe.each(IMPLEMENTATIONS)('an attacker who swaps a folder for a link, %s', (_, posix) => {
  const sandbox = useSandbox(posix);

  interface Result {
    escaped: number;
    swaps: number;
    written: number;
  }

  /** Swaps while `write` runs, until it is done; returns what arrived outside, how often it was swapped and how often written. */
  async function attack(write: (i: number) => void, done: (soFar: Result) => boolean): Promise<Result> {
    const outside = join(sandbox.path, 'outside');
    const root = join(sandbox.path, 'root');
    fs.mkdirSync(outside);
    fs.mkdirSync(join(root, 'folder'), { recursive: true });
    const swaps = new Int32Array(new SharedArrayBuffer(8));
    const attacker = new Worker(new URL('./swap-attacker.ts', import.meta.url), {
      workerData: { root, outside, swaps },
    });
    await new Promise((resolve) => attacker.once('online', resolve));
    const deadline = performance.now() + 10_000;
    let written = 0;
    const soFar = () => ({ escaped: fs.readdirSync(outside).length, swaps: Atomics.load(swaps, 0), written });
    for (let i = 0; performance.now() < deadline; i++) {
      try {
        write(i);
        written++;
      } catch {
        // The folder is away or a link at this moment: the attack, seen.
      }
      if (i % 100 === 0 && done(soFar())) break;
    }
    Atomics.store(swaps, 1, 1);
    await new Promise((resolve) => attacker.once('exit', resolve));
    return soFar();
  }

  it('gets files by plain paths: the attack works', async () => {
    const result = await attack(
      (i) => fs.writeFileSync(join(sandbox.path, 'root/folder', String(i)), '', { flag: 'wx' }),
      ({ escaped }) => escaped > 0,
    );
    expect(result.escaped).toBeGreaterThan(0);
  });

  it('gets no file by safe paths', async () => {
    const safe = new SafePath(posix, sandbox.dir);
    const result = await attack(
      (i) => {
        safe.forget(bytes('root/folder'));
        writeFile(posix, safe.ensureDirectory('root/folder', 0o755), bytes(String(i)), '');
      },
      (soFar) => soFar.swaps > 300 && soFar.written > 1500,
    );
    safe.close();
    expect(result.swaps).toBeGreaterThan(300);
    expect(result.written).toBeGreaterThan(1500);
    expect(result.escaped).toBe(0);
  });
});
