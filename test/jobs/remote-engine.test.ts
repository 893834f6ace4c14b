import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/backup/engine.ts';
import { openRemoteEngine } from '../../src/jobs/engine-process/remote-engine.ts';
import { startEngineProcess } from '../../src/jobs/engine-process/start-engine-process.ts';
import { crashing } from '../helpers/crashing.ts';
import { createQuickRepository } from '../helpers/quick-repository.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-remote-'));
const location = join(folder, 'repository');
const data = join(folder, 'data');
const environment = { PATH: process.env.PATH ?? '', HOLDFAST_STATE_DIR: join(folder, 'memory') };
const start = () => startEngineProcess(environment);
const open = (passphrase = 'open sesame') => openRemoteEngine({ start, location, passphrase, background: true });

let engine: Engine;

beforeAll(async () => {
  mkdirSync(data);
  for (let i = 0; i < 500; i++) writeFileSync(join(data, `file-${i}`), `content ${i}`);
  await createQuickRepository(location, 'open sesame');
  engine = await open();
});

afterAll(() => engine.close());

describe('an engine in a process of its own', () => {
  it('backs up with progress, and lists', async () => {
    const phases = new Set<string>();
    const result = await engine.backup(
      { paths: [data], source: 'app' },
      { onProgress: ({ phase }) => phases.add(phase) },
    );
    expect(result.files.new).toBe(500);
    expect(phases.size).toBeGreaterThan(0);
    expect((await engine.list()).map(({ id }) => id)).toEqual([result.snapshot]);
  });

  it('sees what another process stored', async () => {
    const other = await open();
    const { snapshot } = await other.backup({ paths: [data], source: 'app' });
    await other.close();
    expect((await engine.find('latest')).id).toBe(snapshot);
  });

  it('streams long lists, to the end or as far as they are wanted', async () => {
    const paths: string[] = [];
    for await (const { path } of engine.entries('latest')) paths.push(path);
    expect(paths.length).toBeGreaterThanOrEqual(500);
    for await (const { path } of engine.entries('latest')) {
      expect(path).toBe(paths[0]);
      break;
    }
    expect((await engine.list()).length).toBe(2);
  });

  it('tells errors with their code and advice', async () => {
    await expect(engine.find('ffffffff')).rejects.toMatchObject({ name: 'HoldfastError', code: 'not_found' });
    await expect(engine.addKey('x', 'y')).rejects.toMatchObject({ code: 'usage' });
  });

  it('stops what is aborted', async () => {
    const controller = new AbortController();
    const running = engine.verify(
      { depth: 'deep' },
      { signal: controller.signal, onProgress: () => controller.abort(new Error('enough')) },
    );
    await expect(running).rejects.toThrow();
  });

  it('does not open with a wrong passphrase', async () => {
    await expect(open('wrong')).rejects.toMatchObject({ code: 'wrong_passphrase' });
  });

  it('tells when it was killed', async () => {
    let pid: number | undefined;
    const other = await openRemoteEngine({
      start: () => {
        const child = start();
        pid = child.pid;
        return child;
      },
      location,
      passphrase: 'open sesame',
      background: false,
    });
    const running = other.verify({ depth: 'deep' });
    process.kill(pid ?? 0, 'SIGKILL');
    await expect(running).rejects.toThrow('ended before it was done (SIGKILL)');
    await expect(other.list()).rejects.toThrow('ended before it was done');
  });

  it('that has a mistake says which, without its passphrase and without a word on standard error', async () => {
    const words = join(folder, 'words');
    writeFileSync(words, 'open sesame\n');
    let child: ChildProcess | undefined;
    const other = await openRemoteEngine({
      start: () => {
        child = startEngineProcess({ ...environment, ...crashing(words) });
        return child;
      },
      location,
      passphrase: 'open sesame',
      background: false,
    });
    const running = other.verify({ depth: 'deep' });
    child?.kill('SIGUSR2');
    const error = await running.catch((reason: Error) => reason);
    expect(String(error)).toMatch(/ended before it was done \(An exception with \[secret\]\)/);
    expect(inspect(error, { depth: 9 })).toMatch(/crash-on-signal/);
    expect(inspect(error, { depth: 9 })).not.toMatch(/open.{1,3}sesame/);
  });

  it('ends when whoever started it has gone', async () => {
    const child = start();
    const ended = new Promise((resolve) => child.on('exit', resolve));
    child.send({ type: 'open', location, passphrase: 'open sesame', background: true });
    await new Promise((resolve) => child.once('message', resolve));
    child.send({
      type: 'call',
      id: 1,
      method: 'backup',
      args: [{ paths: [data], source: 'app', force: true }, undefined],
      contextAt: 1,
    });
    child.disconnect();
    expect(await ended).toBe(0);
  });

  it('gets no secrets in its arguments or variables', async () => {
    const child = start();
    try {
      await new Promise((resolve) => setTimeout(resolve, 100));
      const seen =
        readFileSync(`/proc/${child.pid}/cmdline`, 'utf8') + readFileSync(`/proc/${child.pid}/environ`, 'utf8');
      expect(seen).toContain('engine-host');
      expect(seen).not.toContain('sesame');
    } finally {
      child.disconnect();
    }
  });
});
