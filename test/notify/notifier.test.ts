import { describe, expect, it } from 'vitest';
import { HoldfastError } from '../../src/shared/errors.ts';
import { buttonOf, wordsOf } from '../helpers/memory-platform.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, NotifyStage } from '../helpers/notify-stage.ts';
import { SeededRandom, testSeed } from '../helpers/seeded-random.ts';

const TEN = Array.from({ length: 10 }, (_, i) => `source${i}`);

/** Each of `items`, in an order that depends on the random source. */
function shuffled<T>(items: readonly T[], random: SeededRandom): T[] {
  return items
    .map((item) => ({ item, at: random.below(1_000_000) }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

describe('success', () => {
  it('is one message for each source and day, which every run edits', async () => {
    const stage = new NotifyStage();
    for (let hour = 0; hour < 24; hour++) {
      await stage.succeeds('app');
      if (hour % 6 === 0) await stage.succeeds('db');
      await stage.pass(HOUR_MS);
    }
    expect(stage.said()).toEqual([
      expect.stringContaining('app: backed up 24 times on 2030-01-01'),
      expect.stringContaining('db: backed up 4 times on 2030-01-01'),
    ]);
    await stage.succeeds('app');
    expect(stage.said()[2]).toContain('app: backed up once on 2030-01-02');
  });

  it('counts days in the zone of the configuration', async () => {
    const stage = new NotifyStage({ all: 'timeZone: Pacific/Auckland' });
    await stage.succeeds('app');
    await stage.pass(12 * HOUR_MS);
    await stage.succeeds('app');
    expect(stage.said()).toEqual([
      expect.stringContaining('once on 2030-01-01'),
      expect.stringContaining('once on 2030-01-02'),
    ]);
  });
});

describe('failure', () => {
  it('tells cause, phase, the last good backup and what to try, with buttons', async () => {
    const stage = new NotifyStage();
    await stage.succeeds('app');
    await stage.pass(HOUR_MS);
    await stage.fails('app', { code: 'storage_full', message: 'No space left', advice: 'Make room.' });
    await stage.pass(MINUTE_MS);
    const said = stage.said()[1];
    expect(said).toContain('The backup of app failed');
    expect(said).toContain('Make room.');
    expect(said).toContain('Cause: No space left');
    expect(said).toContain('Phase: storing');
    expect(said).toMatch(/Last good backup: .*snapshot job10000/);
    const view = stage.platform.messages[1]!.view;
    const purposes = ['Retry', 'Log', 'Snooze 1 d', 'Acknowledge'].map((label) =>
      stage.pressed.get(buttonOf(view, label) ?? ''),
    );
    expect(purposes.map((purpose) => purpose?.command)).toEqual([
      'backup',
      'incident log',
      'incident snooze',
      'incident acknowledge',
    ]);
    expect(purposes[0]?.raw).toEqual({ source: 'app' });
  });

  it('is told again after 1 h, 6 h, 24 h and then daily, while it goes on', async () => {
    const stage = new NotifyStage();
    const told: number[] = [];
    for (let minute = 0; minute < 4 * 24 * 60; minute += 10) {
      if (minute % 60 === 0) await stage.fails('app');
      await stage.pass(10 * MINUTE_MS);
      while (told.length < stage.said().length) told.push(minute);
    }
    const hours = told.map((minute) => Math.floor(minute / 60));
    expect(hours).toEqual([0, 1, 7, 31, 55, 79]);
    expect(stage.said().at(-1)).toContain('still fails');
  });

  it('is quiet where nothing was tried again', async () => {
    const stage = new NotifyStage();
    await stage.fails('app');
    await stage.pass(3 * DAY_MS);
    expect(stage.said()).toHaveLength(1);
  });

  it('that was acknowledged is quiet until it recovers', async () => {
    const stage = new NotifyStage();
    await stage.fails('app');
    await stage.pass(MINUTE_MS);
    await stage.notifier.incidents.acknowledge(stage.notifier.incidents.list()[0]!, 'Ann');
    for (let hour = 0; hour < 60; hour++) {
      await stage.fails('app');
      await stage.pass(HOUR_MS);
    }
    expect(stage.said()).toHaveLength(1);
    expect(stage.said()[0]).toContain('Acknowledged by Ann');
    expect(buttonOf(stage.platform.messages[0]!.view, 'Acknowledge')).toBeUndefined();
    await stage.succeeds('app');
    await stage.pass(MINUTE_MS);
    expect(stage.said().filter((said) => said.includes('app is backed up again after 2 d'))).toHaveLength(1);
  });

  it('that was acknowledged is told again when it hits another source', async () => {
    const stage = new NotifyStage();
    await stage.fails('app');
    await stage.pass(MINUTE_MS);
    await stage.notifier.incidents.acknowledge(stage.notifier.incidents.list()[0]!, 'Ann');
    await stage.pass(5 * HOUR_MS);
    await stage.fails('db');
    await stage.pass(MINUTE_MS);
    expect(stage.said()).toHaveLength(2);
    expect(stage.said()[1]).toMatch(/2 backups still fail for one reason[\s\S]*app[\s\S]*db/);
  });

  it('that was snoozed is quiet until then, and told then', async () => {
    const stage = new NotifyStage();
    await stage.fails('app');
    await stage.pass(MINUTE_MS);
    await stage.notifier.incidents.snooze(stage.notifier.incidents.list()[0]!, DAY_MS);
    for (let hour = 0; hour < 23; hour++) {
      await stage.fails('app');
      await stage.pass(HOUR_MS);
    }
    expect(stage.said()).toHaveLength(1);
    expect(stage.said()[0]).toContain('Snoozed until');
    await stage.pass(2 * HOUR_MS);
    expect(stage.said()).toHaveLength(2);
    expect(stage.said()[1]).toContain('still fails');
  });

  it('that was over while it was snoozed is told as over then', async () => {
    const stage = new NotifyStage();
    await stage.fails('app');
    await stage.pass(MINUTE_MS);
    await stage.notifier.incidents.snooze(stage.notifier.incidents.list()[0]!, DAY_MS);
    await stage.pass(HOUR_MS);
    await stage.succeeds('app');
    await stage.pass(HOUR_MS);
    expect(stage.said()).toHaveLength(2);
    await stage.pass(DAY_MS);
    expect(stage.said()[2]).toContain('app is backed up again after 1 h');
  });

  it('that is over within moments is told by nobody', async () => {
    const stage = new NotifyStage();
    await stage.fails('app');
    await stage.pass(10_000);
    await stage.succeeds('app');
    await stage.pass(DAY_MS);
    expect(stage.said()).toEqual([expect.stringContaining('app: backed up')]);
  });

  it('for another reason is another one, and both are over with one message', async () => {
    const stage = new NotifyStage();
    await stage.fails('app', { message: 'first' });
    await stage.pass(HOUR_MS);
    await stage.fails('app', { message: 'second' });
    await stage.pass(HOUR_MS);
    await stage.succeeds('app');
    await stage.pass(HOUR_MS);
    const said = stage.said();
    expect(said).toHaveLength(4);
    expect(said[0]).toContain('became another one');
    expect(said.filter((one) => /^app is backed up again after 2 h/.test(one))).toHaveLength(1);
  });

  it('that turns from one reason to another and back does not tell each turn', async () => {
    const stage = new NotifyStage();
    for (let hour = 0; hour < 12; hour++) {
      await stage.fails('app', { message: hour % 2 === 0 ? 'first' : 'second' });
      await stage.pass(HOUR_MS);
    }
    expect(stage.said().length).toBeLessThanOrEqual(6);
  });
});

describe('many sources', () => {
  it.each(Array.from({ length: 5 }, (_, i) => testSeed() + i))(
    'that fail for one reason and one for another make two messages that name all, and recover in one each (seed %i)',
    async (seed) => {
      const random = new SeededRandom(seed);
      const stage = new NotifyStage({ sources: [...TEN, 'other'], seed });
      const steps = (kind: 'fail' | 'succeed') =>
        shuffled([...TEN, 'other'], random).map((source) => async () => {
          if (kind === 'succeed') await stage.succeeds(source);
          else if (source === 'other')
            await stage.fails(source, { code: 'command_failed', message: 'The hook failed' });
          else
            await stage.fails(source, {
              code: 'storage_full',
              message: `Cannot store ${random.below(1000)} bytes of /srv/${source}/x`,
            });
          await stage.pass(random.below(40_000));
          if (random.below(4) === 0) stage.restart();
        });
      for (const step of steps('fail')) await step();
      await stage.pass(10 * MINUTE_MS);
      const failures = stage.said();
      expect(failures).toHaveLength(2);
      const [one, other] = failures.toSorted((a, b) => b.length - a.length);
      for (const source of TEN) expect(one).toContain(source);
      expect(one).toContain('10 backups failed for one reason');
      expect(other).toContain('The backup of other failed');
      for (const step of steps('succeed')) await step();
      await stage.pass(10 * MINUTE_MS);
      const again = stage.said().filter((said) => said.includes('backed up again') && !said.startsWith('Over'));
      expect(again).toHaveLength(2);
      expect(again.filter((said) => TEN.every((source) => said.includes(source)))).toHaveLength(1);
      expect(stage.said()).toHaveLength(2 + 2 + 11);
    },
  );
});

describe('a week of success', () => {
  it('makes one message for each source and day and seven digests, also over restarts', async () => {
    const stage = new NotifyStage({ sources: ['app', 'db', 'mail'] });
    for (let hour = 0; hour < 7 * 24; hour++) {
      for (const source of ['app', 'db', 'mail']) await stage.succeeds(source);
      await stage.happens({ kind: 'maintenance_done', task: 'prune', summary: 'freed 1 MiB' });
      if (hour % 24 === 8) stage.notifier.digest();
      if (hour % 5 === 0) stage.restart();
      await stage.pass(HOUR_MS);
    }
    const said = stage.said();
    expect(said.filter((one) => /: backed up 24 times on 2030-01-0[1-7]/.test(one))).toHaveLength(3 * 7);
    expect(said.filter((one) => one.startsWith('Backups on 2030-01-0'))).toHaveLength(7);
    expect(said).toHaveLength(3 * 7 + 7);
    expect(stage.state.document.unattended.outbox.length).toBeLessThan(30);
    expect(JSON.stringify(stage.state.document.unattended.outbox).length).toBeLessThan(20_000);
  });
});

describe('the digest', () => {
  it('begins with what is silent, and knows good backups from the history too', async () => {
    const stage = new NotifyStage({ sources: ['app', 'db', 'mail'] });
    await stage.succeeds('app');
    stage.state.document.unattended.lastGood = {};
    await stage.pass(25 * HOUR_MS);
    await stage.succeeds('db');
    await stage.fails('mail');
    stage.notifier.digest();
    stage.notifier.digest();
    await stage.pass(MINUTE_MS);
    const digests = stage.said().filter((said) => said.startsWith('Backups on'));
    expect(digests).toEqual([
      expect.stringMatching(
        /^Backups on 2030-01-02\n2 sources without a recent backup\n\napp: last good backup .*\nmail: no good backup is known\n1 open trouble/,
      ),
    ]);
  });
});

describe('what happens beside backups', () => {
  it('tells missed runs of all sources in one message', async () => {
    const stage = new NotifyStage();
    const due = ['2030-01-01T02:00:00.000Z'];
    await stage.happens(
      { kind: 'missed', source: 'app', classes: ['daily'], due, policy: 'run_once' },
      { kind: 'missed', source: 'app', classes: ['hourly'], due, policy: 'run_once' },
      { kind: 'missed', source: 'db', classes: ['daily'], due, policy: 'alert' },
    );
    await stage.pass(MINUTE_MS);
    expect(stage.said()).toHaveLength(1);
    expect(stage.said()[0]).toMatch(/2 sources missed[\s\S]*app \(daily, hourly\)[\s\S]*db \(daily\)/);
  });

  it('tells a stale source, and that it is fresh again, once each', async () => {
    const stage = new NotifyStage();
    await stage.happens({ kind: 'stale', source: 'app', since: null, limitMs: DAY_MS });
    await stage.pass(MINUTE_MS);
    await stage.succeeds('app');
    await stage.happens({ kind: 'fresh_again', source: 'app' });
    await stage.pass(MINUTE_MS);
    expect(stage.said()).toEqual([
      expect.stringContaining('Over after'),
      expect.stringContaining('app: backed up'),
      expect.stringContaining('app is backed up again'),
    ]);
  });

  it('adds that a source is stale to the trouble that it has already', async () => {
    const stage = new NotifyStage();
    await stage.fails('app');
    await stage.fails('db');
    await stage.pass(MINUTE_MS);
    await stage.happens({ kind: 'stale', source: 'app', since: null, limitMs: DAY_MS });
    await stage.pass(HOUR_MS);
    expect(stage.said()).toHaveLength(1);
    expect(stage.said()[0]).toContain('older than it may be');
  });

  it('takes what could not be started for a failure of its source', async () => {
    const stage = new NotifyStage();
    const error = { code: 'locked', message: 'Another program has it', advice: null, phase: 'starting' };
    await stage.happens({ kind: 'not_started', source: 'app', classes: ['daily'], due: '2030-01-01T00:00:00Z', error });
    await stage.pass(MINUTE_MS);
    expect(stage.said()).toEqual([expect.stringContaining('The backup of app failed')]);
  });

  it('counts failed maintenance to the trouble of the same cause, until it works again', async () => {
    const stage = new NotifyStage();
    const error = { code: 'store_unavailable', message: 'It is away', advice: null, phase: 'listing' };
    await stage.fails('app', { code: 'store_unavailable', message: 'No answer' });
    await stage.happens({ kind: 'maintenance_failed', task: 'prune', error });
    await stage.pass(MINUTE_MS);
    expect(stage.said()).toEqual([
      expect.stringMatching(/1 backup, prune failed for one reason[\s\S]*app[\s\S]*prune/),
    ]);
    await stage.succeeds('app');
    await stage.happens({ kind: 'maintenance_done', task: 'prune', summary: '' });
    await stage.pass(MINUTE_MS);
    expect(stage.said().at(-1)).toContain('1 source, prune work again');
  });

  it('tells that the ping of a source, its hook or the runbook works again, whatever those of others do', async () => {
    const stage = new NotifyStage();
    const error = { code: 'failed', message: 'No answer', advice: null, phase: 'pinging' };
    const runbook = { code: 'failed', message: 'It could not be written', advice: null, phase: 'runbook' };
    await stage.happens(
      { kind: 'maintenance_failed', task: 'ping', source: 'app', error },
      { kind: 'maintenance_failed', task: 'runbook', error: runbook },
    );
    await stage.pass(MINUTE_MS);
    expect(stage.said()).toEqual([
      expect.stringContaining('The ping of app failed'),
      expect.stringContaining('The runbook failed'),
    ]);
    await stage.happens({ kind: 'task_works', task: 'ping', source: 'db' });
    await stage.pass(MINUTE_MS);
    expect(stage.said()).toHaveLength(2);
    await stage.happens({ kind: 'task_works', task: 'ping', source: 'app' }, { kind: 'task_works', task: 'runbook' });
    await stage.pass(MINUTE_MS);
    expect(stage.said().slice(2)).toEqual([
      expect.stringContaining('The ping of app works again'),
      expect.stringContaining('The runbook works again'),
    ]);
  });

  it('tells what fills up at every crossing, and that it has room again', async () => {
    const stage = new NotifyStage();
    const filling = { kind: 'filling', what: 'cap', place: '/r', limitBytes: 1000, daysLeft: 3 } as const;
    await stage.happens({ ...filling, level: 80, usedBytes: 810 });
    await stage.pass(MINUTE_MS);
    await stage.happens({ ...filling, level: 90, usedBytes: 910 });
    await stage.happens({ kind: 'emptied', what: 'cap', place: '/r', usedBytes: 300, limitBytes: 1000 });
    expect(stage.said()).toEqual([
      expect.stringContaining('The repository is 81 % full'),
      expect.stringContaining('The repository is 91 % full'),
      expect.stringContaining('has room again'),
    ]);
  });

  it('asks about a hold with two buttons, and shows the answer in their place', async () => {
    const stage = new NotifyStage();
    await stage.happens({ kind: 'hold', source: 'app', suspect: 'aa', kept: 'bb', reasons: ['60 % changed'] });
    const [message] = stage.platform.messages;
    expect(wordsOf(message!.view)).toContain('60 % changed');
    expect(stage.pressed.get(buttonOf(message!.view, 'Looks right') ?? '')?.command).toBe('hold accept');
    await stage.happens({ kind: 'hold_answered', source: 'app', verdict: 'looks right', by: 'Ann' });
    expect(stage.said()).toEqual([expect.stringContaining('Ann says that the last backup of app looks right')]);
    expect(buttonOf(message!.view, 'Looks right')).toBeUndefined();
  });

  it('tells of a lost state and a broken audit log once a day, and of interrupted jobs together', async () => {
    const stage = new NotifyStage();
    for (let i = 0; i < 3; i++) {
      await stage.happens(
        { kind: 'state_fallback', reason: 'is no JSON' },
        { kind: 'audit_broken', reason: 'line 3' },
        { kind: 'interrupted', job: `j${i}`, what: 'backup of app' },
      );
    }
    await stage.pass(MINUTE_MS);
    expect(stage.said()).toHaveLength(3);
    expect(stage.said()[2]).toContain('3 jobs were interrupted');
  });
});

describe('secrets', () => {
  it('in errors are neither told nor remembered', async () => {
    const stage = new NotifyStage();
    await stage.happens({
      kind: 'maintenance_failed',
      task: 'prune',
      error: { code: 'failed', message: 'refused hunter2', advice: 'not hunter2', phase: 'hunter2' },
    });
    await stage.pass(MINUTE_MS);
    expect(stage.said()).toEqual([expect.stringContaining('refused [secret]')]);
    expect(JSON.stringify(stage.state.document)).not.toContain('hunter2');
  });
});

describe('routes', () => {
  it('take to each channel what is severe enough for it', async () => {
    const stage = new NotifyStage({
      routes: [
        { platform: 'memory', channel: 'all', from: 'info' },
        { platform: 'memory', channel: 'some', from: 'warning' },
        { platform: 'memory', channel: 'few', from: 'failure' },
      ],
    });
    await stage.succeeds('db');
    await stage.fails('app');
    await stage.happens({
      kind: 'filling',
      what: 'disk',
      place: '/r',
      level: 80,
      usedBytes: 8,
      limitBytes: 10,
      daysLeft: null,
    });
    stage.notifier.digest();
    await stage.pass(MINUTE_MS);
    expect(stage.said('all')).toHaveLength(4);
    expect(stage.said('some')).toHaveLength(2);
    expect(stage.said('few')).toEqual([expect.stringContaining('The backup of app failed')]);
  });
});

describe('a chat that cannot be reached', () => {
  it('gets what waits for it in order, once, also after a restart', async () => {
    const stage = new NotifyStage();
    stage.platform.broken = new HoldfastError('platform_unavailable', 'It is down');
    await stage.succeeds('db');
    await stage.fails('app');
    await stage.pass(3 * HOUR_MS);
    await stage.succeeds('db');
    stage.restart();
    await stage.pass(HOUR_MS);
    expect(stage.said()).toEqual([]);
    expect(stage.warnings[0]).toContain('It is down');
    stage.platform.broken = undefined;
    await stage.pass(20 * MINUTE_MS);
    expect(stage.said()).toEqual([
      expect.stringContaining('db: backed up 2 times'),
      expect.stringContaining('The backup of app failed'),
    ]);
  });

  it('that is not there yet keeps nothing else waiting', async () => {
    const stage = new NotifyStage();
    stage.isUp = false;
    await stage.fails('app');
    await stage.pass(HOUR_MS);
    stage.isUp = true;
    stage.notifier.wake();
    await stage.pass(0);
    expect(stage.said()).toEqual([expect.stringContaining('The backup of app failed')]);
  });

  it('gets a message anew that somebody deleted', async () => {
    const stage = new NotifyStage();
    await stage.succeeds('app');
    stage.platform.messages.length = 0;
    await stage.succeeds('app');
    expect(stage.said()).toEqual([expect.stringContaining('app: backed up 2 times')]);
  });

  it('shows what is true now where an earlier post had arrived although its answer was lost', async () => {
    const stage = new NotifyStage();
    const post = stage.platform.post.bind(stage.platform);
    let lost = 0;
    stage.platform.post = async (...args) => {
      const ref = await post(...args);
      if (lost++ === 0) throw new HoldfastError('platform_unavailable', 'The answer was lost');
      return ref;
    };
    await stage.succeeds('app');
    await stage.succeeds('app');
    await stage.pass(HOUR_MS);
    expect(stage.said()).toEqual([expect.stringContaining('app: backed up 2 times')]);
  });

  it('never makes the outbox grow without end', async () => {
    const stage = new NotifyStage({ sources: Array.from({ length: 30 }, (_, i) => `s${i}`) });
    stage.isUp = false;
    for (let day = 0; day < 30; day++) {
      for (let i = 0; i < 30; i++) await stage.succeeds(`s${i}`);
      if (day === 3) await stage.fails('s1');
      stage.notifier.digest();
      await stage.pass(DAY_MS);
    }
    const { outbox } = stage.state.document.unattended;
    expect(outbox.length).toBeLessThanOrEqual(200);
    expect(outbox.some(({ key }) => key.startsWith('incident'))).toBe(true);
    expect(outbox.filter(({ key }) => key.startsWith('digest'))).toHaveLength(1);
  });
});
