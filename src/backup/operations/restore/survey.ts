import { throwIfAborted } from '../../../shared/abort.ts';
import type { ByteString } from '../../../shared/bytes.ts';
import { HoldfastError } from '../../../shared/errors.ts';
import { printableName } from '../../../shared/printable.ts';
import type { EntryType } from '../../entry.ts';
import { isComparable, type StoredEntry } from '../../format/manifest-entry.ts';
import type { Posix } from '../../posix/posix.ts';
import { SafePath } from '../../posix/safe-path.ts';
import type { DamagedObject, RestoreRequest } from '../../types.ts';
import { Comparison } from './compare.ts';
import type { SnapshotContent } from './content.ts';
import { Join, join, type Step } from './join.ts';
import type { Site } from './place.ts';
import type { Selection } from './selection.ts';
import { TargetWalk } from './target-walk.ts';
import type { Layout, Target } from './targets.ts';
import type { RestoreThreads } from './thread-pool.ts';

const SET_IDS = 0o6000;
/** Files whose digests one job reads. */
const DIGESTS_A_JOB = 64;
const DIGEST_BYTES = 32;

export interface SurveyRequest {
  posix: Posix;
  content: SnapshotContent;
  request: RestoreRequest;
  layout: Layout;
  selection: Selection;
  targets: readonly Target[];
  sites: readonly Site[];
  /** Needed with `check`: reads files of the targets. */
  threads: RestoreThreads | undefined;
  onDamage?: ((damaged: DamagedObject) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** What of the snapshot this machine or this request leaves out. */
export interface LeftOut {
  devices: number;
  fifos: number;
  xattrs: boolean;
}

interface Side {
  join: Join;
  walk: TargetWalk;
  paths: SafePath | undefined;
}

/**
 * Goes through the manifest and all targets side by side, and gives the steps run by run. Whoever takes them works on a run while
 * nothing else is read: memory does not grow with the snapshot.
 */
export class Survey {
  readonly #request: SurveyRequest;
  readonly #sides: Side[];
  readonly leftOut: LeftOut = { devices: 0, fifos: 0, xattrs: false };
  #damaged = false;

  constructor(request: SurveyRequest) {
    this.#request = request;
    this.#sides = request.targets.map((target, number) => this.#side(target, request.sites[number] as Site));
  }

  /** `take` gets the steps of each run with the number of their target. Steps of one target come in manifest order. */
  async run(take: (steps: readonly Step[], target: number) => Promise<void>): Promise<void> {
    const { content, selection, onDamage, signal } = this.#request;
    const report =
      onDamage &&
      ((damaged: DamagedObject) => {
        this.#damaged = true;
        onDamage(damaged);
      });
    for await (const entries of content.runs(report, selection.everything ? undefined : selection.paths)) {
      throwIfAborted(signal);
      for (const [target, steps] of this.#feed(entries)) await this.#give(steps, target, take);
    }
    for (let target = 0; target < this.#sides.length; target++) {
      const steps: Step[] = [];
      (this.#sides[target] as Side).join.finish(steps);
      await this.#give(steps, target, take);
    }
  }

  close(): void {
    for (const { walk, paths } of this.#sides) {
      walk.close();
      paths?.close();
    }
  }

  #side({ source }: Target, site: Site): Side {
    const { posix, request, selection } = this.#request;
    const folder = site.target < 0 ? undefined : site.target;
    const privileged = process.geteuid?.() === 0;
    const root = folder ?? (site.parent < 0 ? undefined : site.parent);
    const paths = root === undefined ? undefined : new SafePath(posix, root);
    const walk = new TargetWalk(posix, site);
    const comparison = new Comparison(posix, folder === undefined ? undefined : paths, {
      owners: privileged && request.noOwner !== true,
      privileged,
      byDigest: request.check === true,
    });
    const join = new Join(walk, {
      source,
      selection,
      delete: request.delete === true,
      lenient: () => this.#damaged,
      skipped: this.#skippedTypes(),
      adapt: (entry) => this.#adapt(entry),
      comparison,
    });
    return { join, walk, paths };
  }

  #skippedTypes(): Set<EntryType> {
    const { posix, request } = this.#request;
    const skipped = new Set<EntryType>();
    if (!posix.capabilities.specialFiles) skipped.add('fifo');
    if (request.devices !== true || !posix.capabilities.specialFiles) {
      for (const type of ['socket', 'char-device', 'block-device'] as const) skipped.add(type);
    }
    return skipped;
  }

  #feed(entries: readonly StoredEntry[]): Map<number, Step[]> {
    const steps = new Map<number, Step[]>();
    for (const entry of entries) {
      const target = this.#targetOf(entry.path);
      if (target === undefined) continue;
      this.#note(entry);
      let own = steps.get(target);
      if (own === undefined) {
        own = [];
        steps.set(target, own);
      }
      (this.#sides[target] as Side).join.feed(entry, own);
    }
    return steps;
  }

  /** Named objects have no folder around them that would be restored. */
  #targetOf(path: ByteString): number | undefined {
    const { layout, targets } = this.#request;
    if (layout === 'named' && path === '') return undefined;
    if (targets.length === 1 && targets[0]?.source === '') return 0;
    const slash = path.indexOf('/');
    const top = slash < 0 ? path : path.slice(0, slash);
    const target = targets.findIndex(({ source }) => source === top);
    if (target >= 0) return target;
    throw new HoldfastError('damaged', `The manifest has ${printableName(path)}, which was not backed up.`);
  }

  #note(entry: StoredEntry): void {
    if (entry.xattrs !== undefined && entry.xattrs.length > 0) this.leftOut.xattrs = true;
    if (entry.type === 'fifo') this.leftOut.fifos++;
    else if (entry.type !== 'file' && entry.type !== 'directory' && entry.type !== 'symlink') this.leftOut.devices++;
  }

