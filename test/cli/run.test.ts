import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LocalCommand } from '../../src/cli/host.ts';
import { HoldfastError } from '../../src/shared/errors.ts';
import { fakeRepository, summary } from '../helpers/fake-engine.ts';
import { runFake } from '../helpers/test-host.ts';

const withSnapshots = (...snapshots: ReturnType<typeof summary>[]) => {
  return (behaviour = {}) => {
    const repository = fakeRepository(behaviour);
    repository.snapshots.push(...snapshots);
    return repository;
  };
};
const one = withSnapshots(summary(1));
const two = withSnapshots(summary(2), summary(1));
const CHANGES = { changed: { files: 3, directories: 0, others: 0, bytes: 99 } };

describe('the command line', () => {
  it('prints one JSON document and nothing else on standard output', async () => {
    const { status, output } = await runFake(
      ['backup', '/srv/app', '--tag', 'a', '--tag', 'b', '--json'],
      fakeRepository(),
    );
    expect(status).toBe(0);
    expect(JSON.parse(output)).toMatchObject({
      parent: null,
      files: { new: 2, changed: 1, unmodified: 0 },
      bytesStored: 900,
    });
  });

  it('tells progress and warnings as JSON lines on standard error', async () => {
    const repository = fakeRepository({ backup: { warnings: ['gone.txt vanished'] } });
    const { messages } = await runFake(['backup', '/srv/app', '--json'], repository);
    expect(
      messages
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      expect.objectContaining({ type: 'progress', phase: 'backing up', files: 1, totalBytes: 3000 }),
      { type: 'warning', message: 'gone.txt vanished' },
    ]);
  });

  it('hands the options of a backup to the engine', async () => {
    const repository = fakeRepository();
    await runFake(
      [
        'backup',
        '/a',
        '/b',
        '-e',
        '*.tmp',
        '--exclude',
        'cache/',
        '-x',
        '--host',
        'h',
        '--time',
        '2026-01-02T03:04:05Z',
        '--max-file-size',
        '10M',
      ],
      repository,
    );
    expect(repository.requests[0]).toMatchObject({
      paths: ['/a', '/b'],
      exclude: ['*.tmp', 'cache/'],
      oneFileSystem: true,
      host: 'h',
      time: '2026-01-02T03:04:05.000Z',
      maxFileSizeBytes: 10 * 1024 * 1024,
      trigger: 'manual',
    });
  });

  it('takes everything after two dashes as the program of --command', async () => {
    const repository = fakeRepository();
    await runFake(['backup', '--command', 'app.sql', '--json', '--', 'pg_dump', '-Fc', '--json', 'app'], repository);
    expect(repository.requests[0]).toMatchObject({
      command: { name: 'app.sql', argv: ['pg_dump', '-Fc', '--json', 'app'] },
    });
  });

  it('backs up standard input', async () => {
    const repository = fakeRepository();
    expect((await runFake(['backup', '--stdin', 'dump.sql'], repository, { input: 'content' })).status).toBe(0);
    expect(repository.requests[0]).toMatchObject({ stdin: { name: 'dump.sql' } });
  });

  it.each([
    { words: ['backup'], says: 'nothing to back up' },
    { words: ['backup', '--stdin', 'a', '--command', 'b'], says: 'exclude each other' },
    { words: ['backup', '--command', 'b'], says: 'needs a program' },
    { words: ['restore', 'latest'], says: 'where to restore' },
    { words: ['restore', '--to', '/x'], says: 'ID is missing' },
    { words: ['restore', 'latest', '--to', '/x', '--in-place'], says: 'exclude each other' },
    {
      words: ['restore', 'latest', '--to', '/x', '--safety', 'maybe'],
      says: '--safety must be one of backup, keep-old, none',
    },
    { words: ['forget'], says: 'what to forget' },
    { words: ['verify', '--sample', '10'], says: '--sample' },
    { words: ['list', '--limit', '0'], says: '--limit must be a whole number of at least 1' },
    { words: ['list', '--from', '2026-02-30'], says: 'is not a time' },
    { words: ['list', 'extra'], says: 'too many arguments' },
    { words: ['prune', '--grace', '72'], says: 'is not a duration' },
    { words: ['bakcup', '/a'], says: 'Did you mean backup?' },
    { words: ['key', 'lst'], says: 'key needs one more word' },
    { words: ['list', '--verifed'], says: 'Did you mean --verified?' },
    { words: ['export', 'latest', '--output', 'x.zip'], says: '.tar.zst' },
    { words: ['export', 'latest'], says: '--output is missing' },
  ])('refuses "$words" with status 2 and says: $says', async ({ words, says }) => {
    const { status, messages, output } = await runFake(words, one());
    expect({ status, output }).toEqual({ status: 2, output: '' });
    expect(messages).toContain(says);
  });

  it.each([
    { error: new HoldfastError('not_found', 'no such snapshot', { advice: 'See list.' }), status: 10 },
    { error: new HoldfastError('locked', 'busy'), status: 11 },
    { error: new HoldfastError('damaged', 'broken'), status: 13 },
    { error: new HoldfastError('storage_full', 'full'), status: 14 },
    { error: new Error('a bug'), status: 1 },
  ])('exits with $status on "$error.message" and gives it as JSON', async ({ error, status }) => {
    const result = await runFake(['list', '--json'], fakeRepository({ fails: error }));
    expect(result.status).toBe(status);
    const { error: shown } = JSON.parse(result.output);
    expect(shown.code).toBe(error instanceof HoldfastError ? error.code : 'internal');
    expect(shown.message).toContain(error.message);
    expect(Object.keys(shown)).toEqual(['code', 'message', 'advice']);
    expect(result.messages).toBe('');
  });

  it('shows no stack trace unless HOLDFAST_DEBUG is set', async () => {
    const repository = fakeRepository({ fails: new Error('a bug') });
    expect((await runFake(['list'], repository)).messages).toMatch(
      /^holdfast: Unexpected error: a bug\n.*HOLDFAST_DEBUG=1.*\n$/,
    );
    expect((await runFake(['list'], repository, { environment: { HOLDFAST_DEBUG: '1' } })).messages).toContain(
      'run.test.ts',
    );
  });

  it('exits with 3 when files could not be read', async () => {
    const { status, output } = await runFake(['backup', '/srv/app'], fakeRepository({ backup: { unreadable: 2 } }));
    expect(status).toBe(3);
    expect(output).toContain('2 files could not be read');
  });

  it('exits with 13 when verify finds damage, and still gives the result', async () => {
    const damaged = [
      {
        object: 'packs/ab/abcd',
        kind: 'pack',
        problem: 'its checksum differs',
        files: ['1234abcd:a.txt'],
        filesTotal: 1,
      },
    ];
    const { status, output } = await runFake(['verify', '--json'], one({ verify: { damaged } }));
    expect(status).toBe(13);
    expect(JSON.parse(output).damaged).toEqual(damaged);
  });

  it('closes what it opened, also after a failure', async () => {
    const repository = one();
    await runFake(['list'], repository);
    await runFake(['ls', 'nonsense'], repository);
    expect({ opened: repository.opened, closed: repository.closed }).toEqual({ opened: 2, closed: 2 });
  });

  it('stops on request with 130 and leaves no half answer', async () => {
    const repository = fakeRepository({ hangs: true });
    const { status, output } = await runFake(['backup', '/a'], repository, { onStart: (stop) => setTimeout(stop, 20) });
    expect({ status, output, closed: repository.closed }).toEqual({ status: 130, output: '', closed: 1 });
  });

  it('streams a listing into one JSON document', async () => {
    const { output } = await runFake(['ls', 'latest', '--json'], one());
    expect(JSON.parse(output)).toMatchObject({ path: '', entries: [{ path: 'settings.json', size: 1234 }] });
  });

  it('prints checksums as they are into a pipe', async () => {
    const sums = [Buffer.from('ab  a\n'), Buffer.from('cd  b\n')];
    expect((await runFake(['show', 'latest', '--sha256sums'], one({ sums }))).output).toBe('ab  a\ncd  b\n');
  });

  it('pages', async () => {
    const repository = withSnapshots(summary(3), summary(2), summary(1))();
    const { output } = await runFake(['list', '--limit', '2', '--page', '2', '--json'], repository);
    expect(JSON.parse(output)).toMatchObject({ total: 3, page: 2, pages: 2, snapshots: [{ id: summary(1).id }] });
  });

  it('takes global options before and after the command', async () => {
    const { output } = await runFake(['--json', '--repo', '/other', 'stats'], one());
    expect(JSON.parse(output).location).toBe('/other');
  });

  it('explains itself', async () => {
    const overview = await runFake([], one());
    const page = await runFake(['restore', '--help'], one());
    expect(overview.output).toMatch(/backup +Take a snapshot/);
    expect(overview.output).toMatch(/-r, --repo REPO/);
    expect(page.output).toContain('Usage: holdfast restore [ID] [options]');
    expect((await runFake(['help', 'restore'], one())).output).toBe(page.output);
    expect((await runFake(['key', '--help'], one())).output).toContain('key passwd');
    const all = (await runFake(['help'], one())).output;
    expect(all).toMatch(/Of a bot, with --config FILE\n.*retention/);
    expect((await runFake(['schedule', '--help'], one())).output).toContain('schedule pause');
    expect((await runFake(['help', 'retention'], one())).output).toContain('--config FILE');
    expect((await runFake(['--version'], one())).output).toBe('1.2.3\n');
  });
});

