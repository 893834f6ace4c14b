import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EngineDoor } from '../../src/commands/repository-services.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { prepareFirstStart } from '../../src/serve/first-start.ts';
import { systemRandom } from '../../src/shared/random.ts';

let folder: string;
/** Passphrases of the repositories that were created. */
let created: string[];

const door: EngineDoor = {
  open: () => Promise.reject(new Error('nobody opens it yet')),
  async create({ location, passphrase }) {
    created.push(String(await passphrase()));
    mkdirSync(location, { recursive: true });
    writeFileSync(join(location, 'holdfast.json'), '{}');
    return { close: async () => {} } as never;
  },
};

const at = (name: string): string => join(folder, name);
const prepare = () => prepareFirstStart(folder, { door, random: systemRandom });

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'holdfast-first-')), 'data');
  created = [];
});

afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

describe('the first start', () => {
  it('writes a configuration that can be loaded, for the console on a sample app', async () => {
    const { config, sampleApp } = await prepare();
    expect(await loadConfig(config)).toMatchObject({
      platforms: { console: true },
      sources: [{ name: 'app', paths: [sampleApp] }],
      repository: { location: at('repository') },
      restoreRoots: [at('restored')],
      state: at('state'),
      warnings: [],
    });
  });

  it('keeps the passphrase to its user, and creates the repository with it', async () => {
    await prepare();
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(at('passphrase')).mode & 0o777).toBe(0o600);
    expect(created).toEqual([readFileSync(at('passphrase'), 'utf8').trim()]);
  });

  it('changes nothing the second time', async () => {
    await prepare();
    const before = readFileSync(at('passphrase'), 'utf8');
    await prepare();
    expect(created.length).toBe(1);
    expect(readFileSync(at('passphrase'), 'utf8')).toBe(before);
  });

  it('mends what a broken start left out', async () => {
    await prepare();
    rmSync(at('app'), { recursive: true });
    rmSync(at('repository'), { recursive: true });
    await prepare();
    expect(existsSync(at('app/settings.json'))).toBe(true);
    expect(created.length).toBe(2);
  });

  it('takes over what an earlier version made', async () => {
    mkdirSync(at('repository'), { recursive: true });
    writeFileSync(at('repository/holdfast.json'), '{}');
    writeFileSync(at('passphrase'), 'from before\n');
    await prepare();
    expect(created).toEqual([]);
    expect(readFileSync(at('passphrase'), 'utf8')).toBe('from before\n');
    expect(existsSync(at('holdfast.yaml'))).toBe(true);
  });

  it('leaves all to a configuration that was edited', async () => {
    const { config } = await prepare();
    writeFileSync(config, readFileSync(config, 'utf8').replace('./app', './mine'));
    rmSync(at('app'), { recursive: true });
    expect((await prepare()).sampleApp).toBeUndefined();
    expect(existsSync(at('app'))).toBe(false);
  });
});
