import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { finish, holdfast, program, startHoldfast } from '../helpers/holdfast-process.ts';
import { createQuickRepository } from '../helpers/quick-repository.ts';

/** One repository, made once, with two snapshots of a small tree; tests that change it copy it. */
let root: string;
let repo: string;
let tree: string;
let environment: Record<string, string>;

const AS_NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups'];
/** As root, and where the checkout is open to other users. */
const canBeNobody = spawnSync('setpriv', [...AS_NOBODY, program, '--version']).status === 0;

async function json(
  words: string[],
  options: { input?: string; repo?: string } = {},
  more: Record<string, string> = {},
) {
  const variables = { ...environment, ...(options.repo && { HOLDFAST_REPO: options.repo }), ...more };
  const { status, output, messages } = await holdfast(['--json', ...words], { environment: variables, ...options });
  const lines = messages.split('\n').filter((line) => line !== '');
  return { status, messages: lines.map((line) => JSON.parse(line)), result: JSON.parse(output) };
}

async function copyOfRepo(): Promise<string> {
  const copy = await mkdtemp(join(root, 'copy-'));
  await cp(repo, copy, { recursive: true });
  return copy;
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'holdfast-e2e-'));
  [repo, tree] = [join(root, 'repo'), join(root, 'tree')];
  environment = { HOLDFAST_REPO: repo, HOLDFAST_PASSWORD: 'correct horse', HOLDFAST_STATE_DIR: join(root, 'state') };
  await mkdir(join(tree, 'sub'), { recursive: true });
  await writeFile(join(tree, 'a.txt'), 'first\n');
  await writeFile(join(tree, 'sub', 'b.txt'), 'second\n');
  await writeFile(join(tree, 'sub', 'new\nline \\ \r'), 'odd\n');
  await createQuickRepository(repo, 'correct horse');
  expect((await json(['backup', tree, '--tag', 'one'])).status).toBe(0);
  await writeFile(join(tree, 'a.txt'), 'changed\n');
  await writeFile(join(tree, 'c.txt'), 'third\n');
  expect((await json(['backup', tree, '--tag', 'two'])).status).toBe(0);
}, 60_000);

afterAll(() => rm(root, { recursive: true, force: true }));

