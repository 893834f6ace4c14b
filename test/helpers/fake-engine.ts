import { createHash } from 'node:crypto';
import type { Engine } from '../../src/backup/engine.ts';
import type { OperationContext } from '../../src/backup/ports.ts';
import { applyRetention, type RetentionItem } from '../../src/backup/repository/retention.ts';
import type {
  BackupResult,
  ChangeCount,
  ListedEntry,
  RestoreRequest,
  RestoreResult,
  SnapshotFacts,
  SnapshotSummary,
  VerifyResult,
} from '../../src/backup/types.ts';
import type { EngineDoor } from '../../src/commands/repository-services.ts';
import { HoldfastError } from '../../src/shared/errors.ts';

const NOTHING: ChangeCount = { files: 0, directories: 0, others: 0, bytes: 0 };
const START_MS = Date.UTC(2026, 10, 20, 9, 0, 0);

/** What a test may decide about the fake: results are merged over what it would give. */
export interface FakeBehaviour {
  /** The passphrase that opens it; others are refused. */
  passphrase?: string;
  facts?: SnapshotFacts[];
  restore?: Partial<RestoreResult>;
  backup?: Partial<BackupResult>;
  verify?: Partial<VerifyResult>;
  entries?: ListedEntry[];
  sums?: Buffer[];
  warnings?: string[];
  /** Backup waits until its signal is aborted, as a long one would be. */
  hangs?: boolean;
  /** Every operation fails with this. */
  fails?: unknown;
}

export interface FakeRepository extends EngineDoor {
  /** Names of the methods that were called, in order. */
  calls: string[];
  requests: unknown[];
  snapshots: SnapshotSummary[];
  opened: number;
  closed: number;
}

export const entry = (path: string, more: Partial<ListedEntry> = {}): ListedEntry => ({
  path,
  type: 'file',
  mode: '-rw-r--r--',
  uid: 0,
  gid: 0,
  user: 'root',
  group: 'root',
  size: 1234,
  mtime: '2026-11-20T09:00:00.000000001Z',
  target: null,
  sha256: createHash('sha256').update(path).digest('hex'),
  ...more,
});

export function summary(number: number, more: Partial<SnapshotSummary> = {}): SnapshotSummary {
  return {
    id: createHash('sha256').update(`snapshot ${number}`).digest('hex'),
    time: new Date(START_MS + number * 3_600_000).toISOString(),
    source: '/srv/app',
    host: 'web',
    paths: ['/srv/app'],
    tags: [],
    kind: 'files',
    trigger: 'manual',
    classes: [],
    status: 'completed',
    parent: null,
    files: 60_000,
    directories: 120,
    size: 3_500_000,
    stored: 1_200_000,
    durationMs: 1500,
    warnings: 0,
    pinned: false,
    pinReason: null,
    kept: ['daily 1'],
    verified: null,
    ...more,
  };
}

async function* stream<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

function waitForAbort({ signal }: OperationContext): Promise<never> {
  return new Promise((_resolve, reject) => {
    // A pending promise alone would not keep the process alive.
    const alive = setInterval(() => {}, 1000);
    signal?.addEventListener('abort', () => {
      clearInterval(alive);
      reject(signal.reason);
    });
  });
}

const retained = ({ status, verified, ...summary }: SnapshotSummary): RetentionItem => ({
  ...summary,
  confirmed: status === 'completed' || status === 'completed_with_warnings',
  damaged: verified !== null && verified.damaged > 0,
});

/** A repository that remembers what it was asked, for tests of what lies above the engine. */
export function fakeRepository(behaviour: FakeBehaviour = {}): FakeRepository {
  const state: FakeRepository = {
    calls: [],
    requests: [],
    snapshots: [],
    opened: 0,
    closed: 0,
    async open(request) {
      await checkPassphrase(request.passphrase);
      state.opened++;
      return fakeEngine(state, behaviour, request.location);
    },
    async create(request) {
      await request.passphrase();
      state.calls.push('create');
      state.opened++;
      return fakeEngine(state, behaviour, request.location);
    },
  };
  const checkPassphrase = async (passphrase: () => Promise<string> | string): Promise<void> => {
    if ((await passphrase()) === (behaviour.passphrase ?? 'secret')) return;
    throw new HoldfastError('wrong_passphrase', 'The passphrase does not open the repository', {
      advice: 'Try again.',
    });
  };
  return state;
}

