import type { OperationContext } from '../backup/ports.ts';
import { inputWords } from '../bot/chat/input-words.ts';
import type { Request, Requests } from '../bot/chat/requests.ts';
import { headline } from '../bot/chat/result-view.ts';
import type { Execution } from '../bot/dispatch.ts';
import type { Person } from '../bot/platform.ts';
import type { AnyCommand, CommandSource } from '../commands/command.ts';
import { loadForOperator } from '../commands/registry.ts';
import type { Configured } from '../config/configured.ts';
import type { ControlDesk, ControlRequest, ControlSurface } from '../control/control-server.ts';
import type { JobRunner } from '../jobs/job-runner.ts';
import { HoldfastError } from '../shared/errors.ts';
import type { AuditEntry } from '../state/audit-entry.ts';
import type { JobRecord } from '../state/document.ts';
import { ProgressMeter } from '../view/progress-meter.ts';

export interface ControlDeskParts {
  requests: Requests;
  runner: JobRunner;
  /** As the operator of the machine may touch it. */
  configured: Configured;
  commands: CommandSource;
  note: (entry: Omit<AuditEntry, 'time'>) => void;
  now: () => number;
  monotonic: () => number;
}

const PLATFORM = 'cli';
const PLACE = { platform: PLATFORM, channel: '', direct: true };

/** What command lines beside the bot ask for, done by the bot: audited, with its jobs, and with its one writer for each source. */
export function createControlDesk(parts: ControlDeskParts): ControlDesk {
  return {
    async run(asked, surface) {
      const command = await mustLoad(asked.command);
      const person = personOf(asked.user);
      const note = noteFor(parts, person, command, asked);
      note('allowed');
      try {
        const execution = await runCommand(parts, { command, person, asked, surface });
        // The end of a job is noted as such.
        if (execution === undefined) note('cancelled', 'the answer was no');
        else if (!execution.wasJob) note('completed');
        return execution;
      } catch (error) {
        note(surface.signal.aborted ? 'cancelled' : 'failed', error instanceof Error ? error.message : String(error));
        throw error;
      }
    },
    async announce(asked) {
      const command = await mustLoad(asked.command);
      const note = noteFor(parts, personOf(asked.user), command, asked);
      note('allowed', 'runs in the command line');
      return note;
    },
  };
}

const personOf = (user: string): Person => ({ platform: PLATFORM, id: user, name: user });

function noteFor(
  { note }: ControlDeskParts,
  who: Person,
  command: AnyCommand,
  { raw }: Pick<ControlRequest, 'raw'>,
): (outcome: AuditEntry['outcome'], detail?: string) => void {
  const input = inputWords(command, raw);
  return (outcome, detail) => note({ who, what: command.name, input, outcome, detail });
}

interface Run {
  command: AnyCommand;
  person: Person;
  asked: ControlRequest;
  surface: ControlSurface;
}

async function runCommand(
  parts: ControlDeskParts,
  { command, person, asked, surface }: Run,
): Promise<(Execution & { wasJob: boolean }) | undefined> {
  const { requests, configured, commands } = parts;
  const { raw, answered } = asked;
  const { signal, onWarning } = surface;
  const own = { guided: false, bot: { configured }, commands, onWarning };
  const request: Request = { command, raw, person, signal, own };
  if (!answered && !(await isConfirmed(requests, request, surface))) return undefined;
  const task = await requests.task(request);
  if (task === undefined) return { ...(await requests.runNow(request, surface.onProgress)), wasJob: false };
  return { ...(await runAsJob(parts, request, task.source, surface)), wasJob: true };
}

async function isConfirmed(requests: Requests, request: Request, { ask }: ControlSurface): Promise<boolean> {
  const confirmation = await requests.question(request);
  if (confirmation === undefined) return true;
  if (ask !== undefined) return ask(confirmation);
  if (confirmation.need === 'offered') return true;
  throw new HoldfastError('refused', `${confirmation.question} Nobody is there to answer`, {
    advice: 'Look at the preview without --apply, then say --yes.',
  });
}

async function runAsJob(
  { requests, runner, now, monotonic }: ControlDeskParts,
  request: Request,
  source: string | undefined,
  { signal, onProgress }: ControlSurface,
): Promise<Execution> {
  let outcome: Execution | undefined;
  let failure: unknown;
  const kind = request.command.name;
  const meter = new ProgressMeter(monotonic);
  const start = runner.start({ kind, source, who: request.person, where: PLACE }, async (job) => {
    const told: Required<OperationContext>['onProgress'] = (event) => {
      const { phase, share } = meter.add(event);
      job.progress(phase, share);
      onProgress(event);
    };
    try {
      outcome = await requests.runInJob({ ...request, signal: job.signal, job: job.record.id }, told);
    } catch (error) {
      failure = error;
      throw error;
    }
    const state = outcome.outcome === undefined ? 'completed' : 'completed_with_warnings';
    return { state, result: headline(outcome.view, now()) };
  });
  if ('running' in start) throw isBusy(start.running);
  const cancel = (): void => void runner.cancel(start.job.id, request.person.name);
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  if (start.job.state === 'pending') onProgress({ phase: 'waiting for other jobs' });
  const record = await start.ended;
  signal.removeEventListener('abort', cancel);
  // Whoever asked waits for it, or has gone on purpose.
  await runner.told(record.id);
  if (outcome !== undefined) return outcome;
  throw endError(record, failure, signal);
}

function isBusy({ id, kind, source, started }: JobRecord): HoldfastError {
  return new HoldfastError('locked', `Job ${id} (${kind}) is working on ${source} since ${started}`, {
    advice: `Wait until it has ended, or cancel it: cancel ${id}.`,
    details: { job: id },
  });
}

/** Why a job has no outcome: what it failed with, or what ended it. */
function endError({ id, state, result }: JobRecord, failure: unknown, signal: AbortSignal): unknown {
  if (state === 'failed' && failure !== undefined) return failure;
  if (signal.aborted) return signal.reason;
  return new HoldfastError('interrupted', `Job ${id} was ${state}: ${result}`);
}

async function mustLoad(name: string): Promise<AnyCommand> {
  const command = await loadForOperator(name);
  if (command !== undefined) return command;
  throw new HoldfastError('usage', `The bot that runs knows no command ${name}`, {
    advice: 'Restart the bot with the program that is installed.',
  });
}
