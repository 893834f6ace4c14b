import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { openPosix } from '../../../src/backup/posix/open-posix.ts';
import type { Posix } from '../../../src/backup/posix/posix.ts';
import type { ByteString } from '../../../src/shared/bytes.ts';
import { encodeText } from '../../../src/shared/bytes.ts';

export const isRoot = process.getuid?.() === 0;

/** Both implementations, for describe.each. */
export const IMPLEMENTATIONS: [string, Posix][] = [
  ['native', openPosix()],
  ['fallback', openPosix({ native: 'off' })],
];

export interface Sandbox {
  /** An empty folder, and its open descriptor. */
  path: string;
  dir: number;
}

/** A fresh folder for each test of the calling suite. */
export function useSandbox(posix: Posix): Sandbox {
  const sandbox: Sandbox = { path: '', dir: -1 };
  beforeEach(() => {
    sandbox.path = fs.mkdtempSync(join(tmpdir(), 'holdfast-posix-'));
    fs.chmodSync(sandbox.path, 0o755);
    sandbox.dir = posix.openRoot(encodeText(sandbox.path));
  });
  afterEach(() => {
    posix.close(sandbox.dir);
    // Not by the code under test, and not by Node, which fails on very long paths.
    execFileSync('rm', ['-rf', sandbox.path]);
  });
  return sandbox;
}

export function bytes(text: string): ByteString {
  return encodeText(text);
}

/** The code of what `call` throws, or undefined when it does not. */
export function codeOf(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code;
  }
}

/** A new file with this content. */
export function writeFile(posix: Posix, dir: number, name: ByteString, content: string): void {
  const fd = posix.createFile(dir, name, 0o644);
  try {
    fs.writeSync(fd, content);
  } finally {
    posix.close(fd);
  }
}

export function readFile(posix: Posix, dir: number, name: ByteString): string {
  const fd = posix.openForReading(dir, name);
  try {
    return fs.readFileSync(fd, 'utf8');
  } finally {
    posix.close(fd);
  }
}

/** Runs `call` as an ordinary user; a test that runs as one already needs nothing. */
export function unprivileged(call: () => void): void {
  if (isRoot) process.seteuid?.(65534);
  try {
    call();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

/** The implementation with some of its calls replaced. */
export function withCalls(posix: Posix, calls: Partial<Posix>): Posix {
  return new Proxy(posix, {
    get: (target, key) => {
      const value = Reflect.get(calls, key) ?? Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

export function openDescriptors(): number {
  return fs.readdirSync('/proc/self/fd').length;
}
