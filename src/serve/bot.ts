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
import type { Platform, PlatformState } from '../bot/platform.ts';
import type { LogLine } from '../bot/platform-options.ts';
import type { CommandSource } from '../commands/command.ts';
import { auditAnchors } from '../commands/parts/audit-anchors.ts';
import { commandNames, loadForOperator } from '../commands/registry.ts';
import type { Config, Owner } from '../config/config.ts';
import { createConfigured, forOperator } from '../config/configured.ts';
import { isAnswered } from '../control/address.ts';
import { type ControlDesk, openControlServer } from '../control/control-server.ts';
import { JobRunner } from '../jobs/job-runner.ts';
import type { HookParts } from '../jobs/runs/hook-runner.ts';
import type { DiskSpace } from '../jobs/watch/disk-space.ts';
import type { EventSink } from '../notify/event.ts';
import type { RunbookSetting } from '../runbook/collect.ts';
import type { Clock } from '../shared/clock.ts';
import type { ProcessIdentity } from '../shared/process-identity.ts';
import type { RandomSource } from '../shared/random.ts';
import { type AuditEntry, HOLDFAST } from '../state/audit-entry.ts';
import { type AuditHead, AuditLog } from '../state/audit-log.ts';
import { EventLog } from '../state/event-log.ts';
import { openState } from '../state/state.ts';
import { breakText, verifyAudit } from '../state/verify-audit.ts';
import { beginEntry, endEntry, eventEntry, hookEntry } from './auditing.ts';
import type { BotFacts } from './bot-metrics.ts';
import { createControlDesk } from './control-desk.ts';
import { begunLine, endedLine } from './job-lines.ts';
import { openScheduling } from './open-scheduling.ts';
import { RunbookKeeper } from './runbook-keeper.ts';
import { runbookSettingOf } from './runbook-setting.ts';
import { openUnattended } from './unattended.ts';

export interface BotOptions {
  config: Pick<
    Config,
    'file' | 'repository' | 'sources' | 'owners' | 'notify' | 'routes' | 'restoreRoots' | 'state' | 'unattended'
  >;
  commands: ChatCommands;
  /** Whoever sits at the machine's terminal. */
  local: readonly Owner[];
  services: OpenServices;
  openJobServices: () => Promise<OpenServices>;
  clock: Clock;
  random: RandomSource;
  identity: ProcessIdentity;
  /** The program's version. */
  version: string;
  scrub: (text: string) => string;
  hooks: Pick<HookParts, 'environment' | 'resolve'>;
  diskSpace: (folder: string) => Promise<DiskSpace | undefined>;
  log: (line: LogLine) => void;
  /** Hears how each platform is. */
  onPlatform?: (platform: string, state: PlatformState) => void;
  /** No platforms, nothing that begins by itself, and no other command line is served: it is opened for one command. */
  forOneCommand?: boolean;
}

/** The bot without its platforms: what it knows and does, whatever it is reached by. */
export interface Bot {
  readonly gate: Gate;
  readonly owners: Owners;
  /** What is done for command lines. */
  readonly controlDesk: ControlDesk;
  /** For monitors. */
  readonly facts: BotFacts;
  /** The newest entry of the audit log that is on disk, once what was noted before is. */
  auditHead(): Promise<AuditHead>;
  /** Compares the audit log with itself and with what snapshots have seen of it, and tells where it was tampered with. */
  checkAudit(): Promise<void>;
  /** Hears what happens by itself. */
  readonly events: EventSink;
  /** Starts a platform and goes on trying. Rejects where that is pointless. */
  start(platform: Platform): Promise<void>;
  /** From now on what is due runs by itself. */
  begin(): Promise<void>;
  /** Ends what runs, with a moment to say so, and writes everything down. */
  stop(platforms: readonly Platform[]): Promise<void>;
}

const LAST_WORDS_MS = 5000;
/** Between two attempts to reach an owner of the state folder whose process cannot be seen. */
const ANSWER_PAUSE_MS = 300;

const shellCommands: CommandSource = { form: 'shell', sections: [], names: () => commandNames, load: loadForOperator };

