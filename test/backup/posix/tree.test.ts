import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SafePath } from '../../../src/backup/posix/safe-path.ts';
import { removeTree } from '../../../src/backup/posix/tree.ts';
import {
  bytes,
  codeOf,
  IMPLEMENTATIONS,
  isRoot,
  openDescriptors,
  unprivileged,
  useSandbox,
  withCalls,
} from './sandbox.ts';

describe.each(IMPLEMENTATIONS)('removing a tree, %s', (_, posix) => {
  const sandbox = useSandbox(posix);
  const tree = bytes('tree');
  const at = (...names: string[]) => join(sandbox.path, ...names);

  it('takes everything in it and nothing that its links point to', () => {
    fs.mkdirSync(at('outside'));
    fs.writeFileSync(at('outside/kept'), '');
    fs.mkdirSync(at('tree/a/b'), { recursive: true });
    fs.writeFileSync(Buffer.concat([Buffer.from(at('tree/a/b/')), Buffer.from([0xff, 0x0a])]), '');
    fs.symlinkSync('../../outside', at('tree/a/link'));
    fs.symlinkSync('../outside/kept', at('tree/link'));
    const before = openDescriptors();
    removeTree(posix, sandbox.dir, tree);
    expect(fs.readdirSync(sandbox.path)).toEqual(['outside']);
    expect(fs.readdirSync(at('outside'))).toEqual(['kept']);
    expect(openDescriptors()).toBe(before);
  });

  it('takes a single file, a link to a folder, and absence', () => {
    fs.mkdirSync(at('outside'));
    fs.writeFileSync(at('tree'), '');
    removeTree(posix, sandbox.dir, tree);
    fs.symlinkSync('outside', at('tree'));
    removeTree(posix, sandbox.dir, tree);
    removeTree(posix, sandbox.dir, tree);
    expect(fs.readdirSync(sandbox.path)).toEqual(['outside']);
  });

  it('takes a tree of 500 levels with a few descriptors, whatever is called like its own helpers', () => {
    const names = Array.from({ length: 500 }, (_value, i) => (i % 100 === 0 ? '.removing-1' : `level-${i}`));
    const safe = new SafePath(posix, sandbox.dir, 8);
    safe.ensureDirectory(['tree', '.removing-2', ...names].join('/'), 0o755);
    safe.ensureDirectory(['tree', ...names].join('/'), 0o755);
    safe.close();
    const before = openDescriptors();
    let most = 0;
    const counting = withCalls(posix, {
      removeDirectory: (dir, name) => {
        most = Math.max(most, openDescriptors() - before);
        posix.removeDirectory(dir, name);
      },
    });
    removeTree(counting, sandbox.dir, tree);
    expect(fs.readdirSync(sandbox.path)).toEqual([]);
    expect(most).toBeLessThan(40);
  });

  it('opens up own folders that forbid it', () => {
    if (isRoot) fs.chmodSync(sandbox.path, 0o777);
    unprivileged(() => {
      fs.mkdirSync(at('tree/unreadable/inner'), { recursive: true });
      fs.mkdirSync(at('tree/unwritable'));
      for (const name of ['unreadable/inner/file', 'unwritable/file']) fs.writeFileSync(at('tree', name), '');
      fs.chmodSync(at('tree/unreadable/inner'), 0);
      fs.chmodSync(at('tree/unreadable'), 0o111);
      fs.chmodSync(at('tree/unwritable'), 0o555);
      removeTree(posix, sandbox.dir, tree);
    });
    expect(fs.readdirSync(sandbox.path)).toEqual([]);
  });

  it.runIf(isRoot)('removes what it may and reports the rest', () => {
    fs.chmodSync(sandbox.path, 0o777);
    unprivileged(() => fs.mkdirSync(at('tree')));
    fs.mkdirSync(at('tree/foreign'));
    fs.writeFileSync(at('tree/foreign/file'), '');
    unprivileged(() => {
      for (const name of ['a', 'z']) fs.writeFileSync(at('tree', name), '');
      expect(codeOf(() => removeTree(posix, sandbox.dir, tree))).toBe('EACCES');
    });
    expect(fs.readdirSync(at('tree'))).toEqual(['foreign']);
    expect(fs.readdirSync(at('tree/foreign'))).toEqual(['file']);
  });

  it('refuses to enter another file system', () => {
    fs.mkdirSync(at('tree/mounted/inner'), { recursive: true });
    const ino = fs.statSync(at('tree/mounted'), { bigint: true }).ino;
    const withMount = withCalls(posix, {
      status: (fd) => {
        const status = posix.status(fd);
        return status.ino === ino ? { ...status, dev: status.dev + 1 } : status;
      },
    });
    expect(codeOf(() => removeTree(withMount, sandbox.dir, tree))).toBe('refused');
    expect(fs.existsSync(at('tree/mounted/inner'))).toBe(true);
  });
});
