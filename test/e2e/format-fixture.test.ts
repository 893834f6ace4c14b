import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/backup/engine.ts';
import { listedEntry } from '../../src/backup/operations/browse/listed-entry.ts';
import { openPosix } from '../../src/backup/posix/open-posix.ts';
import { LocalStore } from '../../src/backup/stores/local.ts';
import { readProcessIdentity } from '../../src/shared/process-identity.ts';
import { compareRestored, RESCUE_LOSSES } from '../helpers/damage/compare-restored.ts';
import type { ExpectedLoss } from '../helpers/damage/content-map.ts';
import { openInline } from '../helpers/damage/open-inline.ts';
import { rescueInThread } from '../helpers/damage/rescue-worker.ts';
import {
  copyFixture,
  type DamagedFixture,
  type ExpectedSnapshot,
  expectedEntry,
  expectedTree,
  rawPath,
  readDamages,
  readExpected,
} from '../helpers/fixture-repository.ts';
import { holdfast } from '../helpers/holdfast-process.ts';
import { rememberScrypt } from '../helpers/remember-scrypt.ts';
import { RESCUE, type RescueRun } from '../helpers/rescue/run-rescue.ts';
import type { Losses } from '../helpers/tree/compare-trees.ts';
import { readTree, type Tree } from '../helpers/tree/read-tree.ts';

rememberScrypt();

const expected = readExpected();
const damages = readDamages();
const confirmed = expected.snapshots.filter(({ state }) => state === 'confirmed');
const PASSPHRASE = expected.passphrases.first as string;
/** Files above this have no hash. */
const HASHED_BYTES = 2 ** 30;
const SPECIAL = ['socket', 'char-device', 'block-device'];

const posix = openPosix();
const isRoot = process.getuid?.() === 0;
const LOSSES: Losses = { xattrs: !posix.capabilities.xattrs, holes: !posix.capabilities.holes };

let root: string;
let repository: string;
let engine: Engine;
let runs = 0;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'holdfast-fixture-'));
  mkdirSync(join(root, 'alone'));
  copyFileSync(RESCUE, join(root, 'alone/rescue.mjs'));
  repository = copyFixture(join(root, 'repository'));
  engine = await open(repository);
});

afterAll(async () => {
  await engine.close();
  // Not by Node, which fails on very long paths.
  execFileSync('rm', ['-rf', root]);
});

function open(folder: string, passphrase = PASSPHRASE): Promise<Engine> {
  const store = new LocalStore(folder, { identity: readProcessIdentity() });
  return openInline({ store, passphrase, state: join(root, `state-${runs++}`) });
}

function rescue(...words: string[]): Promise<RescueRun> {
  return rescueInThread(join(root, 'alone/rescue.mjs'), words, PASSPHRASE);
}

function newTarget(): string {
  return join(root, `restored-${runs++}`);
}

/** What this user can restore of it: owners, device nodes and some attributes are the superuser's. */
function forThisUser(tree: Tree): Tree {
  if (isRoot) return tree;
  const own = `${process.getuid?.()}:${process.getgid?.()}`;
  const possible = [...tree].filter(([, { type }]) => !type.endsWith('-device'));
  return new Map(
    possible.map(([path, fact]) => {
      const mode = (Number.parseInt(fact.mode, 8) & 0o1777).toString(8);
      const xattrs = fact.xattrs.split(' ').filter((xattr) => xattr.startsWith('user.'));
      return [path, { ...fact, owner: own, mode, xattrs: xattrs.join(' ') }];
    }),
  );
}

/** Differences of a restored folder from a snapshot less what is lost. */
function differences(
  { entries = [] }: ExpectedSnapshot,
  target: string,
  { by, loss = NOTHING }: { by: 'engine' | 'rescue'; loss?: ExpectedLoss },
): string[] {
  const wanted = forThisUser(expectedTree(entries));
  const actual = forThisUser(existsSync(target) ? readTree(posix, target, HASHED_BYTES) : new Map());
  // Of a stream nothing says what the folder around it is like.
  if (!wanted.has('')) actual.delete('');
  if (by === 'engine') return compareRestored(wanted, actual, loss, LOSSES);
  for (const [path, { type }] of wanted) if (SPECIAL.includes(type)) wanted.delete(path);
  return compareRestored(wanted, actual, loss, { ...LOSSES, ...RESCUE_LOSSES });
}

