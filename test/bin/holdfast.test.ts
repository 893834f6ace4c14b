import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const launcher = join(root, 'bin/holdfast');

/** Shows what the launcher hands on: arguments, folder, Node, flags; or ends as the first argument says. */
const PROBE = `
const [first] = process.argv.slice(2);
if (first === 'exit') process.exit(13);
if (first === 'kill') process.kill(process.pid, 'SIGTERM');
else console.log(JSON.stringify({
  args: process.argv.slice(2), folder: process.cwd(), node: process.version, flags: process.execArgv,
  arenas: process.env.MALLOC_ARENA_MAX, cacheVariable: process.env.NODE_COMPILE_CACHE ?? null,
}));
`;

describe('bin/holdfast', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-bin-'));
    for (const name of ['bin', 'src', 'with space']) mkdirSync(join(folder, name));
    for (const name of ['holdfast', 'launch.mjs']) copyFileSync(join(root, 'bin', name), join(folder, 'bin', name));
    chmodSync(join(folder, 'bin/holdfast'), 0o755);
    writeFileSync(join(folder, 'src/main.ts'), PROBE);
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const install = () => {
    mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true });
    symlinkSync(process.execPath, join(folder, 'node_modules/.bin/node'));
  };
  const run = (command: string, args: string[], env: NodeJS.ProcessEnv = process.env) =>
    spawnSync(command, args, { cwd: join(folder, 'with space'), encoding: 'utf8', env });

  it('prints the version of the package', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(run(launcher, ['--version']).stdout).toBe(`${version}\n`);
  });

  it('hands arguments on unchanged, in the folder of the caller, through links to links', () => {
    install();
    symlinkSync('../bin/holdfast', join(folder, 'with space/first'));
    symlinkSync('first', join(folder, 'with space/second'));
    const args = ['a b', '', '*', '--max-old-space-size=1', '$HOME', 'new\nline', "it's"];
    const seen = JSON.parse(run('./second', args).stdout);
    expect(seen).toMatchObject({ args, folder: join(folder, 'with space'), node: process.version });
  });

  it('sets the memory flags once, and leaves no cache variable for child processes', () => {
    install();
    const seen = JSON.parse(run(join(folder, 'bin/holdfast'), []).stdout);
    expect(seen).toMatchObject({ arenas: expect.stringMatching(/^[1-9]$/), cacheVariable: null });
    expect(seen.flags).toContainEqual(expect.stringContaining('--max-semi-space-size='));
  });

  it('passes the exit status and signals through', () => {
    install();
    expect(run(join(folder, 'bin/holdfast'), ['exit']).status).toBe(13);
    expect(run(join(folder, 'bin/holdfast'), ['kill']).signal).toBe('SIGTERM');
  });

  it('says what to run when the dependencies are missing', () => {
    const result = run(join(folder, 'bin/holdfast'), []);
    expect(result.status).toBe(2);
    expect(result.stderr).toContain(`the dependencies are not installed in ${folder}: run 'npm ci' there`);
  });

  it('refuses a Node that is too old', () => {
    mkdirSync(join(folder, 'node_modules'));
    mkdirSync(join(folder, 'old'));
    writeFileSync(join(folder, 'old/node'), '#!/bin/sh\n[ "$1" = --version ] && echo v20.1.0\nexit 1\n', {
      mode: 0o755,
    });
    const result = run(join(folder, 'bin/holdfast'), [], { PATH: `${join(folder, 'old')}:/usr/bin:/bin` });
    expect(result.status).toBe(2);
    expect(result.stderr).toContain('Node 24 or newer is needed');
    expect(result.stderr).toContain('v20.1.0');
  });
});