describe('restore on the command line', () => {
  it('ends a preview with "Nothing was written"', async () => {
    const { status, output } = await runFake(['restore', 'latest', '--to', '/new'], one({ restore: CHANGES }));
    expect(status).toBe(0);
    expect(output.trimEnd().split('\n').at(-1)).toBe('Nothing was written.');
  });

  it('is refused with 15 without a terminal and --yes when something would change', async () => {
    const repository = one({ restore: CHANGES });
    const { status, messages } = await runFake(['restore', 'latest', '--to', '/old', '--apply'], repository);
    expect(status).toBe(15);
    expect(messages).toContain('--yes');
    expect(repository.calls).not.toContain('restore');
  });

  it('needs no answer where it only adds', async () => {
    const repository = one();
    const { status } = await runFake(['restore', 'latest', '--to', '/new', '--apply'], repository);
    expect({ status, calls: repository.calls }).toEqual({ status: 0, calls: ['plan', 'restore'] });
  });

  it('plans once when --yes has answered', async () => {
    const repository = one({ restore: CHANGES });
    expect((await runFake(['restore', 'latest', '--to', '/old', '--apply', '--yes'], repository)).status).toBe(0);
    expect(repository.calls).toEqual(['restore']);
  });

  it.each([
    { typed: 'y', status: 0, calls: ['plan', 'restore'] },
    { typed: 'n', status: 15, calls: ['plan'] },
    { typed: '', status: 15, calls: ['plan'] },
  ])('asks on a terminal; "$typed" gives status $status', async ({ typed, status, calls }) => {
    const repository = one({ restore: CHANGES });
    const result = await runFake(['restore', 'latest', '--to', '/old', '--apply'], repository, { terminal: [typed] });
    expect({ status: result.status, calls: repository.calls }).toEqual({ status, calls });
    expect(result.messages).toContain('Restore into /old? [y/N]');
  });

  it('exits with 13 when damaged content was left out', async () => {
    const damaged = [{ object: 'packs/ab/abcd', kind: 'pack', problem: 'is missing', files: [], filesTotal: 4 }];
    const words = ['restore', 'latest', '--to', '/new', '--apply', '--keep-going'];
    expect((await runFake(words, one({ restore: { damaged } }))).status).toBe(13);
  });
});

