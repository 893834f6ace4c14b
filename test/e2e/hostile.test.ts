import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OBJECT_TYPES } from '../../src/backup/crypto/sealer.ts';
import { openPosix } from '../../src/backup/posix/open-posix.ts';
import { encodeText } from '../../src/shared/bytes.ts';
import { type Finished, holdfast } from '../helpers/holdfast-process.ts';
import { createQuickRepository } from '../helpers/quick-repository.ts';
import { at, BuiltRepository, PASSPHRASE } from '../helpers/rescue/built-repository.ts';
import { RESCUE, runRescue } from '../helpers/rescue/run-rescue.ts';

const MIB = 2 ** 20;
/** What plain work on a small repository takes, and room for one object that is read whole. */
const MOST_BYTES = 640 * MIB;
/** Clears the screen, sets the title, reverses text, and moves the cursor up as one byte and in UTF-8. */
const EVIL = 'x\x1b[2J\x1b]0;title\x07\u202e\u2066\u009b1A\r\x08\x7f\ufeff\u2028y';

let root: string;
let folders = 0;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'holdfast-hostile-'));
});

afterAll(() => {
  rmSync(root, { recursive: true });
});

const newFolder = (): string => join(root, `folder-${folders++}`);

function environmentFor(repository: string): Record<string, string> {
  return { HOLDFAST_REPO: repository, HOLDFAST_PASSWORD: PASSPHRASE, HOLDFAST_STATE_DIR: join(root, 'state') };
}

/** Everything that a terminal obeys or that hides or turns text, but for the line break: C0, C1, bidi marks, line separators. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal obeys
const RAW = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;

interface Peak {
  status: number | null;
  bytes: number;
}

/** Runs a program and watches how much memory its process has held at most. */
async function peakOf(words: readonly string[], environment: Record<string, string>): Promise<Peak> {
  const child = spawn('/usr/bin/env', [...words], {
    env: { PATH: process.env.PATH, ...environment },
    stdio: 'ignore',
  });
  let bytes = 0;
  const watch = setInterval(() => {
    try {
      const [, kib = '0'] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? [];
      bytes = Math.max(bytes, Number(kib) * 1024);
    } catch {
      // It has ended.
    }
  }, 5);
  const [status] = await once(child, 'close');
  clearInterval(watch);
  return { status: status as number | null, bytes };
}

/** An extended attribute of the file in `folder`, where the engine can write one. */
function giveAttribute(folder: string): void {
  const posix = openPosix();
  if (!posix.capabilities.xattrs) return;
  const dir = posix.openRoot(encodeText(folder));
  try {
    posix.setXattrAt(dir, encodeText(EVIL), encodeText('user.x'), Buffer.from(EVIL));
  } finally {
    posix.close(dir);
  }
}

describe('hostile text on the way to a terminal', () => {
  let repository: string;
  let outcomes: [string, Finished][];

  beforeAll(async () => {
    repository = newFolder();
    const source = newFolder();
    mkdirSync(source);
    const environment = environmentFor(repository);
    const run = (...words: string[]) => holdfast(words, { environment });
    const file = join(source, EVIL);
    writeFileSync(file, 'content');
    execFileSync('ln', ['-s', EVIL, join(source, 'link')]);
    giveAttribute(source);
    await createQuickRepository(repository, PASSPHRASE);
    const first = await run('backup', source, '--tag', EVIL, '--host', EVIL);
    writeFileSync(file, 'other content');
    await run('backup', source, '--tag', EVIL, '--host', EVIL);
    const commands = [
      ['list'],
      ['list', '--tag', EVIL],
      ['status'],
      ['show', 'latest'],
      ['ls', 'latest'],
      ['ls', 'latest', EVIL],
      ['find', EVIL],
      ['find', '*'],
      ['diff', 'latest', 'latest'],
      ['restore', 'latest', '--to', newFolder()],
      ['restore', 'latest', '--to', newFolder(), '--apply', '--yes'],
      ['restore', 'latest', '--to', newFolder(), '--path', `${EVIL}${EVIL}`],
      ['tag', 'latest', '--add', EVIL],
      ['pin', 'latest', '--reason', EVIL],
      ['key', 'add', '--label', EVIL],
      ['key', 'list'],
      ['export', EVIL, '--output', newFolder()],
      ['forget', EVIL],
      [EVIL],
      ['list', `--${EVIL}`],
      ['verify'],
    ];
    outcomes = [['backup', first]];
    for (const words of commands) outcomes.push([words.join(' '), await run(...words)]);
    for (const words of [['list'], ['show', 'latest'], ['ls', 'latest'], ['find', '*'], ['key', 'list']]) {
      outcomes.push([`${words.join(' ')} as JSON`, await run(...words, '--json')]);
    }
  });

  it('never is anything but text, whatever command shows it', () => {
    for (const [what, { output, messages }] of outcomes) {
      expect(RAW.exec(output)?.index, `${JSON.stringify(what)} wrote ${JSON.stringify(output)}`).toBeUndefined();
      expect(RAW.exec(messages)?.index, `${JSON.stringify(what)} said ${JSON.stringify(messages)}`).toBeUndefined();
    }
  });

  it('is not lost in JSON', () => {
    const [, listed] = outcomes.find(([what]) => what === 'list as JSON') as [string, Finished];
    const { snapshots } = JSON.parse(listed.output) as { snapshots: { tags: string[]; host: string }[] };
    expect(snapshots[0]?.tags).toContain(EVIL);
    expect(snapshots[0]?.host).toBe(EVIL);
  });

  it('is shown as escapes by rescue.mjs too', async () => {
    for (const words of [
      ['list'],
      ['check'],
      ['restore', 'latest', '--to', newFolder()],
      ['restore', EVIL, '--to', EVIL],
      [EVIL],
    ]) {
      const { stdout, stderr } = await runRescue([...words, '--repo', repository]);
      expect(RAW.exec(stdout + stderr)?.index, JSON.stringify(stdout + stderr)).toBeUndefined();
    }
  });
});

