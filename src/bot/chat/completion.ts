import { posix } from 'node:path';
import type { Engine } from '../../backup/engine.ts';
import type { CommandContext, Services } from '../../commands/command.ts';
import type { CompletionSource, Field } from '../../commands/field.ts';
import type { Configured } from '../../config/configured.ts';
import { isOpen, type JobRunner } from '../../jobs/job-runner.ts';
import type { Clock } from '../../shared/clock.ts';
import { formatAge, formatTime, SHOWN_ID_DIGITS } from '../../view/units.ts';
import type { CompletionEvent, Suggestion } from '../platform.ts';
import type { ChatCommands } from './chat-commands.ts';
import { jobName } from './words.ts';

type Snapshots = Awaited<ReturnType<Engine['list']>>;

/** Platforms show no more, and no longer ones. */
const MOST = 25;
const LONGEST = 100;
/** Platforms wait for three seconds, and people for less. */
const PATIENCE_MS = 1500;
const FRESH_MS = 3000;
/** So long a fresh list is waited for; whoever types does not notice. */
const SOON_MS = 25;
const FOLDERS = 100;

export interface CompletionParts {
  commands: ChatCommands;
  services: Services;
  configured: Configured;
  runner: JobRunner;
  incidents?: CommandContext['incidents'];
  clock: Clock;
}

/** What half-typed values may become. Answers from memory where a fresh list takes longer than people notice, and with nothing rather than late. */
export class Completion {
  readonly #parts: CompletionParts;
  #list: { snapshots: Snapshots; readMs: number } | undefined;
  #reading: Promise<Snapshots> | undefined;
  readonly #folders = new Map<string, Promise<string[]>>();

  constructor(parts: CompletionParts) {
    this.#parts = parts;
  }

  /** Reads what has changed before somebody asks. */
  refresh(): void {
    void this.#read();
  }

  async suggest(event: CompletionEvent): Promise<readonly Suggestion[]> {
    const { clock, commands } = this.#parts;
    const field = (await commands.load(event.command))?.input[event.field];
    if (field === undefined) return [];
    const late = clock.sleep(PATIENCE_MS, undefined, { background: true }).then(() => []);
    const found = this.#candidates(field, event).catch(() => []);
    return matching(await Promise.race([found, late]), event.partial);
  }

  async #candidates(field: Field<unknown>, event: CompletionEvent): Promise<Suggestion[]> {
    if (field.choices !== undefined) return field.choices.map(plain);
    return field.completes === undefined ? [] : this.#of(field.completes, event);
  }

  async #of(source: CompletionSource, event: CompletionEvent): Promise<Suggestion[]> {
    const { configured, commands, runner, incidents } = this.#parts;
    switch (source) {
      case 'snapshot':
        return [plain('latest'), ...(await this.#snapshots()).map((snapshot) => this.#told(snapshot))];
      case 'source':
        return [...new Set([...configured.sources.map(({ name }) => name), ...(await this.#sources())])].map(plain);
      case 'tag':
        return [...new Set((await this.#snapshots()).flatMap(({ tags }) => tags))].map(plain);
      case 'snapshot-path':
        return (await this.#paths(String(event.raw.backup ?? 'latest'), event.partial)).map(plain);
      case 'local-path':
        return configured.restoreRoots.map(plain);
      case 'command':
        return commands.names().map(plain);
      case 'job':
        return runner.jobs.filter(isOpen).map((job) => ({ label: `${job.id} ${jobName(job)}`, value: job.id }));
      case 'incident':
        return (incidents?.list() ?? []).map((one) => ({
          label: `${one.id} ${one.affected.map(({ name }) => name).join(', ')}: ${one.last.error.message}`,
          value: one.id,
        }));
      case 'key':
        return [];
    }
  }

  async #sources(): Promise<string[]> {
    return (await this.#snapshots()).map(({ source }) => source);
  }

  #told({ id, source, time, tags }: Snapshots[number]): Suggestion {
    const short = id.slice(0, SHOWN_ID_DIGITS);
    const minute = formatTime(time).slice(0, '2030-01-01 00:00'.length);
    const words = [short, source, minute, formatAge(time, this.#parts.clock.now()), ...tags].join(' · ');
    return { label: words, value: short };
  }

  /** What was read a moment ago is good enough, and what is older is better than to wait. */
  async #snapshots(): Promise<Snapshots> {
    const { clock } = this.#parts;
    const known = this.#list;
    if (known !== undefined && clock.monotonic() - known.readMs < FRESH_MS) return known.snapshots;
    const reading = this.#reading ?? this.#read();
    const late = clock.sleep(SOON_MS, undefined, { background: true }).then(() => known?.snapshots ?? []);
    return Promise.race([reading, late]);
  }

  #read(): Promise<Snapshots> {
    const { clock, services } = this.#parts;
    const reading = services
      .repository()
      .then((repository) => repository.list())
      .then((snapshots) => {
        this.#list = { snapshots, readMs: clock.monotonic() };
        return snapshots;
      })
      .finally(() => {
        if (this.#reading === reading) this.#reading = undefined;
      });
    // Whoever did not want to wait for it does not hear of failures either.
    reading.catch(() => {});
    this.#reading = reading;
    return reading;
  }

  async #paths(snapshot: string, partial: string): Promise<string[]> {
    const folder = partial.includes('/') ? posix.dirname(`${partial}x`) : '';
    const { id } = await (await this.#parts.services.repository()).find(snapshot);
    const key = `${id} ${folder}`;
    const known = this.#folders.get(key) ?? this.#readFolder(id, folder);
    this.#folders.set(key, known);
    known.catch(() => this.#folders.delete(key));
    const [oldest] = this.#folders.keys();
    if (this.#folders.size > FOLDERS && oldest !== undefined) this.#folders.delete(oldest);
    return known;
  }

  async #readFolder(id: string, folder: string): Promise<string[]> {
    const repository = await this.#parts.services.repository();
    const found: string[] = [];
    for await (const { path, type } of repository.entries(id, { ...(folder && { path: folder }), recursive: false })) {
      found.push(type === 'directory' ? `${path}/` : path);
      if (found.length >= 2000) break;
    }
    return found;
  }
}

const plain = (value: string): Suggestion => ({ label: value, value });

/** What begins as typed comes first, then what holds it anywhere. */
function matching(candidates: readonly Suggestion[], partial: string): Suggestion[] {
  const typed = partial.toLowerCase();
  const usable = candidates.filter(({ value }) => value.length <= LONGEST);
  const first = usable.filter(({ value }) => value.toLowerCase().startsWith(typed));
  const others = usable.filter((one) => !first.includes(one) && one.label.toLowerCase().includes(typed));
  return [...first, ...others].slice(0, MOST).map(({ label, value }) => ({ label: label.slice(0, LONGEST), value }));
}
