import type { Gate } from '../bot/chat/gate.ts';
import type { Owners } from '../bot/chat/owners.ts';
import { reportEnded } from '../bot/chat/report-ended.ts';
import { scrubbingPlatform } from '../bot/chat/scrubbing-platform.ts';
import type { Platform } from '../bot/platform.ts';
import type { CommandSource } from '../commands/command.ts';
import { auditAnchors } from '../commands/parts/audit-anchors.ts';
import { commandNames, loadForOperator } from '../commands/registry.ts';
import { type Configured, createConfigured, forOperator } from '../config/configured.ts';
import { type ControlDesk, type ControlServer, openControlServer } from '../control/control-server.ts';
import type { EventSink } from '../notify/event.ts';
import { HOLDFAST } from '../state/audit-entry.ts';
import type { AuditHead } from '../state/audit-log.ts';
import type { JobRecord } from '../state/document.ts';
import { breakText, verifyAudit } from '../state/verify-audit.ts';
import { type BotChat, openChat } from './bot-chat.ts';
import type { BotFacts } from './bot-metrics.ts';
import type { BotOptions } from './bot-options.ts';
import { type BotRecords, openRecords } from './bot-records.ts';
import { type BotWork, openWork, takeUp } from './bot-work.ts';
import { createControlDesk } from './control-desk.ts';

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

const shellCommands: CommandSource = { form: 'shell', sections: [], names: () => commandNames, load: loadForOperator };

/** @throws HoldfastError `locked` where another bot uses the same state folder */
export async function openBot(options: BotOptions): Promise<Bot> {
  const { config, forOneCommand = false } = options;
  const configured = createConfigured(config);
  const stopping = new AbortController();
  const records = await openRecords(options);
  const work = openWork(options, records, () => {
    if (!forOneCommand) chat.completion.refresh();
  });
  const chat = openChat(options, records, work, { configured, stopping: stopping.signal });
  records.note({ who: HOLDFAST, what: 'start', outcome: 'noted', detail: kindOf(options) });
  records.tell(work.unattended.sink);
  const untold = await takeUp(work, records);
  if (!forOneCommand) chat.completion.refresh();
  const controlDesk = deskForCommandLines(options, { records, work, chat, configured });
  const control = forOneCommand ? undefined : await serveCommandLines(options, controlDesk);
  return new WiredBot(options, { records, work, chat, controlDesk, control, stopping, untold });
}

/** For the audit log: undefined for a bot that stays. */
const kindOf = ({ forOneCommand }: BotOptions): string | undefined =>
  forOneCommand ? 'for one command line' : undefined;

function deskForCommandLines(
  { clock }: BotOptions,
  { records, work, chat, configured }: Pick<Wiring, 'records' | 'work' | 'chat'> & { configured: Configured },
): ControlDesk {
  return createControlDesk({
    requests: chat.requests,
    runner: work.runner,
    configured: forOperator(configured),
    commands: shellCommands,
    note: records.note,
    now: clock.now,
    monotonic: clock.monotonic,
  });
}

/** Without it the bot works as well: its command line then says that it is not reached. */
async function serveCommandLines({ config, log }: BotOptions, desk: ControlDesk): Promise<ControlServer | undefined> {
  try {
    return await openControlServer(config.state, desk);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log({ level: 'warning', message: `The command line cannot reach this bot: ${reason}` });
    return undefined;
  }
}

interface Wiring {
  records: BotRecords;
  work: BotWork;
  chat: BotChat;
  controlDesk: ControlDesk;
  control: ControlServer | undefined;
  stopping: AbortController;
  /** Jobs of an earlier process whose outcome nobody has been told yet. */
  untold: readonly JobRecord[];
}

class WiredBot implements Bot {
  readonly #options: BotOptions;
  readonly #wiring: Wiring;
  readonly gate: Gate;
  readonly owners: Owners;
  readonly controlDesk: ControlDesk;
  readonly facts: BotFacts;
  readonly events: EventSink;

  constructor(options: BotOptions, wiring: Wiring) {
    const { records, work, chat, controlDesk } = wiring;
    this.#options = options;
    this.#wiring = wiring;
    this.gate = chat.gate;
    this.owners = chat.owners;
    this.controlDesk = controlDesk;
    this.facts = { document: () => records.state.document, storage: work.unattended.storage };
    this.events = work.unattended.sink;
  }

  async auditHead(): Promise<AuditHead> {
    const { audit } = this.#wiring.records;
    await audit.settled();
    return audit.head;
  }

  async checkAudit(): Promise<void> {
    const { config, services, log } = this.#options;
    const anchors = auditAnchors(await (await services.repository()).facts());
    const { breaks, breaksTotal } = await verifyAudit(config.state, { anchors });
    const [first] = breaks;
    if (first === undefined) return;
    const more = breaksTotal > 1 ? `, and ${breaksTotal - 1} more; holdfast audit verify lists them` : '';
    const reason = `${breakText(first)}${more}`;
    log({ level: 'warning', message: `The audit log is not as it was written: ${reason}` });
    this.events.happened({ kind: 'audit_broken', reason });
  }

  async start(platform: Platform): Promise<void> {
    const { scrub, onPlatform } = this.#options;
    const { work, untold } = this.#wiring;
    const scrubbing = scrubbingPlatform(platform, scrub);
    const told = this.gate.eventsFor(scrubbing);
    await scrubbing.start({
      ...told,
      onState(state, detail) {
        onPlatform?.(scrubbing.name, state);
        told.onState(state, detail);
      },
    });
    work.unattended.joined(scrubbing);
    await reportEnded(untold, scrubbing, work.runner);
  }

  begin(): Promise<void> {
    return this.#wiring.work.scheduling.start();
  }

  async stop(platforms: readonly Platform[]): Promise<void> {
    const { clock, services } = this.#options;
    const { work, control, stopping } = this.#wiring;
    const quiet = work.scheduling.stop();
    await work.runner.stop();
    await quiet;
    await control?.close();
    await work.runbook.close();
    work.unattended.stop();
    await Promise.race([this.gate.idle(), clock.sleep(LAST_WORDS_MS, undefined, { background: true })]);
    stopping.abort(new Error('stopped'));
    await Promise.all(platforms.map((platform) => platform.stop().catch(() => {})));
    await services.close();
    await this.#closeRecords();
  }

  async #closeRecords(): Promise<void> {
    const { events, audit, state, note } = this.#wiring.records;
    await events.close();
    note({ who: HOLDFAST, what: 'stop', outcome: 'noted', detail: kindOf(this.#options) });
    await audit.close();
    await state.close();
  }
}