function fakeEngine(state: FakeRepository, behaviour: FakeBehaviour, location: string): Engine {
  const called = (name: string, request?: unknown): void => {
    state.calls.push(name);
    state.requests.push(request);
    if (behaviour.fails !== undefined) throw behaviour.fails;
  };
  const find = (id: string): SnapshotSummary => {
    const found = id === 'latest' ? state.snapshots[0] : state.snapshots.find((snapshot) => snapshot.id.startsWith(id));
    if (found !== undefined) return found;
    throw new HoldfastError('not_found', `There is no snapshot ${id}`, { advice: 'See list.' });
  };
  const change = (id: string, more: Partial<SnapshotSummary>): SnapshotSummary => Object.assign(find(id), more);
  const key = { id: 'ab12cd34ef56ab78', label: 'first', current: true, copies: 2 };
  return {
    location,
    repositoryId: '11112222333344445555666677778888',
    fingerprint: 'aaaa-bbbb-cccc',
    plainFiles: { 'rescue-1.2.3.mjs': 'ab'.repeat(32) },
    warnings: behaviour.warnings ?? [],
    opened: () => Promise.resolve(),
    async backup(request, context = {}) {
      called('backup', request);
      context.onProgress?.({ phase: 'backing up', files: 1, bytes: 1000, totalFiles: 3, totalBytes: 3000 });
      if (behaviour.hangs) await waitForAbort(context);
      for (const message of behaviour.backup?.warnings ?? []) context.onWarning?.(message);
      const parent = state.snapshots[0]?.id ?? null;
      const source = request.source ?? request.paths?.[0] ?? request.stdin?.name ?? request.command?.name ?? '';
      const { tags = [], classes = [], trigger = 'manual' } = request;
      const taken = summary(state.snapshots.length, { source, tags, classes, trigger, parent });
      state.snapshots.unshift(taken);
      return {
        snapshot: taken.id,
        parent,
        source,
        time: taken.time,
        files: { new: 2, changed: 1, unmodified: 0 },
        directories: 1,
        bytes: 3000,
        bytesRead: 3000,
        bytesAdded: 2000,
        bytesStored: 900,
        warnings: [],
        unreadable: 0,
        durationMs: 12,
        ...behaviour.backup,
      };
    },
    async list(filter = {}) {
      called('list', filter);
      const { tag, source } = filter;
      return state.snapshots.filter(
        (one) => (tag === undefined || one.tags.includes(tag)) && (source === undefined || one.source === source),
      );
    },
    async find(id) {
      called('find', id);
      return find(id);
    },
    entries(id, options) {
      called('entries', { id, ...options });
      return stream(behaviour.entries ?? [entry('settings.json')]);
    },
    sha256sums(id) {
      called('sha256sums', id);
      return stream(behaviour.sums ?? [Buffer.from(`${'0'.repeat(64)}  settings.json\n`)]);
    },
    search(pattern, filter) {
      called('search', { pattern, filter });
      const found = (behaviour.entries ?? []).map((one) => ({
        ...one,
        snapshot: find('latest').id,
        snapshotTime: find('latest').time,
      }));
      return stream(found);
    },
    async diff(a, b) {
      called('diff', { a, b });
      return {
        from: find(a).id,
        to: find(b).id,
        items: [{ change: 'modified', path: 'settings.json', type: 'file', size: 20, sizeBefore: 10 }],
        itemsTotal: 1,
        added: NOTHING,
        removed: NOTHING,
        modified: { ...NOTHING, files: 1, bytes: 20 },
      };
    },
    async restore(request) {
      called(request.apply ? 'restore' : 'plan', request);
      return {
        ...restoreResult(request, find(request.snapshot)),
        ...behaviour.restore,
        applied: request.apply === true,
      };
    },
    async verify(request) {
      called('verify', request);
      const depth = request.depth ?? 'checksums';
      const counts = { objects: 7, packs: 2, snapshots: state.snapshots.length, chunks: 90, bytes: 5_000_000 };
      return { depth, ...counts, damaged: [], notices: [], durationMs: 40, ...behaviour.verify };
    },
    async forget(request) {
      called('forget', request);
      const { policy, filter } = request;
      const meant = state.snapshots.filter(({ source }) => filter?.source === undefined || source === filter.source);
      const rules = applyRetention(meant.map(retained), policy ?? {}, Number.POSITIVE_INFINITY);
      const forgotten = request.snapshots?.map(find) ?? meant.filter(({ id }) => rules.get(id)?.length === 0);
      const staying = state.snapshots.filter((one) => !forgotten.includes(one));
      if (!request.dryRun) state.snapshots.splice(0, state.snapshots.length, ...staying);
      const kept = staying.map((one) => ({ ...one, ...(policy && { kept: rules.get(one.id) ?? [] }) }));
      return { dryRun: request.dryRun === true, forgotten, kept, warnings: [] };
    },
    async prune(request) {
      called('prune', request);
      return {
        dryRun: request.dryRun === true,
        deletedPacks: 1,
        freedBytes: 1000,
        markedPacks: 1,
        markedBytes: 500,
        freedAfter: '2026-11-23T09:00:00.000Z',
        rewrittenBytes: 0,
        indexRuns: { before: 2, after: 2 },
        waitingFor: [],
        warnings: [],
        durationMs: 5,
      };
    },
    pin: async (id, reason = '') => change(id, { pinned: true, pinReason: reason }),
    unpin: async (id) => change(id, { pinned: false, pinReason: null }),
    async tag(id, request) {
      called('tag', { id, ...request });
      const tags = request.set ?? [
        ...find(id).tags.filter((tag) => !request.remove?.includes(tag)),
        ...(request.add ?? []),
      ];
      return change(id, { tags });
    },
    async exportTar(id, output, options) {
      called('export', { id, ...options });
      output.write('tar bytes');
      return { snapshot: id, files: 3, bytes: 3000, warnings: [] };
    },
    async importTar(input, options) {
      called('import', options);
      input.resume();
      const taken = summary(state.snapshots.length, { source: options.source, trigger: 'import' });
      state.snapshots.unshift(taken);
      const files = { new: 3, changed: 0, unmodified: 0 };
      const sizes = { bytes: 30, bytesRead: 30, bytesAdded: 30, bytesStored: 20 };
      return {
        snapshot: taken.id,
        parent: null,
        source: options.source,
        time: taken.time,
        files,
        directories: 1,
        ...sizes,
        warnings: [],
        unreadable: 0,
        durationMs: 3,
      };
    },
    async copy(ids, target) {
      called('copy', { ids, to: target.location });
      return { copied: ids.map((from) => ({ from, to: from })), skipped: [], bytesStored: 900, durationMs: 4 };
    },
    async mirror(target) {
      called('mirror', target);
      return { objects: 7, copied: 7, deleted: 0, bytes: 9000, durationMs: 4 };
    },
    keys: async () => [key],
    async addKey(passphrase, label) {
      called('addKey', { passphrase, label });
      return { ...key, label, current: false };
    },
    removeKey: async () => key,
    async changePassphrase(passphrase) {
      called('changePassphrase', passphrase);
      return key;
    },
    repairIndex: async () => ({ packs: 2, chunks: 90, salvaged: [], damaged: [], durationMs: 4 }),
    facts: async () => behaviour.facts ?? [],
    putRunbook: () => Promise.resolve('runbook/20300101T000000Z.html'),
    freeBytes: () => Promise.resolve(5_000_000_000),
    usedBytes: () => Promise.resolve(5400),
    stats: async () => ({
      location,
      id: '11112222333344445555666677778888',
      fingerprint: 'aaaa-bbbb-cccc',
      formatVersion: 1,
      snapshots: state.snapshots.length,
      packs: 2,
      packBytes: 5000,
      chunks: 90,
      chunkBytes: 10_000,
      logicalBytes: 30_000,
      indexRuns: 1,
      indexBytes: 400,
      compressionRatio: 0.5,
      deduplicationRatio: 3,
      freeBytes: null,
    }),
    async close() {
      state.closed++;
    },
  };
}

function restoreResult(request: RestoreRequest, { id, time, paths }: SnapshotSummary): RestoreResult {
  return {
    snapshot: id,
    time,
    target: request.to ?? paths[0] ?? '',
    applied: false,
    added: { files: 2, directories: 1, others: 0, bytes: 2048 },
    changed: NOTHING,
    deleted: NOTHING,
    unchanged: { files: 5, directories: 2, others: 0, bytes: 4096 },
    bytes: 2048,
    items: [{ action: 'add', path: 'settings.json', type: 'file', size: 2048 }],
    itemsTotal: 3,
    safetySnapshot: null,
    keptOld: null,
    damaged: [],
    losses: [],
    planHash: 'c0ffee',
    warnings: [],
    durationMs: 7,
  };
}
