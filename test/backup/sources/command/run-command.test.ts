import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { runCommand } from '../../../../src/backup/sources/command/run-command.ts';
import { HoldfastError } from '../../../../src/shared/errors.ts';

const node = (script: string, ...rest: string[]): string[] => [process.execPath, '-e', script, ...rest];

async function read(stdout: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stdout) pieces.push(piece);
  return Buffer.concat(pieces).toString('latin1');
}

async function failure(work: Promise<unknown>): Promise<HoldfastError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(HoldfastError);
  return error as HoldfastError;
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('a command', () => {
  it('gives its output byte for byte', async () => {
    const { stdout, finished } = runCommand({ argv: ['printf', '\\377\\000a\\n%s', '$HOME `id` *'] });
    expect(await read(stdout)).toBe('\xff\0a\n$HOME `id` *');
    await finished;
  });

  it('has no input and only the environment that it is given', async () => {
    const env = { PATH: process.env.PATH ?? '', KEPT: 'yes' };
    const { stdout } = runCommand({ argv: ['sh', '-c', 'cat; echo $KEPT; env | wc -l'], env });
    const [kept, count] = (await read(stdout)).split('\n');
    expect(kept).toBe('yes');
    expect(Number(count)).toBeLessThan(8);
  });

  it('waits while nobody reads', async () => {
    const { stdout } = runCommand({ argv: ['head', '-c', String(24 * 2 ** 20), '/dev/zero'] });
    const iterator = stdout[Symbol.asyncIterator]();
    await iterator.next();
    const before = process.memoryUsage().arrayBuffers;
    await delay(150);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * 2 ** 20);
    let rest = 0;
    for await (const piece of { [Symbol.asyncIterator]: () => iterator }) rest += piece.length;
    expect(rest).toBeGreaterThan(23 * 2 ** 20);
  });

  it('that fails is named with its status and the end of what it said, made safe to show', async () => {
    const script = `process.stderr.write('first ' + 'x'.repeat(9000) + '\\nno such table: \\u001b[31musers\\n'); process.exitCode = 3`;
    const { stdout, finished } = runCommand({ argv: node(script, 'password=hunter2') });
    const error = await failure(read(stdout));
    expect(error.code).toBe('command_failed');
    expect(error.message).toBe(
      `The command '${process.execPath}' failed with exit status 3 and said:\n  no such table: \\x1b[31musers`,
    );
    expect(error.details).toEqual({ status: 3, signal: null });
    expect(await failure(finished)).toBe(error);
  });

  it('that fails after its output has not finished its output', async () => {
    const { stdout } = runCommand({ argv: ['sh', '-c', 'echo complete; exit 7'] });
    const seen: string[] = [];
    const reading = (async () => {
      for await (const piece of stdout) seen.push(Buffer.from(piece).toString());
    })();
    expect((await failure(reading)).message).toContain('exit status 7');
    expect(seen.join('')).toBe('complete\n');
  });

  it('that is killed is a failure', async () => {
    const { stdout } = runCommand({ argv: ['sh', '-c', 'echo some; kill -KILL $$'] });
    expect((await failure(read(stdout))).message).toBe("The command 'sh' was ended by SIGKILL.");
  });

  it('that does not exist or may not run says so', async () => {
    const missing = await failure(read(runCommand({ argv: ['no-such-program-here', 'secret'] }).stdout));
    expect(missing.message).toBe("The command 'no-such-program-here' was not found.");
    expect(missing.advice).toContain('PATH');
    const forbidden = await failure(runCommand({ argv: ['/etc/passwd'] }).finished);
    expect(forbidden.message).toBe("The command '/etc/passwd' may not be executed.");
    expect(() => runCommand({ argv: [] })).toThrow('no command to run');
    expect(() => runCommand({ argv: ['echo', 'a\0b'] })).toThrow(HoldfastError);
  });

  it('is not waited for by a process that it left behind', async () => {
    const { stdout, finished } = runCommand({ argv: ['sh', '-c', 'echo done; sleep 1 >/dev/null & exit 0'] });
    expect(await read(stdout)).toBe('done\n');
    await finished;
  });
});

describe('an aborted command', () => {
  it('ends with all of its process group', async () => {
    const abort = new AbortController();
    const { stdout, finished } = runCommand({
      argv: ['sh', '-c', 'sleep 30 & echo $!; echo $$; wait'],
      signal: abort.signal,
    });
    const iterator = stdout[Symbol.asyncIterator]();
    let text = '';
    while (text.split('\n').length < 3) text += Buffer.from((await iterator.next()).value as Uint8Array).toString();
    const pids = text.trim().split('\n').map(Number);
    expect(pids.every(isAlive)).toBe(true);
    abort.abort();
    expect((await failure(finished)).code).toBe('interrupted');
    await expect.poll(() => pids.some(isAlive)).toBe(false);
  });

  it('is killed where it does not listen', async () => {
    const abort = new AbortController();
    const { stdout, finished } = runCommand({
      argv: ['sh', '-c', "trap '' TERM; echo $$; while :; do sleep 0.1; done"],
      signal: abort.signal,
    });
    const pid = Number(Buffer.from((await stdout[Symbol.asyncIterator]().next()).value as Uint8Array).toString());
    abort.abort(new HoldfastError('interrupted', 'Stopped by hand.'));
    expect((await failure(finished)).message).toBe('Stopped by hand.');
    expect(isAlive(pid)).toBe(false);
  });

  it('is not even started when the signal came before', () => {
    expect(() => runCommand({ argv: ['true'], signal: AbortSignal.abort() })).toThrow(HoldfastError);
  });

  it('ends when its output is left early', async () => {
    const { stdout, finished } = runCommand({ argv: ['sh', '-c', 'echo one; exec sleep 30'] });
    for await (const piece of stdout) if (piece.length > 0) break;
    expect((await failure(finished)).code).toBe('command_failed');
  });
});