/** @throws HoldfastError `locked` where another bot uses the same state folder, `damaged` where it cannot be read */
export async function openBot(options: BotOptions): Promise<Bot> {
  const { config, commands, services, clock, random, log, scrub } = options;
  const onWarning = (message: string): void => log({ level: 'warning', message });
  const state = await openState(config.state, {
    identity: options.identity,
    onWarning,
    isAnswered: () => isAnswered(config.state, () => clock.sleep(ANSWER_PAUSE_MS)),
  });
  const events = await EventLog.open(join(config.state, 'events.log'), clock.now);
  const audit = await AuditLog.open(config.state, {
    clock,
    random,
    scrub,
    onWarning,
    onBroken: (reason) => unattended.sink.happened({ kind: 'audit_broken', reason }),
  });
  const note = (entry: Omit<AuditEntry, 'time'> | undefined): void => {
    if (entry !== undefined) audit.note(entry);
  };
  const owners = new Owners({ configured: config.owners, local: options.local, state, clock });
  const runner = new JobRunner({
    state,
    clock,
    random,
    atOnce: config.unattended.jobs.atOnce,
    scrub,
    onBegun: (job) => {
      note(beginEntry(job));
      log(begunLine(job));
    },
    onEnded: (job) => {
      note(endEntry(job));
      log(endedLine(job));
      if (!options.forOneCommand) completion.refresh();
    },
  });
  const buttons = new Buttons({ state, clock, random });
  const configured = createConfigured(config);
  const stopping = new AbortController();
  const unattended = openUnattended({
    ...options,
    state,
    runner,
    buttons,
    onHappened: (event) => {
      note(eventEntry(event));
      runbook.happened(event);
    },
    onHook: (...hook) => note(hookEntry(...hook)),
  });
  const runbookSetting = (): RunbookSetting => runbookSettingOf(config, options.version);
  const runbook = new RunbookKeeper({
    setting: runbookSetting,
    repository: () => services.repository(),
    form: config.unattended.storage.trusted ? 'full' : 'reduced',
    folder: config.state,
    clock,
    sink: unattended.sink,
  });
  const { sink, notifier } = unattended;
  const digest = (): void => notifier.digest();
  const scheduling = openScheduling({ ...options, ...unattended, state, runner, events: sink, digest });
  const { incidents } = notifier;
  const requests = new Requests({
    commands,
    configured,
    auditFolder: config.state,
    runbook: runbookSetting,
    runner,
    desk: unattended,
    schedules: scheduling.desk,
    services,
    openJobServices: options.openJobServices,
    incidents,
  });
  const completion = new Completion({ commands, services, configured, runner, incidents, clock });
  const desk = { runner, buttons, clock, stopping: stopping.signal };
  const chat = new Chat({ ...desk, commands, requests, notify: config.notify, now: clock.now });
  const gate = new Gate({
    commands,
    owners,
    buttons,
    events,
    completion,
    chat,
    audit: note,
    log,
  });
  const kind = options.forOneCommand ? 'for one command line' : undefined;
  note({ who: HOLDFAST, what: 'start', outcome: 'noted', detail: kind });
  for (const reason of state.losses) sink.happened({ kind: 'state_fallback', reason });
  await unattended.history.recover();
  const untold = await runner.recover();
  await unattended.tellInterrupted(untold);
  for (const job of untold.filter(({ state }) => state === 'interrupted')) note(endEntry(job));
  if (!options.forOneCommand) completion.refresh();
  const controlDesk = createControlDesk({
    requests,
    runner,
    configured: forOperator(configured),
    commands: shellCommands,
    note,
    now: clock.now,
    monotonic: clock.monotonic,
  });
  const control = options.forOneCommand
    ? undefined
    : await openControlServer(config.state, controlDesk).catch((error: Error) =>
        onWarning(`The command line cannot reach this bot: ${error.message}`),
      );
  return {
    gate,
    owners,
    controlDesk,
    events: unattended.sink,
    facts: { document: () => state.document, storage: unattended.storage },
    async auditHead() {
      await audit.settled();
      return audit.head;
    },
    async checkAudit() {
      const anchors = auditAnchors(await (await services.repository()).facts());
      const { breaks, breaksTotal } = await verifyAudit(config.state, { anchors });
      const [first] = breaks;
      if (first === undefined) return;
      const more = breaksTotal > 1 ? `, and ${breaksTotal - 1} more; holdfast audit verify lists them` : '';
      const reason = `${breakText(first)}${more}`;
      onWarning(`The audit log is not as it was written: ${reason}`);
      unattended.sink.happened({ kind: 'audit_broken', reason });
    },
    async start(platform) {
      const scrubbing = scrubbingPlatform(platform, scrub);
      const told = gate.eventsFor(scrubbing);
      await scrubbing.start({
        ...told,
        onState(state, detail) {
          options.onPlatform?.(scrubbing.name, state);
          told.onState(state, detail);
        },
      });
      unattended.joined(scrubbing);
      await reportEnded(untold, scrubbing, runner);
    },
    begin: () => scheduling.start(),
    async stop(platforms) {
      const quiet = scheduling.stop();
      await runner.stop();
      await quiet;
      await control?.close();
      await runbook.close();
      unattended.stop();
      await Promise.race([gate.idle(), clock.sleep(LAST_WORDS_MS, undefined, { background: true })]);
      stopping.abort(new Error('stopped'));
      await Promise.all(platforms.map((platform) => platform.stop().catch(() => {})));
      await services.close();
      await events.close();
      note({ who: HOLDFAST, what: 'stop', outcome: 'noted', detail: kind });
      await audit.close();
      await state.close();
    },
  };
}