  /** Owner and mode as the request wants them. Without its owner a program must not run as whoever restores it. */
  #adapt(entry: StoredEntry): StoredEntry {
    const { noOwner, noSetuid } = this.#request.request;
    if (noOwner !== true && noSetuid !== true) return entry;
    const owner = noOwner === true ? { uid: -1, gid: -1 } : {};
    return { ...entry, mode: entry.mode & ~SET_IDS, ...owner };
  }

  async #give(
    steps: Step[],
    target: number,
    take: (steps: readonly Step[], target: number) => Promise<void>,
  ): Promise<void> {
    if (steps.length === 0) return;
    if (this.#request.request.check === true) await this.#checkDigests(steps, target);
    await take(steps, target);
  }

  /** Files that look the same are read; what differs is a change after all, and so are the further names of such a file. */
  async #checkDigests(steps: Step[], target: number): Promise<void> {
    const { threads, sites } = this.#request;
    const files = steps.filter(
      ({ action, entry }) =>
        (action === 'same' || action === 'metadata') && entry?.type === 'file' && isComparable(entry),
    );
    const site = sites[target] as Site;
    if (threads === undefined || files.length === 0 || site.target < 0) return;
    const place = { id: -1 - target, stage: site.target, target: site.target };
    const jobs: Promise<void>[] = [];
    for (let at = 0; at < files.length; at += DIGESTS_A_JOB) {
      const some = files.slice(at, at + DIGESTS_A_JOB);
      await threads.ready();
      const job = threads.run({ kind: 'digest', place, paths: some.map(({ path }) => path) });
      jobs.push(job.then(({ digests }) => markDifferent(some, Buffer.from(digests ?? []))));
    }
    await Promise.all(jobs);
    for (const step of steps) {
      if (step.linkTo !== undefined && step.action === 'same' && this.#changed.has(`${target} ${step.linkTo}`)) {
        step.action = 'change';
      }
      const shared = step.found !== undefined && step.found.nlink > 1;
      if (shared && step.action === 'change') this.#changed.add(`${target} ${step.path}`);
    }
  }

  /** Paths whose content turned out to differ; a hard-link group's other names may come much later. */
  readonly #changed = new Set<string>();
}

function markDifferent(files: readonly Step[], digests: Buffer): void {
  files.forEach((step, i) => {
    const found = digests.subarray(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES);
    if (!found.equals(step.entry?.digest ?? Buffer.alloc(0))) step.action = 'change';
  });
}

/** A step's path as people know it: as in the snapshot. */
export function shownPath(target: Target, step: Step): ByteString {
  return join(target.source, step.path);
}
