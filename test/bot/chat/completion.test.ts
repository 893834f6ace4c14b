import { expect, it } from 'vitest';
import { loadChatCommands } from '../../../src/bot/chat/chat-commands.ts';
import { Completion, type CompletionParts } from '../../../src/bot/chat/completion.ts';
import type { Suggestion } from '../../../src/bot/platform.ts';
import { ANN, HERE } from '../../helpers/chat-stage.ts';
import { summary } from '../../helpers/fake-engine.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';

type Snapshots = ReturnType<typeof summary>[];

/** Completion on a repository that gives its lists only when a test says so. */
async function openCompletion() {
  const clock = new ManualClock();
  const reads: ((snapshots: Snapshots) => void)[] = [];
  const list = (): Promise<Snapshots> => new Promise((resolve) => reads.push(resolve));
  const parts = {
    commands: await loadChatCommands(),
    services: { repository: async () => ({ list }) },
    configured: { sources: [{ name: 'app' }], restoreRoots: [] },
    runner: { jobs: [] },
    clock,
  };
  const completion = new Completion(parts as unknown as CompletionParts);
  const type = (partial: string, field = 'backup'): Promise<readonly Suggestion[]> =>
    completion.suggest({
      ...{ kind: 'completion', eventId: 'e', person: ANN, place: HERE },
      ...{ command: 'restore', field, partial, raw: {} },
    });
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return { clock, completion, reads, type, settled };
}

it('offers what is known without a list where the first one takes long', async () => {
  const { clock, type } = await openCompletion();
  const [backups, sources] = [type(''), type('', 'source')];
  await clock.advance(100);
  expect(await backups).toEqual([{ label: 'latest', value: 'latest' }]);
  expect(await sources).toEqual([{ label: 'app', value: 'app' }]);
});

it('offers what it knew before where the list is being read anew and takes long', async () => {
  const { clock, completion, reads, type, settled } = await openCompletion();
  completion.refresh();
  await settled();
  const known = summary(1, { source: 'app' });
  reads[0]?.([known]);
  await settled();
  await clock.advance(60_000);
  const late = type('');
  await clock.advance(100);
  expect((await late).map(({ value }) => value)).toEqual(['latest', known.id.slice(0, 8)]);
  const soon = type('');
  await settled();
  reads[1]?.([]);
  expect((await soon).map(({ value }) => value)).toEqual(['latest']);
});

it('finds a backup by the middle of its ID, its time, its source or a tag', async () => {
  const { completion, reads, type, settled } = await openCompletion();
  completion.refresh();
  await settled();
  const wanted = summary(7, { source: 'wiki', time: '2029-12-24T18:30:00Z', tags: ['nightly'] });
  reads[0]?.([summary(8, { source: 'app' }), wanted]);
  await settled();
  const short = wanted.id.slice(0, 8);
  for (const partial of [short.slice(2, 7), '2029-12-24 18:3', 'WIK', 'night']) {
    expect((await type(partial)).map(({ value }) => value)).toEqual([short]);
  }
  expect((await type('nightly'))[0]?.label).toBe(`${short} · wiki · 2029-12-24 18:30 · 7 days ago · nightly`);
});