describe('other destructive commands', () => {
  it.each([[['forget', '--keep-last', '1']], [['prune', '--grace', '0s']], [['key', 'remove', 'ab12']]])(
    '%j runs in a script without an answer',
    async (words) => {
      expect((await runFake(words, two())).status).toBe(0);
    },
  );

  it.each([[['forget', '--keep-last', '1']], [['prune', '--grace', '0s']], [['key', 'remove', 'ab12']]])(
    '%j asks where a person is there',
    async (words) => {
      const { status, messages } = await runFake(words, two(), { terminal: ['n'] });
      expect(status).toBe(15);
      expect(messages).toContain('[y/N]');
    },
  );
});

describe('passphrases', () => {
  const file = async (content: string): Promise<string> => {
    const path = join(await mkdtemp(join(tmpdir(), 'holdfast-')), 'passphrase');
    await writeFile(path, content);
    return path;
  };

  it('come from the named file before the environment', async () => {
    const words = ['list', '--password-file', await file('secret\n')];
    expect((await runFake(words, one(), { environment: { HOLDFAST_PASSWORD: 'wrong' } })).status).toBe(0);
  });

  it('come from the file of HOLDFAST_PASSWORD_FILE before HOLDFAST_PASSWORD', async () => {
    const environment = { HOLDFAST_PASSWORD_FILE: await file('secret\r\n'), HOLDFAST_PASSWORD: 'wrong' };
    expect((await runFake(['list'], one(), { environment })).status).toBe(0);
  });

  it('give 12 when they are wrong', async () => {
    expect((await runFake(['list'], one(), { environment: { HOLDFAST_PASSWORD: 'wrong' } })).status).toBe(12);
  });

  it('are asked for by name when nobody can be asked', async () => {
    const { status, messages } = await runFake(['list'], one(), { environment: { HOLDFAST_PASSWORD: '' } });
    expect(status).toBe(2);
    expect(messages).toContain('--password-file FILE, HOLDFAST_PASSWORD_FILE or HOLDFAST_PASSWORD');
  });

  it('of a second repository default to the first one', async () => {
    const repository = one();
    expect((await runFake(['copy', '--to', '/second'], repository)).status).toBe(0);
    expect(repository.requests.at(-1)).toEqual({ ids: [summary(1).id], to: '/second' });
  });

  it('that are to be set have their own file', async () => {
    const repository = one();
    await runFake(['key', 'add', '--label', 'office', '--new-password-file', await file('fresh')], repository);
    expect(repository.requests.at(-1)).toEqual({ passphrase: 'fresh', label: 'office' });
  });
});

