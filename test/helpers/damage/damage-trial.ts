import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { Engine } from '../../../src/backup/engine.ts';
import { openPosix } from '../../../src/backup/posix/open-posix.ts';
import { LocalStore } from '../../../src/backup/stores/local.ts';
import type { DamagedObject, VerifyDepth } from '../../../src/backup/types.ts';
import type { ByteString } from '../../../src/shared/bytes.ts';
import { HoldfastError } from '../../../src/shared/errors.ts';
import { printableName } from '../../../src/shared/printable.ts';
import { readProcessIdentity } from '../../../src/shared/process-identity.ts';
import { SeededRandom } from '../seeded-random.ts';
import { readTree, type Tree } from '../tree/read-tree.ts';
import { compareRestored, RESCUE_LOSSES } from './compare-restored.ts';
import { type ExpectedLoss, expectedLoss } from './content-map.ts';
import type { DamageSubject, SubjectSnapshot } from './damage-subject.ts';
import { type FolderHarm, harmFolder, linkedCopy } from './harm-folder.ts';
import { openInline } from './open-inline.ts';
import { rescueInThread } from './rescue-worker.ts';

export interface DamageTrial {
  seed: number;
  harm: string;
  kind: FolderHarm['kind'];
  /** What the object is: the first component of its name. */
  sort: string;
  lostFiles: number;
  /** What was not as it must be; empty when all is well. */
  complaints: string[];
}

/** Which part of a trial is done besides restoring and verifying with the engine. */
export interface TrialParts {
  rescue: boolean;
  /** Every other command, then a repair. */
  commands: boolean;
}

/** Damages a copy of the repository at one place and looks at what every reader of it says and restores. */
export async function damageTrial(subject: DamageSubject, seed: number, parts: TrialParts): Promise<DamageTrial> {
  const folder = join(subject.root, `trial-${seed}`);
  const random = new SeededRandom(seed);
  linkedCopy(subject.repository, join(folder, 'repository'));
  const harm = harmFolder(join(folder, 'repository'), subject.objects, random);
  const snapshot = subject.snapshots[random.below(subject.snapshots.length)] as SubjectSnapshot;
  const trial = new Trial(subject, folder, harm, snapshot);
  try {
    await trial.run(parts);
  } catch (error) {
    trial.complaints.push(`thrown: ${error instanceof Error ? error.stack : String(error)}`);
  } finally {
    execFileSync('rm', ['-rf', folder]);
  }
  return {
    seed,
    harm: harm.description,
    kind: harm.kind,
    sort: (harm.objects[0] as string).split('/')[0] as string,
    lostFiles: trial.loss.files.size,
    complaints: trial.complaints,
  };
}

const posix = openPosix();

class Trial {
  readonly complaints: string[] = [];
  readonly loss: ExpectedLoss;
  readonly #subject: DamageSubject;
  readonly #folder: string;
  readonly #repository: string;
  readonly #harm: FolderHarm;
  readonly #snapshot: SubjectSnapshot;
  #runs = 0;

  constructor(subject: DamageSubject, folder: string, harm: FolderHarm, snapshot: SubjectSnapshot) {
    this.#subject = subject;
    this.#folder = folder;
    this.#repository = join(folder, 'repository');
    this.#harm = harm;
    this.#snapshot = snapshot;
    this.loss = expectedLoss(snapshot.places, harm.isWhole);
  }

