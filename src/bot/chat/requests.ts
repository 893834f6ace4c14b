import type { ProgressEvent } from '../../backup/ports.ts';
import type {
  AnyCommand,
  BotServices,
  Confirmation,
  HelpSection,
  JobControl,
  Offer,
  Services,
  Task,
} from '../../commands/command.ts';
import type { RawInput } from '../../commands/parse-input.ts';
import type { JobRunner } from '../../jobs/job-runner.ts';
import type { RunControl, RunDesk } from '../../jobs/run-desk.ts';
import type { ScheduleDesk } from '../../jobs/schedules/schedule-desk.ts';
import { dispatch, type Execution, type Invocation, offerOf, question, type Surface, taskOf } from '../dispatch.ts';
import type { Person } from '../platform.ts';
import type { ChatCommands } from './chat-commands.ts';

/** Services with an end. */
export type OpenServices = Services & { close(): Promise<void> };

export interface RequestParts {
  commands: ChatCommands;
  /** What is the same for whoever asks. */
  bot: Omit<BotServices, 'jobs' | 'runs' | 'schedules'>;
  runner: JobRunner;
  /** What runs by itself. */
  desk: RunDesk;
  schedules: ScheduleDesk;
  /** What quick commands work with; shared by all. */
  services: Services;
  /** What one job works with. */
  openJobServices: () => Promise<OpenServices>;
}

/** What an owner asks for. Whether they are one is known before. */
export interface Request {
  command: AnyCommand;
  raw: RawInput;
  person: Person;
  signal: AbortSignal;
  /** ID of the job that it runs in, where it is one. */
  job?: string | undefined;
  /** What help adds where it was asked. */
  help?: readonly HelpSection[] | undefined;
  /** What the surface has in place of what is usual in a chat. */
  own?: Pick<Surface, 'commands' | 'guided' | 'bot' | 'onWarning'>;
}

/** Runs commands for people in a chat. */
export class Requests {
  readonly #parts: RequestParts;
  readonly #jobs: JobControl;

  constructor(parts: RequestParts) {
    this.#parts = parts;
    const { runner } = parts;
    this.#jobs = { list: () => runner.jobs.toReversed(), cancel: (id, by) => runner.cancel(id, by) };
  }

  /** What has to be chosen before anything else. */
  offer(request: Request): Promise<Offer | undefined> {
    return offerOf(
      invocationOf(request),
      this.#surface(request, () => {}),
      this.#parts.services,
    );
  }

  /** What has to be answered first. */
  question(request: Request): Promise<Confirmation | undefined> {
    return question(
      invocationOf(request),
      this.#surface(request, () => {}),
      this.#parts.services,
    );
  }

  /** What it needs as a job; undefined where it is none. */
  task(request: Request): Promise<Task | undefined> {
    return taskOf(
      invocationOf(request),
      this.#surface(request, () => {}),
      this.#parts.services,
    );
  }

  runNow(request: Request, onProgress: (event: ProgressEvent) => void = () => {}): Promise<Execution> {
    return this.#dispatch(request, this.#parts.services, onProgress);
  }

  /** As `runNow`, with services of its own, that are closed when it has ended. The result must hold no streams. */
  async runInJob(request: Request, onProgress: (event: ProgressEvent) => void): Promise<Execution> {
    const services = await this.#parts.openJobServices();
    try {
      return await this.#dispatch(request, services, onProgress);
    } finally {
      await services.close();
    }
  }

  async #dispatch(
    request: Request,
    services: Services,
    onProgress: (event: ProgressEvent) => void,
  ): Promise<Execution> {
    const execution = await dispatch(invocationOf(request), this.#surface(request, onProgress), services);
    if (execution === undefined) throw new Error('asked although it was answered');
    return execution;
  }

  #surface(request: Request, onProgress: (event: ProgressEvent) => void): Surface {
    const { help = [], own, person } = request;
    const { sections, ...others } = this.#parts.commands;
    const commands = { ...others, sections: [...sections, ...help] };
    // Warnings are part of results, too.
    const onWarning = (): void => {};
    const theirs = { jobs: this.#jobs, runs: this.#runs(request), schedules: this.#parts.schedules.as(person) };
    const bot = { ...this.#parts.bot, ...theirs, ...own?.bot };
    return { commands, guided: true, onProgress, onWarning, ...own, bot };
  }

  #runs({ person: { platform, id, name }, job }: Request): RunControl {
    const { runs, ...desk } = this.#parts.desk;
    return {
      ...desk,
      backup(request, context) {
        if (job === undefined) throw new Error('a backup runs in a job');
        return runs.run({ ...request, classes: [], who: { platform, id, name }, job }, context);
      },
    };
  }
}

function invocationOf({ command, raw, person, signal }: Request): Invocation {
  const identity = { name: `${person.name} (${person.platform} ${person.id})`, access: 'owner' } as const;
  return { command, raw, identity, answered: true, signal };
}
