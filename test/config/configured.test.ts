import { mkdirSync, mkdtempSync, realpathSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createConfigured } from '../../src/config/configured.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-configured-')));
const at = (path: string): string => join(folder, path);
for (const name of ['restored', 'outside', 'data']) mkdirSync(at(name));
symlinkSync(at('outside'), at('restored/link'));

const source = (name: string, more = {}) => ({ name, paths: [at(name)], exclude: [], protected: false, ...more });
const configured = createConfigured({
  file: at('holdfast.yaml'),
  sources: [source('data'), source('guarded', { protected: true })],
  restoreRoots: [at('restored'), at('second')],
});

describe('what a chat may restore into', () => {
  it.each([
    { given: at('restored'), is: 'restored' },
    { given: at('restored/new/folder'), is: 'restored/new/folder' },
    { given: 'copy', is: 'restored/copy' },
    { given: './restored/copy', is: 'restored/copy' },
    { given: 'second/copy', is: 'second/copy' },
  ])('is $given', async ({ given, is }) => {
    expect(await configured.restoreFolder(given)).toBe(at(is));
  });

  it.each([
    '/etc',
    at('outside'),
    at('data'),
    at('restored/../outside'),
    at('restoredx'),
    '../..',
    at('restored/link'),
    at('restored/link/deep/below'),
  ])('is not %s', async (given) => {
    await expect(configured.restoreFolder(given)).rejects.toMatchObject({ code: 'refused' });
  });

  it('is nothing where no root is configured', async () => {
    const none = createConfigured({ file: at('holdfast.yaml'), sources: [], restoreRoots: [] });
    await expect(none.restoreFolder('x')).rejects.toMatchObject({ advice: expect.stringContaining('restoreRoots') });
  });
});

describe('where a backup came from', () => {
  it('is good when it belongs to a source or a restore root', () => {
    expect(() => configured.requireOrigin([at('data'), at('guarded/sub'), at('restored/copy')])).not.toThrow();
  });

  it.each([[[at('outside')]], [[at('data'), '/etc']], [[]]])('is refused when it is %j', (paths) => {
    expect(() => configured.requireOrigin(paths)).toThrow('belongs to no configured source');
  });
});

describe('protection', () => {
  it.each([
    { paths: [at('guarded')], is: true },
    { paths: [at('guarded/sub')], is: true },
    { paths: [folder], is: true },
    { paths: [at('data'), at('guarded')], is: true },
    { paths: [at('data')], is: false },
    { paths: [at('guardedx')], is: false },
  ])('of $paths is $is', ({ paths, is }) => {
    expect(configured.isProtected(paths)).toBe(is);
  });
});
