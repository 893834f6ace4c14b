import { Chat } from '../bot/chat/chat.ts';
import { Completion } from '../bot/chat/completion.ts';
import { Gate } from '../bot/chat/gate.ts';
import { Owners } from '../bot/chat/owners.ts';
import { Requests } from '../bot/chat/requests.ts';
import type { Configured } from '../config/configured.ts';
import type { BotOptions } from './bot-options.ts';
import type { BotRecords } from './bot-records.ts';
import type { BotWork } from './bot-work.ts';

/** How people reach what a bot does. */
export interface BotChat {
  readonly owners: Owners;
  readonly requests: Requests;
  readonly completion: Completion;
  readonly gate: Gate;
}

/** `stopping` ends conversations that are under way. */
export function openChat(
  options: BotOptions,
  { state, events, note }: BotRecords,
  { runner, buttons, unattended, scheduling, runbookSetting }: BotWork,
  { configured, stopping }: { configured: Configured; stopping: AbortSignal },
): BotChat {
  const { config, commands, services, clock, log } = options;
  const { incidents } = unattended.notifier;
  const owners = new Owners({ configured: config.owners, local: options.local, state, clock });
  const requests = new Requests({
    commands,
    bot: { configured, auditFolder: config.state, runbook: runbookSetting, incidents },
    runner,
    desk: unattended,
    schedules: scheduling.desk,
    services,
    openJobServices: options.openJobServices,
  });
  const completion = new Completion({ commands, services, configured, runner, incidents, clock });
  const desk = { runner, buttons, clock, stopping };
  const chat = new Chat({ ...desk, commands, requests, notify: config.notify, now: clock.now });
  const gate = new Gate({ commands, owners, buttons, events, completion, chat, audit: note, log });
  return { owners, requests, completion, gate };
}
