import type { ProgressEvent } from '../../backup/ports.ts';
import type { Job, JobOutcome, JobRunner } from '../../jobs/job-runner.ts';
import type { Clock } from '../../shared/clock.ts';
import type { JobRecord, JobState } from '../../state/document.ts';
import { ProgressMeter } from '../../view/progress-meter.ts';
import { type Button, heading, type ProgressState, stack, type View } from '../../view/view.ts';
import type { Person } from '../platform.ts';
import type { Answer } from './answer.ts';
import { type Buttons, DAY_MS } from './buttons.ts';
import { LiveMessage } from './live-message.ts';
import { busyView, endView, errorView, jobName, signature, waitingView } from './words.ts';

const CANCEL_VALID_MS = 7 * DAY_MS;
const ENDED_WELL: ReadonlySet<JobState> = new Set(['completed', 'completed_with_warnings']);

export interface JobDesk {
  runner: JobRunner;
  buttons: Buttons;
  clock: Clock;
  /** Aborted when the bot ends. */
  stopping: AbortSignal;
}

export interface DeskRequest {
  kind: string;
  source: string | undefined;
  person: Person;
  answer: Answer;
}

/** How a job ended, with what is shown of it. */
export interface Done extends JobOutcome {
  view: View;
}

export type Work = (job: Job, onProgress: (event: ProgressEvent) => void) => Promise<Done>;

/**
 * Runs work as a job that is shown by one live message with a Cancel button, until its end is shown and remembered as told. Where the source is being written
 * already, that job is told instead. The job is on the list when this returns its promise.
 */
export async function runAsJob(desk: JobDesk, request: DeskRequest, work: Work): Promise<void> {
  const { runner, clock } = desk;
  const { kind, source, person, answer } = request;
  const begunMs = clock.monotonic();
  let last: View | undefined;
  let showing: Promise<Shown> | undefined;
  const show = (job: JobRecord): Promise<Shown> => {
    showing ??= showJob(desk, answer, job);
    return showing;
  };
  const start = runner.start({ kind, source, who: person, where: answer.place }, async (job) => {
    const onProgress = progressOn(await show(job.record), job, clock);
    try {
      const { view, ...outcome } = await work(job, onProgress);
      last = view;
      return outcome;
    } catch (error) {
      if (!job.signal.aborted) last = errorView(error);
      throw error;
    }
  });
  if ('running' in start) {
    answer.failed();
    await answer.show(busyView(start.running));
    return;
  }
  if (start.job.state === 'pending') await show(start.job);
  const record = await start.ended;
  if (!ENDED_WELL.has(record.state)) answer.failed();
  const final = stack(last ?? endView(record), signature(record, clock.monotonic() - begunMs));
  const live = (await showing)?.live ?? liveFor(desk, answer, record);
  if (await live.finish(final)) await runner.told(record.id);
}

/** The message of a job, and the buttons below it. */
interface Shown {
  live: LiveMessage;
  buttons: readonly Button[];
}

async function showJob(desk: JobDesk, answer: Answer, job: JobRecord): Promise<Shown> {
  const rows = [{ label: 'Cancel', purpose: { kind: 'cancel', job: job.id }, by: 'owners' }] as const;
  const buttons = await desk.buttons.create(rows, answer.place, CANCEL_VALID_MS);
  const live = liveFor(desk, answer, job);
  // A platform that is down must not keep a backup from running.
  await live.begin(openView(job, undefined, buttons)).catch(() => {});
  return { live, buttons };
}

/** Says that the job has begun, and then how far it is. */
function progressOn({ live, buttons }: Shown, job: Job, clock: Clock): (event: ProgressEvent) => void {
  const meter = new ProgressMeter(clock.monotonic);
  return (event) => {
    const state = meter.add(event);
    job.progress(state.phase, state.share);
    live.update(() => openView(job.record, state, buttons));
  };
}

function liveFor({ runner, clock, stopping }: JobDesk, answer: Answer, { id }: JobRecord): LiveMessage {
  return new LiveMessage({
    platform: answer.platform,
    clock,
    show: (view) => answer.show(view),
    channel: answer.place.channel,
    onMoved: (message) => {
      void runner.shownBy(id, message);
    },
    stopping,
  });
}

function openView(job: JobRecord, progress: ProgressState | undefined, buttons: readonly Button[]): View {
  const waits = job.state === 'pending';
  return stack(
    heading(`${waits ? 'Waiting' : 'Running'}: ${jobName(job)}`),
    progress === undefined
      ? waitingView(waits ? 'it begins when other jobs have ended' : 'starting')
      : { kind: 'progress', progress },
    { kind: 'text', tone: 'quiet', text: `Job ${job.id} for ${job.who.name}` },
    { kind: 'buttons', buttons },
  );
}
