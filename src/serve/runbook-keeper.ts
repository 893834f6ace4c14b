import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from '../backup/engine.ts';
import type { EventSink, HappenedEvent } from '../notify/event.ts';
import { collectRunbook, type RunbookSetting } from '../runbook/collect.ts';
import { type RunbookForm, renderRunbook } from '../runbook/page.ts';
import type { Clock } from '../shared/clock.ts';
import { HoldfastError } from '../shared/errors.ts';

/** Many sources may be backed up at the same minute: one page tells of all. */
const GATHER_MS = 60_000;
const FILE = 'runbook.html';

export interface KeeperOptions {
  setting: () => RunbookSetting;
  repository: () => Promise<Engine>;
  /** What lies beside the backups; in `folder` it is full. */
  form: RunbookForm;
  folder: string;
  clock: Clock;
  sink: EventSink;
}

/** Writes the runbook anew after backups, into the bot's own folder and beside the backups. A failure is told, because the page is older than the newest backup then. */
export class RunbookKeeper {
  readonly #options: KeeperOptions;
  readonly #ended = new AbortController();
  #writing: Promise<void> | undefined;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  happened(event: HappenedEvent): void {
    if (event.kind !== 'run' || event.run.snapshot === null) return;
    this.#writing ??= this.#soon().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Writes at once what is still to be written. */
  async close(): Promise<void> {
    this.#ended.abort(new Error('closed'));
    await this.#writing;
  }

  async #soon(): Promise<void> {
    const { clock, sink } = this.#options;
    await clock.sleep(GATHER_MS, this.#ended.signal, { background: true }).catch(() => {});
    try {
      await this.write();
      sink.happened({ kind: 'task_works', task: 'runbook' });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const { code, advice } = error instanceof HoldfastError ? error : { code: 'failed', advice: undefined };
      sink.happened({
        kind: 'maintenance_failed',
        task: 'runbook',
        error: {
          code,
          message: `The runbook could not be written and is older than the newest backup: ${message}`,
          advice: advice ?? 'Keep the answer of /runbook somewhere else until this works again.',
          phase: 'runbook',
        },
      });
    }
  }

  async write(): Promise<void> {
    const { setting, repository, form, folder, clock } = this.#options;
    const engine = await repository();
    const facts = await collectRunbook(engine, setting(), clock.now());
    await writeWhole(folder, renderRunbook(facts, 'full'));
    await engine.putRunbook(Buffer.from(renderRunbook(facts, form)));
  }
}

async function writeWhole(folder: string, page: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, FILE);
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(page);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}
