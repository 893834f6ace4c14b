import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renameWithoutFlag } from '../../../src/backup/posix/rename-without-flag.ts';
import { systemError } from '../../../src/backup/posix/system-error.ts';
import { bytes, codeOf, IMPLEMENTATIONS, readFile, useSandbox, withCalls, writeFile } from './sandbox.ts';

describe.each(IMPLEMENTATIONS)('renaming without the flag and without hard links, %s', (_, posix) => {
  const sandbox = useSandbox(posix);
  const withoutLinks = withCalls(posix, {
    link: () => {
      throw systemError(1, 'linkat');
    },
  });
  const rename = () => renameWithoutFlag(withoutLinks, sandbox.dir, bytes('from'), sandbox.dir, bytes('to'));

  it('moves a file to a free name', () => {
    writeFile(posix, sandbox.dir, bytes('from'), 'content');
    rename();
    expect(posix.names(sandbox.dir)).toEqual(['to']);
    expect(readFile(posix, sandbox.dir, bytes('to'))).toBe('content');
  });

  it('leaves a taken name alone', () => {
    writeFile(posix, sandbox.dir, bytes('from'), 'new');
    fs.symlinkSync('nowhere', join(sandbox.path, 'to'));
    expect(codeOf(rename)).toBe('EEXIST');
    expect(posix.names(sandbox.dir).sort()).toEqual(['from', 'to']);
  });
});

describe('system errors', () => {
  it.each([
    [122, 'EDQUOT'],
    [95, 'ENOTSUP'],
    [11, 'EAGAIN'],
    [117, 'ERRNO_117'],
  ])('number %d has the code %s', (errno, code) => {
    expect(systemError(errno, 'write')).toMatchObject({ code, errno: -errno });
  });
});