describe('export', () => {
  it('writes the archive under its name only when it is whole', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-'));
    const output = join(folder, 'app.tar.gz');
    const repository = one();
    expect((await runFake(['export', 'latest', '--output', output], repository)).status).toBe(0);
    expect(await readFile(output, 'utf8')).toBe('tar bytes');
    expect(repository.requests.at(-1)).toMatchObject({ format: 'tar.gz' });
  });

  it('keeps an existing file when it fails', async () => {
    const output = join(await mkdtemp(join(tmpdir(), 'holdfast-')), 'app.tar');
    await writeFile(output, 'old');
    const repository = one();
    const open = repository.open;
    repository.open = async (request) => {
      const engine = await open(request);
      engine.exportTar = async () => {
        throw new HoldfastError('damaged', 'a chunk is missing');
      };
      return engine;
    };
    expect((await runFake(['export', 'latest', '--output', output], repository)).status).toBe(13);
    expect(await readFile(output, 'utf8')).toBe('old');
  });

  it('gives standard output to the archive and its result to standard error', async () => {
    const { output, messages } = await runFake(['export', 'latest', '--output', '-', '--json'], one());
    expect(output).toBe('tar bytes');
    expect(JSON.parse(messages)).toMatchObject({ files: 3, format: 'tar' });
  });
});

describe('a command of the command line alone', () => {
  it('is explained like any other', async () => {
    const only: LocalCommand = { name: 'only', summary: 'Do it here', input: {}, run: async () => 0 };
    const { status, output } = await runFake(['only', '--help'], fakeRepository(), { locals: [only] });
    expect(status).toBe(0);
    expect(output).toContain('Do it here');
  });
});
