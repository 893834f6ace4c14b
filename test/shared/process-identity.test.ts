import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { localProcessFate, processFate, readProcessIdentity } from '../../src/shared/process-identity.ts';

const self = readProcessIdentity();

describe('the identity of a process', () => {
  it('is the same each time, and its process alive', () => {
    expect(readProcessIdentity()).toEqual(self);
    expect(self.pid).toBe(process.pid);
    expect(processFate(self, self)).toBe('alive');
  });

  it('tells a later process with the same number apart', () => {
    expect(processFate({ ...self, pidStart: self.pidStart + 1 }, self)).toBe('dead');
  });

  it('finds that a process has ended', () => {
    const ended = spawnSync('true').pid;
    expect(localProcessFate(ended, 12345)).toBe('dead');
    expect(localProcessFate(ended, 0)).toBe('dead');
  });

  it('finds that a process runs, whatever its name', async () => {
    const child = spawn('sh', ['-c', 'echo up; read line'], { argv0: ') 1 (', stdio: ['pipe', 'pipe', 'ignore'] });
    await once(child.stdout, 'data');
    expect(localProcessFate(child.pid ?? 0, 0)).toBe('alive');
    child.stdin.end();
    await once(child, 'close');
    expect(localProcessFate(child.pid ?? 0, 0)).toBe('dead');
  });

  it.each([{ machine: 'other' }, { boot: 'other' }, { pidNamespace: 'other' }])('does not judge across %j', (other) => {
    expect(processFate({ ...self, ...other }, self)).toBe('unknown');
  });
});