const NOTHING: ExpectedLoss = { files: new Set(), entries: new Set() };

function namesOf(snapshot: ExpectedSnapshot): string {
  return `${snapshot.source} of ${snapshot.time.slice(0, 10)}`;
}

describe('the repository of format version 1', () => {
  it.each(Object.entries(expected.passphrases))(
    'opens with the passphrase of the slot "%s"',
    async (label, passphrase) => {
      const opened = await open(repository, passphrase);
      const current = (await opened.keys()).filter((slot) => slot.current);
      expect(current).toMatchObject([{ label, copies: 2 }]);
      expect(opened).toMatchObject({
        repositoryId: expected.repository,
        fingerprint: expected.fingerprint,
        warnings: [],
      });
      await opened.close();
    },
  );

  it('is refused with any other passphrase', async () => {
    await expect(open(repository, 'not this one')).rejects.toMatchObject({ code: 'wrong_passphrase' });
    const { status } = await rescueInThread(
      join(root, 'alone/rescue.mjs'),
      ['list', '--repo', repository],
      'not this one',
    );
    expect(status).toBe(12);
  });

  it('lists its snapshots with what became of them', async () => {
    const states = { confirmed: 'completed', unfinished: 'unfinished', broken: 'broken' } as const;
    const listed = expected.snapshots
      .flatMap(({ state, entries: _, ...rest }) => (state === 'forgotten' ? [] : [{ ...rest, status: states[state] }]))
      .sort((a, b) => (a.time < b.time ? 1 : -1));
    expect(await engine.list()).toMatchObject(listed);
    const { status, stdout } = await rescue('list', '--repo', repository);
    const lines = listed.toReversed().map(({ id, time, status: state }) => {
      return [id.slice(0, 16), time, state === 'completed' ? 'confirmed' : state].join('  ');
    });
    expect({ status, lines: stdout.split('\n').slice(0, -2) }).toEqual({
      status: 0,
      lines: lines.map((line) => expect.stringContaining(line)),
    });
  });

  it.each(confirmed.map((snapshot) => [namesOf(snapshot), snapshot] as const))(
    'lists what %s holds',
    async (_, snapshot) => {
      const entries = (snapshot.entries ?? []).filter(({ path }) => path !== '');
      const listed = await Array.fromAsync(engine.entries(snapshot.id));
      expect(listed).toEqual(entries.map((entry) => listedEntry(expectedEntry(entry))));
    },
  );

  it.each(confirmed.map((snapshot) => [namesOf(snapshot), snapshot] as const))(
    'restores %s identically, by the engine and by rescue.mjs',
    async (_, snapshot) => {
      const [byEngine, byRescue] = [newTarget(), newTarget()];
      await engine.restore({ snapshot: snapshot.id, to: byEngine, apply: true, devices: true });
      expect(differences(snapshot, byEngine, { by: 'engine' })).toEqual([]);
      const { status, stderr } = await rescue('restore', snapshot.id, '--to', byRescue, '--repo', repository);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(differences(snapshot, byRescue, { by: 'rescue' })).toEqual([]);
      for (const { path, data = [] } of snapshot.entries ?? []) {
        for (const [offset, base64] of data) {
          for (const target of [byEngine, byRescue])
            expect(readAt(join(target, rawPath(path)), offset, base64)).toBe(base64);
        }
      }
    },
  );

  it('holds no damage', async () => {
    expect(await engine.verify({ depth: 'deep' })).toMatchObject({ damaged: [] });
    const { status, stdout } = await rescue('check', '--repo', repository);
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('No damage was found.') });
  });

  it('restores just as well without its index', async () => {
    const bare = copyFixture(join(root, 'bare'));
    rmSync(join(bare, 'index'), { recursive: true });
    const opened = await open(bare);
    for (const snapshot of confirmed.filter(({ kind }) => kind === 'files')) {
      const [byEngine, byRescue] = [newTarget(), newTarget()];
      await opened.restore({ snapshot: snapshot.id, to: byEngine, apply: true, devices: true });
      expect(differences(snapshot, byEngine, { by: 'engine' })).toEqual([]);
      await rescue('restore', snapshot.id, '--to', byRescue, '--repo', bare);
      expect(differences(snapshot, byRescue, { by: 'rescue' })).toEqual([]);
    }
    await opened.close();
  });
});

