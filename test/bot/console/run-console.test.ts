import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { namedRepository } from '../../../src/bot/console/console-repository.ts';
import { runConsole } from '../../../src/bot/console/run-console.ts';
import { type FakeRepository, fakeRepository, summary } from '../../helpers/fake-engine.ts';

class Capture extends Writable {
  text = '';
  columns = 100;

  override _write(piece: Buffer, _encoding: string, done: () => void): void {
    this.text += piece.toString('utf8');
    done();
  }
}

interface Running {
  status: Promise<number>;
  output: Capture;
  type(text: string): void;
  end(): void;
  /** Resolves once the output holds `text`. */
  until(text: string): Promise<void>;
}

function start(repository: FakeRepository, interactive: boolean): Running {
  const input = new PassThrough();
  const [output, messages] = [new Capture(), new Capture()];
  let monotonicMs = 0;
  const status = runConsole({
    input,
    output,
    messages,
    interactive,
    environment: { NO_COLOR: '1' },
    repository: namedRepository('/repo', async () => 'secret'),
    secrets: { current: unasked, first: unasked, other: unasked, fresh: unasked },
    door: repository,
    user: () => 'tester@here',
    now: () => Date.UTC(2026, 10, 20, 12),
    monotonic: () => (monotonicMs += 200),
    onStop: () => () => {},
    exit(code) {
      throw new Error(`exit ${code}`);
    },
  });
  const until = async (text: string): Promise<void> => {
    const end = performance.now() + 3000;
    while (!output.text.includes(text)) {
      if (performance.now() > end) throw new Error(`no ${JSON.stringify(text)} in ${JSON.stringify(output.text)}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  return { status, output, type: (text) => input.write(text), end: () => input.end(), until };
}

async function unasked(): Promise<string> {
  throw new Error('nobody should ask for this passphrase');
}

/** Runs a script; gives the exit status and the transcript without the greeting. */
async function script(text: string, repository = fakeRepository()): Promise<{ status: number; transcript: string }> {
  const running = start(repository, false);
  running.type(text);
  running.end();
  const status = await running.status;
  const { text: all } = running.output;
  return { status, transcript: all.includes('\n> ') ? all.slice(all.indexOf('\n> ') + 1) : all };
}

const CHANGED = { restore: { changed: { files: 1, directories: 0, others: 0, bytes: 9 } } };

describe('the console as a script', () => {
  it('answers in order and echoes each command', async () => {
    const { status, transcript } = await script('/backup /srv/app\n/list\n');
    expect(status).toBe(0);
    const places = ['> /backup /srv/app', 'Backed up /srv/app', '> /list', '  /srv/app'].map((part) =>
      transcript.indexOf(part),
    );
    expect(places, transcript).toEqual(places.toSorted((a, b) => a - b));
    expect(places).not.toContain(-1);
  });

  it('takes the next line as the answer to a question', async () => {
    const repository = fakeRepository(CHANGED);
    const { status, transcript } = await script('/backup /srv/app\n/restore\n1\n', repository);
    expect({ status, calls: repository.calls }).toEqual({ status: 0, calls: ['backup', 'plan', 'restore'] });
    expect(transcript).toContain('1) Restore  2) Cancel\n1 or 2> 1\n');
    expect(repository.requests[2]).toMatchObject({ snapshot: 'latest', inPlace: true, apply: true });
  });

  it.each([{ answer: '2\n' }, { answer: '' }, { answer: '/list\n' }])(
    'restores nothing when the answer is $answer',
    async ({ answer }) => {
      const repository = fakeRepository(CHANGED);
      const { status, transcript } = await script(`/backup /srv/app\n/restore\n${answer}`, repository);
      expect(status).toBe(0);
      expect(repository.calls).not.toContain('restore');
      expect(transcript).toContain('Cancelled; nothing was changed.');
      expect(repository.calls.includes('list')).toBe(answer.startsWith('/'));
    },
  );

  it('asks before it restores even where only something would be added', async () => {
    const repository = fakeRepository();
    await script('/backup /srv/app\n/restore --to /new\n2\n', repository);
    expect(repository.calls).toEqual(['backup', 'plan']);
    expect(repository.requests[1]).toMatchObject({ to: '/new' });
    expect(repository.requests[1]).not.toHaveProperty('inPlace');
  });

  it('goes on after a failing command and ends with 1', async () => {
    const { status, transcript } = await script(
      '/show\n/bakcup\n/list --nope\n/backup "open\n# a comment\n\n/whoami\n/quit\n/list\n',
    );
    expect(status).toBe(1);
    expect(transcript).toContain('Did you mean /backup?');
    expect(transcript).toContain('You are tester@here');
    expect(transcript).not.toContain('> /list\n');
  });

  it('counts damage as a failure', async () => {
    const damaged = [{ object: 'packs/ab/abcd', kind: 'pack', problem: 'is missing', files: [], filesTotal: 0 }];
    expect((await script('/verify\n', fakeRepository({ verify: { damaged } }))).status).toBe(1);
  });

  it('explains every command', async () => {
    const { status, transcript } = await script('/help\n/help restore\n');
    expect(status).toBe(0);
    expect(transcript).toContain('/quit');
    expect(transcript).toContain('Usage: /restore [ID] [options]');
  });

  it('opens the repository once and closes it', async () => {
    const repository = fakeRepository();
    await script('/backup /srv/app\n/list\n/stats\n', repository);
    expect({ opened: repository.opened, closed: repository.closed }).toEqual({ opened: 1, closed: 1 });
  });

  it('never lets a name reach the output raw', async () => {
    const backup = { source: '\x1b]0;owned\x07\u202eevil', warnings: ['\x1b[2J gone'] };
    const { transcript } = await script('/backup /srv/app\n', fakeRepository({ backup }));
    expect(transcript).toContain('\\x1b]0;owned\\x07\\u202eevil');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what must not be there
    expect(transcript).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
  });
});

describe('the console on a terminal', () => {
  it('shows progress above the prompt and keeps what is half typed', async () => {
    const running = start(fakeRepository({ hangs: true }), true);
    running.type('/backup /srv/app\n');
    await running.until('backing up');
    running.type('/li');
    await running.until('/li');
    running.type('\x03');
    running.type('\x03');
    await running.until('Cancelled');
    running.type('/quit\n');
    expect(await running.status).toBe(0);
  });

  it('leaves on the second Ctrl-C while idle', async () => {
    const running = start(fakeRepository(), true);
    await running.until('> ');
    running.type('\x03');
    await running.until('once more leaves');
    running.type('\x03');
    expect(await running.status).toBe(130);
  });

  it('does not take what was typed ahead as the answer', async () => {
    const repository = fakeRepository(CHANGED);
    const running = start(repository, true);
    running.type('/backup /srv/app\n/restore\n1\n');
    await running.until('1) Restore');
    running.type('2\n');
    await running.until('Cancelled');
    running.end();
    await running.status;
    expect(repository.calls).not.toContain('restore');
  });

  it.each([
    { typed: '/sho', shows: '/show ' },
    { typed: '/show ', shows: summary(0).id.slice(0, 8) },
    { typed: '/restore latest --saf', shows: '--safety' },
    { typed: '/restore latest --safety k', shows: 'keep-old' },
    { typed: '/key pas', shows: 'passwd' },
    { typed: '/backup ./test/bo', shows: '/backup ./test/bot/' },
  ])('completes "$typed" with Tab', async ({ typed, shows }) => {
    const repository = fakeRepository();
    repository.snapshots.push(summary(0), summary(1));
    const running = start(repository, true);
    await running.until('> ');
    // Each key by itself: what comes in one piece is taken for pasted text, in which a tab is a tab.
    running.type(typed);
    await running.until(typed);
    running.type('\t');
    await new Promise((resolve) => setTimeout(resolve, 20));
    running.type('\t');
    await running.until(shows);
    running.end();
    await running.status;
  });
});
