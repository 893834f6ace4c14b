import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { installCommands, missingPackages } from '../../tools/prepare/system-packages.mjs';

const list = [
  { command: 'getfacl', package: 'acl', reason: 'x' },
  { command: 'zstd', package: 'zstd', reason: 'x' },
];

describe('the system packages of the tests', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-tools-'));
    writeFileSync(join(folder, 'zstd'), '');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('are missing when their command is in no folder of the PATH', () => {
    expect(missingPackages(list, ['/nonexistent', folder]).map((item) => item.package)).toEqual(['acl']);
    expect(missingPackages(list, []).map((item) => item.package)).toEqual(['acl', 'zstd']);
  });

  it('are installed by name and without questions', () => {
    expect(installCommands(['acl', 'zstd']).map((words) => words.join(' '))).toEqual([
      'apt-get update -q',
      'env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends acl zstd',
    ]);
  });
});
