import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ALL_CAPABILITIES, lossesOf, PORTABLE_CAPABILITIES } from '../../../src/backup/posix/capabilities.ts';
import { nativeProblem, openPosix } from '../../../src/backup/posix/open-posix.ts';

describe('the implementation', () => {
  it('is native on this machine, with every capability', () => {
    expect(nativeProblem()).toBeUndefined();
    expect(openPosix().name).toBe('native');
    expect(lossesOf(openPosix().capabilities)).toEqual([]);
  });

  it('is the fallback when asked for', () => {
    expect(openPosix({ native: 'off' })).toMatchObject({ name: 'fallback', capabilities: PORTABLE_CAPABILITIES });
  });

  it('is the fallback where Node may load no add-ons, and says why', () => {
    const module = new URL('../../../src/backup/posix/open-posix.ts', import.meta.url).href;
    const script = `const m = await import('${module}'); console.log(m.openPosix().name + ': ' + m.nativeProblem());`;
    const output = execFileSync(process.execPath, ['--no-addons', '--input-type=module', '-e', script], {
      encoding: 'utf8',
      cwd: fileURLToPath(new URL('.', import.meta.url)),
    });
    expect(output).toMatch(/^fallback: .*(add-?on|native|koffi)/i);
  });

  it('refuses where there is no /proc to be safe with', () => {
    const platform = Object.getOwnPropertyDescriptor(process, 'platform') as PropertyDescriptor;
    Object.defineProperty(process, 'platform', { ...platform, value: 'darwin' });
    try {
      expect(() => openPosix()).toThrow(expect.objectContaining({ code: 'refused' }));
    } finally {
      Object.defineProperty(process, 'platform', platform);
    }
  });
});

describe('losses', () => {
  it('are one sentence for each capability whose absence a person would notice', () => {
    expect(lossesOf(PORTABLE_CAPABILITIES)).toHaveLength(4);
    expect(lossesOf({ ...ALL_CAPABILITIES, xattrs: false })).toEqual([expect.stringContaining('ACLs')]);
    expect(lossesOf({ ...ALL_CAPABILITIES, exchange: false, syncFilesystem: false })).toEqual([]);
  });
});