function readAt(path: string, offset: number, base64: string): string {
  const length = Buffer.from(base64, 'base64').length;
  return execFileSync('dd', [
    `if=${path}`,
    `skip=${offset}`,
    `count=${length}`,
    'iflag=skip_bytes,count_bytes',
    'status=none',
  ]).toString('base64');
}

describe('the damaged repositories of format version 1', () => {
  it.each(damages.map((damage) => [damage.name, damage] as const))(
    'with %s: exactly that is named, and the rest restored',
    async (_, damage) => {
      const folder = copyFixture(join(root, `damaged-${runs++}`), damage.patches);
      const damaged = await open(folder);
      const isContent = damage.patches.some(({ object }) => object.startsWith('packs/'));
      const { damaged: found } = await damaged.verify({ depth: isContent ? 'deep' : 'checksums' });
      expect(found.map(({ object, kind }) => ({ object, kind }))).toEqual(damage.verify);
      const { status, stdout, stderr } = await rescue('check', '--repo', folder);
      const named = new Set([...stdout.matchAll(/^DAMAGED +(.*?): /gm)].map(([, object]) => object));
      expect({ status, stderr, named: [...named] }).toEqual({ status: 13, stderr: '', named: damage.rescue });
      await expectRestored(damage, damaged, folder);
      await damaged.close();
    },
  );

  async function expectRestored(damage: DamagedFixture, damaged: Engine, folder: string): Promise<void> {
    const snapshot = expected.snapshots.find(({ id }) => id === damage.snapshot) as ExpectedSnapshot;
    const loss = lossOf(snapshot, damage.lost);
    const [byEngine, byRescue] = [newTarget(), newTarget()];
    await damaged.restore({ snapshot: snapshot.id, to: byEngine, apply: true, devices: true, keepGoing: true });
    expect(differences(snapshot, byEngine, { by: 'engine', loss })).toEqual([]);
    const { status } = await rescue('restore', snapshot.id, '--to', byRescue, '--repo', folder);
    expect(differences(snapshot, byRescue, { by: 'rescue', loss })).toEqual([]);
    if (damage.lost.length > 0) expect(status).toBe(13);
  }

  it('give exit status 13 on the command line', async () => {
    const damage = damages.find(({ lost }) => lost.length > 0) as DamagedFixture;
    const folder = copyFixture(join(root, 'on the command line'), damage.patches);
    const environment = {
      HOLDFAST_REPO: folder,
      HOLDFAST_PASSWORD: PASSPHRASE,
      HOLDFAST_STATE_DIR: join(root, 'state'),
    };
    const verified = await holdfast(['verify', '--deep', '--json'], { environment });
    expect(verified.status).toBe(13);
    const { damaged } = JSON.parse(verified.output) as { damaged: { object: string; kind: string }[] };
    expect(damaged).toMatchObject(damage.verify);
    const restored = await holdfast(['restore', damage.snapshot, '--to', newTarget(), '--apply', '--keep-going'], {
      environment,
    });
    expect(restored.status).toBe(13);
  });
});

function lossOf({ entries = [] }: ExpectedSnapshot, lost: readonly number[]): ExpectedLoss {
  const loss: ExpectedLoss = { files: new Set(), entries: new Set() };
  for (const position of lost) {
    const { path, type } = entries[position] as NonNullable<typeof entries>[number];
    (type === 'file' ? loss.files : loss.entries).add(rawPath(path));
  }
  return loss;
}