describe('a hostile repository', () => {
  it('takes no more memory than it should, however large objects, blocks and bodies claim to be', async () => {
    const built = await BuiltRepository.create(1);
    const good = built.addSnapshot([{ path: at('') }, { path: at('good'), content: Buffer.from('good') }]);
    const header = Buffer.alloc(16);
    header.writeUInt32LE(2 ** 32 - 1, 4);
    header.writeUInt32LE(2 ** 32 - 1, 8);
    built.addSealedBody('snapshots', OBJECT_TYPES.snapshot, header, Buffer.alloc(100));
    const repository = built.writeTo(newFolder());
    const zeros = (name: string, size: number): void => {
      mkdirSync(join(repository, name, '..'), { recursive: true });
      writeFileSync(join(repository, name), '');
      truncateSync(join(repository, name), size);
    };
    const id = (digit: string): string => digit.repeat(64);
    for (const digit of ['1', '2', '3']) {
      zeros(`snapshots/${id(digit)}`, 2 ** 40);
      zeros(`notes/${good}/${id(digit)}`, 2 ** 40);
      zeros(`keys/${id(digit)}`, 2 ** 40);
      zeros(`index/${id(digit)}`, 2 ** 40);
      zeros(`gc/${id(digit)}`, 2 ** 40);
      zeros(`sessions/${'4'.repeat(32)}/${digit}`, 2 ** 40);
    }
    zeros('config/7', 2 ** 40);
    zeros('holdfast.json', 2 ** 40);
    const environment = environmentFor(repository);
    const program = new URL('../../bin/holdfast', import.meta.url).pathname;
    for (const words of [['list'], ['restore', good, '--to', newFolder(), '--apply', '--yes']]) {
      const { status, bytes } = await peakOf([program, ...words], environment);
      expect({ words, isBounded: bytes < MOST_BYTES }, `${bytes} bytes, status ${status}`).toMatchObject({
        isBounded: true,
      });
      expect([0, 3]).toContain(status);
    }
    const to = newFolder();
    const { status, bytes } = await peakOf(
      [process.execPath, RESCUE, 'restore', good, '--to', to, '--repo', repository],
      environment,
    );
    expect({ isBounded: bytes < MOST_BYTES, status }).toEqual({ isBounded: true, status: 13 });
    expect(readdirSync(to)).toEqual(['good']);
  });
});

describe('a hostile archive', () => {
  it('takes no more memory than it should, however long its headers claim to be', async () => {
    const repository = newFolder();
    const environment = environmentFor(repository);
    await createQuickRepository(repository, PASSPHRASE);
    const program = new URL('../../bin/holdfast', import.meta.url).pathname;
    const file = join(root, `${folders++}.tar`);
    writeFileSync(file, paxHeader(8 * 2 ** 30));
    const { status, bytes } = await peakOf([program, 'import', file], environment);
    expect({ isBounded: bytes < MOST_BYTES, hasFailed: status === 13 }, `${bytes} bytes, status ${status}`).toEqual({
      isBounded: true,
      hasFailed: true,
    });
  });
});

/** The head of an extended header that says it is as long as that. */
function paxHeader(size: number): Buffer {
  const block = Buffer.alloc(512);
  block.write('PaxHeader', 0);
  block.write('0000644\0', 100);
  block[124] = 0x80;
  block.writeBigUInt64BE(BigInt(size), 128);
  block.write('        x', 148);
  block.write('ustar\x0000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([block, Buffer.alloc(MIB)]);
}
