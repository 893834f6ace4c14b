import { join } from 'node:path';
import { Buttons } from '../bot/chat/buttons.ts';
import { Chat } from '../bot/chat/chat.ts';
import type { ChatCommands } from '../bot/chat/chat-commands.ts';
import { Completion } from '../bot/chat/completion.ts';
import { Gate } from '../bot/chat/gate.ts';
import { Owners } from '../bot/chat/owners.ts';
import { reportEnded } from '../bot/chat/report-ended.ts';
import { type OpenServices, Requests } from '../bot/chat/requests.ts';
import { scrubbingPlatform } from '../bot/chat/scrubbing-platform.ts';
import { jobName } from '../bot/chat/words.ts';
import type { Platform } from '../bot/platform.ts';
import type { LogLine } from '../bot/platform-options.ts';
import type { Config, Owner } from '../config/config.ts';
import { createConfigured } from '../config/configured.ts';
import { JobRunner } from '../jobs/job-runner.ts';
import type { Clock } from '../shared/clock.ts';
import type { ProcessIdentity } from '../shared/process-identity.ts';
import type { RandomSource } from '../shared/random.ts';
import type { AuditEntry } from '../state/audit-entry.ts';
import { AuditLog } from '../state/audit-log.ts';
import type { JobRecord, JobState } from '../state/document.ts';
import { EventLog } from '../state/event-log.ts';
import { openState } from '../state/state.ts';
import { openUnattended } from './unattended.ts';

export interface BotOptions {
  config: Pick<Config, 'file' | 'sources' | 'owners' | 'notify' | 'routes' | 'restoreRoots' | 'state' | 'unattended'>;
  commands: ChatCommands;
  /** Whoever sits at the machine's terminal. */
  local: readonly Owner[];
  services: OpenServices;
  openJobServices: () => Promise<OpenServices>;
  clock: Clock;
  random: RandomSource;
  identity: ProcessIdentity;
  scrub: (text: string) => string;
  log: (line: LogLine) => void;
}

/** The bot without its platforms: what it knows and does, whatever it is reached by. */
export interface Bot {
  readonly gate: Gate;
  readonly owners: Owners;
  /** Starts a platform and goes on trying. Rejects where that is pointless. */
  start(platform: Platform): Promise<void>;
  /** Ends what runs, with a moment to say so, and writes everything down. */
  stop(platforms: readonly Platform[]): Promise<void>;
}

const LAST_WORDS_MS = 5000;

/** @throws HoldfastError `locked` where another bot uses the same state folder, `damaged` where it cannot be read */
export async function openBot(options: BotOptions): Promise<Bot> {
  const { config, commands, services, clock, random, log, scrub } = options;
  const onWarning = (message: string): void => log({ level: 'warning', message });
  const state = await openState(config.state, { identity: options.identity, onWarning });
  const events = await EventLog.open(join(config.state, 'events.log'), clock.now);
  const audit = await AuditLog.open(join(config.state, 'audit.jsonl'), { clock, scrub, onWarning });
  const owners = new Owners({ configured: config.owners, local: options.local, state, clock });
  const runner = new JobRunner({ state, clock, random, atOnce: config.unattended.jobs.atOnce, scrub });
  const buttons = new Buttons({ state, clock, random });
  const configured = createConfigured(config);
  const stopping = new AbortController();
  const requests = new Requests({ commands, configured, runner, services, openJobServices: options.openJobServices });
  const completion = new Completion({ commands, services, configured, runner, clock });
  const onEnded = (job: JobRecord): void => {
    audit.note(endEntry(job));
    completion.refresh();
  };
  const desk = { runner, buttons, clock, onEnded, stopping: stopping.signal };
  const chat = new Chat({ ...desk, commands, requests, notify: config.notify, now: clock.now });
  const gate = new Gate({
    commands,
    owners,
    buttons,
    events,
    completion,
    chat,
    audit: (entry) => audit.note(entry),
    log,
  });
  const unattended = openUnattended({ config, state, runner, buttons, clock, random, log });
  for (const reason of state.losses) unattended.sink.happened({ kind: 'state_fallback', reason });
  const untold = await runner.recover();
  await unattended.tellInterrupted(untold);
  for (const job of untold.filter(({ state }) => state === 'interrupted')) onEnded(job);
  completion.refresh();
  return {
    gate,
    owners,
    async start(platform) {
      const scrubbing = scrubbingPlatform(platform, scrub);
      await scrubbing.start(gate.eventsFor(scrubbing));
      unattended.joined(scrubbing);
      await reportEnded(untold, scrubbing, runner);
    },
    async stop(platforms) {
      await runner.stop();
      unattended.stop();
      await Promise.race([gate.idle(), clock.sleep(LAST_WORDS_MS, undefined, { background: true })]);
      stopping.abort(new Error('stopped'));
      await Promise.all(platforms.map((platform) => platform.stop().catch(() => {})));
      await services.close();
      await events.close();
      await audit.close();
      await state.close();
    },
  };
}

const OUTCOMES: Readonly<Partial<Record<JobState, AuditEntry['outcome']>>> = {
  completed: 'completed',
  completed_with_warnings: 'completed',
  cancelled: 'cancelled',
};

function endEntry(job: JobRecord): Omit<AuditEntry, 'time'> {
  const { id, who, where, state, result } = job;
  const outcome = OUTCOMES[state] ?? 'failed';
  return { who, where: where.channel, what: `job ${id}: ${jobName(job)}`, outcome, detail: `${state}: ${result}` };
}