describe('holdfast', () => {
  it('backs up only what changed', async () => {
    const { result } = await json(['backup', tree], { repo: await copyOfRepo() });
    expect(result.files).toEqual({ new: 0, changed: 0, unmodified: 4 });
    expect(result.parent).toMatch(/^[0-9a-f]{64}$/);
    expect(result).toMatchObject({ warnings: [], bytesAdded: expect.any(Number), bytesStored: expect.any(Number) });
  });

  it('lists newest first, filters and pages', async () => {
    const { result } = await json(['list']);
    expect(result).toMatchObject({ total: 2, page: 1, pages: 1 });
    expect(result.snapshots.map(({ tags }: { tags: string[] }) => tags)).toEqual([['two'], ['one']]);
    expect((await json(['list', '--tag', 'one'])).result.total).toBe(1);
    expect((await json(['list', '--limit', '1', '--page', '2'])).result.snapshots[0].tags).toEqual(['one']);
  });

  it('tells the status of each source', async () => {
    const { result } = await json(['status']);
    expect(result.sources).toEqual([
      expect.objectContaining({ state: 'ok', age: 'fresh', nextRun: null, destination: expect.stringContaining(repo) }),
    ]);
  });

  it('shows, lists, finds and compares', async () => {
    const [newest, oldest] = (await json(['list'])).result.snapshots;
    expect((await json(['show', newest.id.slice(0, 8)])).result.id).toBe(newest.id);
    const { entries } = (await json(['ls', 'latest'])).result;
    expect(entries.map(({ path }: { path: string }) => path)).toEqual(
      expect.arrayContaining(['a.txt', 'sub', 'sub/b.txt']),
    );
    expect((await json(['find', 'b.*'])).result.matches).toHaveLength(2);
    const { added, modified } = (await json(['diff', oldest.id, newest.id])).result;
    expect([added.files, modified.files]).toEqual([1, 1]);
  });

  it('prints checksums that sha256sum accepts', async () => {
    const { output } = await holdfast(['show', 'latest', '--sha256sums'], { environment });
    expect(spawnSync('sha256sum', ['-c', '--strict'], { input: output, cwd: tree }).status).toBe(0);
  });

  it('previews a restore, then restores into a new folder without an answer', async () => {
    const target = join(root, 'restored');
    const preview = await holdfast(['restore', 'latest', '--to', target], { environment });
    expect(preview).toMatchObject({ status: 0, output: expect.stringMatching(/Nothing was written\.\n$/) });
    const { status, result } = await json(['restore', 'latest', '--to', target, '--apply']);
    expect({ status, applied: result.applied, files: result.added.files }).toEqual({
      status: 0,
      applied: true,
      files: 4,
    });
    expect(await readFile(join(target, 'a.txt'), 'utf8')).toBe('changed\n');
  });

  it('restores into an empty folder without an answer, and only the paths that are asked for', async () => {
    const target = await mkdtemp(join(root, 'empty-'));
    const { status, result } = await json(['restore', 'latest', '--to', target, '--path', 'sub/b.txt', '--apply']);
    expect({ status, safety: result.safetySnapshot }).toEqual({ status: 0, safety: null });
    expect(await readdir(target, { recursive: true })).toEqual(['sub', 'sub/b.txt']);
  });

  it('offers an undo that goes back to what was there', async () => {
    const [target, copy] = [await mkdtemp(join(root, 'undo-')), await copyOfRepo()];
    await writeFile(join(target, 'a.txt'), 'mine\n');
    const run = (words: string[]) => holdfast(words, { environment: { ...environment, HOLDFAST_REPO: copy } });
    const { output } = await run(['restore', 'latest', '--to', target, '--apply', '--yes']);
    const undo = /^Undo: holdfast (?<words>.+)$/m.exec(output)?.groups?.words ?? output;
    expect((await run([...undo.split(' '), '--yes'])).status).toBe(0);
    expect(await readdir(target)).toEqual(['a.txt']);
    expect(await readFile(join(target, 'a.txt'), 'utf8')).toBe('mine\n');
  });

  it('keeps the old content beside, or gives it up, when told to', async () => {
    const target = await mkdtemp(join(root, 'safety-'));
    await writeFile(join(target, 'a.txt'), 'mine\n');
    const restore = (safety: string) =>
      json(['restore', 'latest', '--to', target, '--apply', '--yes', '--safety', safety]);
    const { result } = await restore('keep-old');
    expect(await readFile(join(result.keptOld, 'a.txt'), 'utf8')).toBe('mine\n');
    await writeFile(join(target, 'a.txt'), 'mine again\n');
    expect((await restore('none')).result).toMatchObject({ safetySnapshot: null, keptOld: null });
    expect((await json(['list'])).result.total).toBe(2);
  });

  it('refuses to change a folder that holds something, until --yes', async () => {
    const target = await mkdtemp(join(root, 'old-'));
    const copy = await copyOfRepo();
    await writeFile(join(target, 'a.txt'), 'mine\n');
    const words = ['restore', 'latest', '--to', target, '--apply'];
    const refused = await json(words, { repo: copy });
    expect(refused).toMatchObject({
      status: 15,
      result: { error: { code: 'refused', advice: expect.stringContaining('--yes') } },
    });
    expect(await readFile(join(target, 'a.txt'), 'utf8')).toBe('mine\n');
    const done = await json([...words, '--yes'], { repo: copy });
    expect(done.status).toBe(0);
    expect(done.result.safetySnapshot).toMatch(/^[0-9a-f]{64}$/);
    expect(await readFile(join(target, 'a.txt'), 'utf8')).toBe('changed\n');
    expect((await json(['show', 'latest'], { repo: copy })).result.trigger).toBe('manual');
  });

  it.each(['--quick', '', '--deep'])('verifies %s', async (depth) => {
    const { status, result } = await json(['verify', ...(depth ? [depth] : [])]);
    expect({ status, damaged: result.damaged, snapshots: result.snapshots }).toEqual({
      status: 0,
      damaged: [],
      snapshots: 2,
    });
  });

  it('exits with 13 and names the object when one is damaged', async () => {
    const copy = await copyOfRepo();
    const packs = (await readdir(join(copy, 'packs'), { recursive: true })).filter((name) => name.length > 60);
    const victim = join(copy, 'packs', packs[0] ?? '');
    const content = await readFile(victim);
    content.writeUInt8(content.readUInt8(100) ^ 1, 100);
    await rm(victim, { force: true });
    await writeFile(victim, content);
    const { status, result } = await json(['verify'], { repo: copy });
    expect(status).toBe(13);
    expect(result.damaged[0].object).toContain(packs[0]);
  });

  it('forgets by rule and frees the space', async () => {
    const copy = await copyOfRepo();
    expect((await json(['forget', '--keep-last', '1', '--dry-run'], { repo: copy })).result.forgotten).toHaveLength(1);
    expect((await json(['list'], { repo: copy })).result.total).toBe(2);
    expect((await json(['forget', '--keep-last', '1'], { repo: copy })).result.forgotten).toHaveLength(1);
    expect((await json(['prune', '--grace', '0s'], { repo: copy })).status).toBe(0);
    expect((await json(['verify', '--deep'], { repo: copy })).result).toMatchObject({ snapshots: 1, damaged: [] });
  });

  it('pins and tags', async () => {
    const copy = await copyOfRepo();
    expect((await json(['pin', 'latest'], { repo: copy })).result.pinned).toBe(true);
    expect((await json(['unpin', 'latest'], { repo: copy })).result.pinned).toBe(false);
    expect((await json(['tag', 'latest', '--add', 'x', '--remove', 'two'], { repo: copy })).result.tags).toEqual(['x']);
  });

  it('exports what tar lists, and imports it again', async () => {
    const archive = join(root, 'app.tar.gz');
    expect((await json(['export', 'latest', '--output', archive])).status).toBe(0);
    expect(spawnSync('tar', ['-tzf', archive]).stdout.toString()).toContain('sub/b.txt');
    const { result } = await json(['import', archive, '--source', 'imported'], { repo: await copyOfRepo() });
    expect(result).toMatchObject({ source: 'imported', files: { new: 4 } });
    const piped = spawnSync('bash', ['-c', '"$0" export latest --output - --format tar.zst | tar --zstd -t', program], {
      env: { ...process.env, ...environment },
    });
    expect(piped.stdout.toString()).toContain('sub/b.txt');
  });

  it('copies to other keys, mirrors, and manages keys', async () => {
    const [second, twin, copy] = [join(root, 'second'), join(root, 'twin'), await copyOfRepo()];
    const other = { ...environment, HOLDFAST_TO_PASSWORD: 'other', HOLDFAST_NEW_PASSWORD: 'fresh' };
    const run = (words: string[], more = {}) =>
      holdfast(words, { environment: { ...other, HOLDFAST_REPO: copy, ...more } });
    await createQuickRepository(second, 'other');
    expect((await run(['copy', '--to', second])).status).toBe(0);
    expect((await run(['list', '--repo', second], { HOLDFAST_PASSWORD: 'other' })).output).toContain('one');
    expect((await run(['mirror', '--to', twin])).status).toBe(0);
    expect((await run(['key', 'add', '--label', 'fresh'])).status).toBe(0);
    expect((await run(['key', 'list', '--repo', copy], { HOLDFAST_PASSWORD: 'fresh' })).output).toContain('fresh');
    expect((await run(['stats', '--repo', twin])).status).toBe(0);
    expect((await run(['repair', 'index'])).status).toBe(0);
  });

  it('backs up standard input and the output of a command; a failing command fails the backup', async () => {
    const copy = await copyOfRepo();
    expect((await json(['backup', '--stdin', 'in.txt'], { repo: copy, input: 'typed' })).status).toBe(0);
    expect(
      (await json(['backup', '--command', 'out.txt', '--', 'printf', '%s', '-x'], { repo: copy })).result.bytes,
    ).toBe(2);
    const failed = await json(['backup', '--command', 'out.txt', '--', 'sh', '-c', 'exit 7'], { repo: copy });
    expect(failed).toMatchObject({ status: 1, result: { error: { code: 'command_failed' } } });
  });

  it.each([
    {
      words: ['list'],
      more: { HOLDFAST_PASSWORD: 'wrong' } as Record<string, string>,
      status: 12,
      code: 'wrong_passphrase',
    },
    { words: ['list'], more: { HOLDFAST_PASSWORD: '' }, status: 2, code: 'usage' },
    { words: ['list'], more: { HOLDFAST_REPO: '/nonexistent/repo' }, status: 10, code: 'store_unavailable' },
    { words: ['list'], more: { HOLDFAST_REPO: tmpdir() }, status: 10, code: 'not_a_repository' },
    { words: ['show', 'ffffffff'], more: {}, status: 10, code: 'not_found' },
    { words: ['backup', '/nonexistent/path'], more: {}, status: 10, code: 'not_found' },
    { words: ['init'], more: {}, status: 15, code: 'refused' },
    { words: ['init', '--repo', tmpdir()], more: {}, status: 15, code: 'refused' },
    { words: ['list'], more: { HOLDFAST_PASSWORD_FILE: '/nonexistent/file' }, status: 2, code: 'config' },
    { words: ['list', '--repo', program], more: {}, status: 2, code: 'usage' },
    { words: ['restore', 'latest', '--to', program], more: {}, status: 2, code: 'usage' },
    { words: ['restore', 'latest', '--to', 'x', '--path', 'nowhere'], more: {}, status: 10, code: 'not_found' },
    { words: ['export', 'latest', '--output', '/nonexistent/a.tar'], more: {}, status: 10, code: 'not_found' },
    { words: ['import', '/nonexistent/a.tar'], more: {}, status: 10, code: 'not_found' },
    { words: ['copy', '--to', '/nonexistent/repo'], more: {}, status: 10, code: 'store_unavailable' },
    { words: ['nonsense'], more: {}, status: 2, code: 'usage' },
  ])('$words with $more gives $status and no stack trace', async ({ words, more, status, code }) => {
    const failed = await holdfast([...words, '--json'], { environment: { ...environment, ...more } });
    expect(failed.status).toBe(status);
    expect(JSON.parse(failed.output)).toEqual({
      error: { code, message: expect.any(String), advice: expect.anything() },
    });
    expect(failed.messages).not.toMatch(/\n\s+at /);
  });

  it('creates a repository, in a folder without anything else in it, and says how to go on', async () => {
    const fresh = { ...environment, HOLDFAST_REPO: join(root, 'fresh') };
    const { status, output } = await holdfast(['init'], { environment: fresh });
    expect(status).toBe(0);
    expect(output).toMatch(/Created a repository in .*fresh\n.*Next: holdfast backup PATH\n$/s);
    const [rescue = ''] = (await readdir(join(root, 'fresh'))).filter((name) => name.startsWith('rescue-'));
    const digest = createHash('sha256').update(await readFile(join(root, 'fresh', rescue)));
    expect(output).toContain(`${rescue}  ${digest.digest('hex')}`);
    expect((await holdfast(['list'], { environment: fresh })).output).toContain('Take one with holdfast backup');
  });

  it('takes the passphrase from the option, then the variable of a file, then the variable', async () => {
    const [right, wrong] = [join(root, 'right'), join(root, 'wrong')];
    await Promise.all([writeFile(right, 'correct horse\r\nsecond line'), writeFile(wrong, 'wrong')]);
    const status = async (file: string, variable: string, words: string[] = []) =>
      (await json(['key', 'list', ...words], {}, { HOLDFAST_PASSWORD_FILE: file, HOLDFAST_PASSWORD: variable })).status;
    expect(await status(wrong, 'wrong', ['--password-file', right])).toBe(0);
    expect(await status(right, 'wrong')).toBe(0);
    expect(await status(wrong, 'correct horse')).toBe(12);
  });

  it('refuses two paths with one base name and says how else to back them up', async () => {
    const other = join(root, 'other', 'tree');
    await mkdir(other, { recursive: true });
    const { status, result } = await json(['backup', tree, other]);
    expect(status).toBe(2);
    expect(result.error.message).toContain(other);
    expect(result.error.advice).toContain('--source');
  });

  it('refuses a repository of a newer format', async () => {
    const newer = await copyOfRepo();
    const file = join(newer, 'holdfast.json');
    const header = JSON.parse(await readFile(file, 'utf8'));
    await rm(file, { force: true });
    await writeFile(file, JSON.stringify({ ...header, version: 7 }));
    const { status, result } = await json(['list'], { repo: newer });
    expect({ status, code: result.error.code }).toEqual({ status: 1, code: 'unsupported_version' });
    expect(result.error.message).toContain(newer);
  });

  it.runIf(canBeNobody)('says what an ordinary user may not do, without a stack trace', async () => {
    await chmod(root, 0o755);
    const as = (words: string[]) =>
      spawnSync('setpriv', [...AS_NOBODY, program, ...words], {
        env: { ...process.env, ...environment, HOLDFAST_STATE_DIR: '/nonexistent', NO_COLOR: '1' },
      });
    for (const words of [['list'], ['backup', tree], ['restore', 'latest', '--to', join(root, 'denied'), '--apply']]) {
      const { status, stderr } = as(words);
      expect({ words, status, lines: stderr.toString().trim().split('\n').length }).toEqual({
        words,
        status: 1,
        lines: 2,
      });
      expect(stderr.toString()).toMatch(/^holdfast: .*not allowed.*\nRun as the user/);
    }
    const closed = await mkdtemp(join(root, 'closed-'));
    const { status, stderr } = as(['init', '--repo', join(closed, 'repo')]);
    expect({ status, message: stderr.toString() }).toEqual({ status: 1, message: expect.stringContaining(closed) });
  });

  it('ends quietly when the reader of its output leaves', () => {
    const line = 'set -o pipefail; "$0" ls latest | true';
    const { status, stderr } = spawnSync('bash', ['-c', line, program], { env: { ...process.env, ...environment } });
    expect({ status, messages: stderr.toString() }).toEqual({ status: 0, messages: '' });
  });

  it('cleans up and exits with 130 on the first interrupt', async () => {
    const copy = await copyOfRepo();
    const marker = join(root, 'started');
    const words = ['backup', '--command', 'slow', '--', 'sh', '-c', `touch ${marker}; exec sleep 60`];
    const child = startHoldfast(words, { environment: { ...environment, HOLDFAST_REPO: copy } });
    while (!existsSync(marker)) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill('SIGINT');
    expect((await finish(child)).status).toBe(130);
    expect((await json(['list'], { repo: copy })).result.total).toBe(2);
  });
});