  async run({ rescue, commands }: TrialParts): Promise<void> {
    if (rescue) await this.#rescue();
    const engine = await this.#open();
    try {
      await this.#restore(engine, 'restore', this.loss);
      await this.#verify(engine, 'checksums');
      if (this.#harm.kind === 'delete' || this.#harm.kind === 'truncate') await this.#verify(engine, 'quick');
      if (this.#harm.objects.some((name) => name.startsWith('packs/'))) await this.#verify(engine, 'deep');
      if (commands) await this.#commands(engine);
    } finally {
      await engine.close();
    }
  }

  #open(): Promise<Engine> {
    const store = new LocalStore(this.#repository, { identity: readProcessIdentity() });
    return openInline({ store, passphrase: this.#subject.passphrase, state: join(this.#folder, 'state') });
  }

  get #mayGo(): boolean {
    return this.#harm.kind === 'delete' && this.#subject.expendable.has(this.#harm.objects[0] as string);
  }

  #expect(holds: boolean, otherwise: string): void {
    if (!holds) this.complaints.push(otherwise);
  }

  async #rescue(): Promise<void> {
    const target = this.#target();
    const { id, tree } = this.#snapshot;
    const run = (...words: string[]) =>
      rescueInThread(this.#subject.rescue, [...words, '--repo', this.#repository], this.#subject.passphrase);
    const restored = await run('restore', id, '--to', target);
    const found = this.#compare('rescue restore', tree, target, this.loss, true);
    this.#expect(
      found === 0 || this.loss.files.size + this.loss.entries.size > 0,
      `rescue restore: lacks something\n${restored.stdout.slice(-1500)}${restored.stderr}`,
    );
    if (this.loss.files.size > 0) this.#expect(restored.status === 13, `rescue restore: status ${restored.status}`);
    this.#expect([0, 13].includes(restored.status), `rescue restore: status ${restored.status} ${restored.stderr}`);
    if (this.loss.entries.size === 0) {
      for (const path of [...this.loss.files].filter((name) => /^[ -~]+$/.test(name))) {
        const line = `LOST     ${printableName(path as ByteString)}: `;
        this.#expect(restored.stdout.includes(line), `rescue restore: does not name ${JSON.stringify(path)} as lost`);
      }
    }
    const checked = await run('check');
    if (!this.#mayGo) this.#expect(checked.status === 13, `rescue check: status ${checked.status}\n${checked.stdout}`);
    for (const { stderr } of [restored, checked]) this.#expect(!/^ +at /m.test(stderr), `rescue: ${stderr}`);
  }

  #target(): string {
    return join(this.#folder, `restored-${this.#runs++}`);
  }

  /** Gives how many differences there are. */
  #compare(what: string, expected: Tree, target: string, loss: ExpectedLoss, isRescue = false): number {
    const actual: Tree = existsSync(target) ? readTree(posix, target) : new Map();
    const differences = compareRestored(expected, actual, loss, isRescue ? RESCUE_LOSSES : {});
    for (const difference of differences.slice(0, 5)) this.complaints.push(`${what}: ${difference}`);
    if (differences.length > 5) this.complaints.push(`${what}: and ${differences.length - 5} more differences`);
    return differences.length;
  }

  /** `mayBeBack`: a backup may have stored again what was lost. */
  async #restore(engine: Engine, what: string, expected: ExpectedLoss, mayBeBack = false): Promise<void> {
    const target = this.#target();
    const { id, tree } = this.#snapshot;
    let loss = expected;
    const isWhollyLost = loss.entries.size === tree.size;
    try {
      const { damaged } = await engine.restore({ snapshot: id, to: target, apply: true, keepGoing: true });
      if (mayBeBack) loss = lossWithout(loss, target);
      if (loss.files.size > 0) this.#expect(damaged.length > 0, `${what}: says nothing of damage`);
      const counted = damaged.reduce((sum, { filesTotal }) => sum + filesTotal, 0);
      this.#expect(
        counted >= loss.files.size || isWhollyLost,
        `${what}: counts ${counted} of ${loss.files.size} lost files`,
      );
      if (loss.entries.size === 0) this.#compareNames(what, damaged, loss);
    } catch (error) {
      if (!isWhollyLost || !isKnown(error)) this.complaints.push(`${what}: ${describe(error)}`);
    }
    this.#compare(what, tree, target, loss);
  }

  async #verify(engine: Engine, depth: Exclude<VerifyDepth, 'restored'>): Promise<void> {
    const what = `verify ${depth}`;
    const { damaged } = await engine.verify({ depth });
    const reported = damaged.map(({ object }) => object);
    for (const name of this.#mayGo ? [] : this.#harm.objects) {
      const isNamed = this.#namesOf(name).some((one) => reported.includes(one));
      this.#expect(isNamed, `${what}: does not name ${name}, but ${reported.join(', ')}`);
    }
    const areNamesLost = damaged.some(({ problem }) => problem.includes('their names are unknown'));
    this.#expect(
      areNamesLost === this.loss.entries.size > 0 || areNamesLost,
      `${what}: does not tell that names are lost`,
    );
    if (this.loss.entries.size === 0) this.#compareNames(what, damaged, this.loss);
    else
      this.#expect(
        damaged.some(({ filesTotal }) => filesTotal > 0),
        `${what}: names no files`,
      );
    // No more is blamed than what was harmed, and what then lacks its twin.
    const names = this.#harm.objects.flatMap((name) => this.#namesOf(name));
    // Where both notes of a forgetting are harmed, nothing tells any more why the snapshot is not there.
    const untold = this.#harm.objects.filter((name) => name.startsWith('notes/')).map(snapshotOfNote);
    const others = reported.filter((object) => !names.includes(object) && !isTwice(untold, object));
    this.#expect(others.length === 0, `${what}: blames ${others.join(', ')}`);
  }

  /** What an object may be called: of one that is gone the ID may be gone with it. */
  #namesOf(name: string): string[] {
    const names = [name];
    if (name.startsWith('notes/')) names.push(name.slice(0, name.lastIndexOf('/')));
    const slot = this.#subject.slots.find(({ objects }) => objects.includes(name));
    if (slot !== undefined) names.push(`keys/${slot.id}`);
    if (name.startsWith('index/')) names.push('index');
    return names;
  }

  #compareNames(what: string, damaged: readonly DamagedObject[], loss: ExpectedLoss): void {
    const prefix = `${this.#snapshot.id.slice(0, 8)}:`;
    const named = new Set(damaged.flatMap(({ files }) => files).filter((file) => file.startsWith(prefix)));
    const lost = new Set([...loss.files].map((path) => `${prefix}${printableName(path as ByteString)}`));
    const areCut = damaged.some(({ files, filesTotal }) => filesTotal > files.length);
    const wrong = [...named].filter((file) => !lost.has(file));
    const missing = areCut ? [] : [...lost].filter((file) => !named.has(file));
    this.#expect(wrong.length === 0, `${what}: names files that are whole: ${wrong.slice(0, 5).join(', ')}`);
    this.#expect(missing.length === 0, `${what}: does not name ${missing.slice(0, 5).join(', ')}`);
  }

  /** None of them may crash, nor make anything worse. */
  async #commands(engine: Engine): Promise<void> {
    const { id } = this.#snapshot;
    const [other] = this.#subject.snapshots;
    const small = join(this.#folder, 'small');
    mkdirSync(small);
    const attempts: [string, () => Promise<unknown>][] = [
      ['list', () => engine.list()],
      ['show', () => engine.find(id)],
      ['sums', () => drain(engine.sha256sums(id))],
      ['ls', () => drain(engine.entries(id))],
      ['find', () => drain(engine.search('*chunk*'))],
      ['diff', () => engine.diff(other?.id as string, id)],
      ['stats', () => engine.stats()],
      ['keys', () => engine.keys()],
      ['export', () => engine.exportTar(id, nowhere(), { format: 'tar' })],
      ['backup', () => engine.backup({ paths: [this.#subject.source] })],
      ['backup of another', () => engine.backup({ paths: [small] })],
      ['forget', () => engine.forget({ policy: { last: 4 }, filter: { source: small } })],
      ['prune', () => engine.prune({ graceMs: 0, force: true })],
    ];
    for (const [name, attempt] of attempts) await this.#mustBeCivil(name, attempt);
    const packsLost = this.#harm.objects.some((name) => name.startsWith('packs/'));
    await this.#restore(engine, 'restore after prune', this.loss, true);
    await this.#repair(packsLost);
  }

  async #mustBeCivil(name: string, attempt: () => Promise<unknown>): Promise<void> {
    try {
      await attempt();
    } catch (error) {
      if (!isKnown(error)) this.complaints.push(`${name}: ${describe(error)}`);
    }
  }

  async #repair(packsLost: boolean): Promise<void> {
    const again = await this.#open();
    try {
      await again.repairIndex();
    } finally {
      await again.close();
    }
    const fresh = await this.#open();
    try {
      const { damaged } = await fresh.verify({ depth: 'deep' });
      const isMended = packsLost || this.#harm.objects.some((name) => /^(?:keys|snapshots)\//.test(name));
      const left = damaged.map(({ object, problem }) => `${object}: ${problem}`);
      if (!isMended) this.#expect(left.length === 0, `verify after repair: ${left.join('; ')}`);
    } finally {
      await fresh.close();
    }
  }
}

/** What is still lacking in `target`: the rest must be as it was. */
function lossWithout({ files, entries }: ExpectedLoss, target: string): ExpectedLoss {
  const there = readTree(posix, target);
  const isLacking = (path: string): boolean => (there.get(path)?.type ?? 'directory') === 'directory';
  return { files: new Set([...files].filter(isLacking)), entries: new Set([...entries].filter(isLacking)) };
}

function isKnown(error: unknown): boolean {
  return error instanceof HoldfastError && error.code !== 'internal';
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return isKnown(error) ? `${(error as HoldfastError).code}: ${error.message}` : `${error.stack}`;
}

async function drain(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}

/** The snapshot that a note is about, as an object. */
function snapshotOfNote(name: string): string {
  return `snapshots/${name.split('/')[1]}`;
}

function isTwice(list: readonly string[], wanted: string): boolean {
  return list.filter((one) => one === wanted).length > 1;
}
