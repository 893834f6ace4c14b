import { join } from 'node:path';
import { isAnswered } from '../control/address.ts';
import type { EventSink, HappenedEvent } from '../notify/event.ts';
import type { AuditEntry } from '../state/audit-entry.ts';
import { AuditLog } from '../state/audit-log.ts';
import { EventLog } from '../state/event-log.ts';
import { openState, type State } from '../state/state.ts';
import type { BotOptions } from './bot-options.ts';

/** Between two attempts to reach an owner of the state folder whose process cannot be seen. */
const ANSWER_PAUSE_MS = 300;

/** What a bot writes down, in its state folder. */
export interface BotRecords {
  readonly state: State;
  /** Which events of platforms were seen. */
  readonly events: EventLog;
  readonly audit: AuditLog;
  /** Notes an entry in the audit log, if it is one. */
  note(entry: Omit<AuditEntry, 'time'> | undefined): void;
  /** From now on `sink` hears what happens to the records; what has happened so far it hears at once. */
  tell(sink: EventSink): void;
}

/** @throws HoldfastError `locked` where another bot uses the same state folder */
export async function openRecords({ config, clock, random, scrub, identity, log }: BotOptions): Promise<BotRecords> {
  const onWarning = (message: string): void => log({ level: 'warning', message });
  const state = await openState(config.state, {
    identity,
    onWarning,
    isAnswered: () => isAnswered(config.state, () => clock.sleep(ANSWER_PAUSE_MS)),
  });
  const events = await EventLog.open(join(config.state, 'events.log'), clock.now);
  const untold: HappenedEvent[] = state.losses.map((reason) => ({ kind: 'state_fallback', reason }));
  let listener: EventSink = { happened: (event) => void untold.push(event) };
  const audit = await AuditLog.open(config.state, {
    clock,
    random,
    scrub,
    onWarning,
    onBroken: (reason) => listener.happened({ kind: 'audit_broken', reason }),
  });
  return {
    state,
    events,
    audit,
    note: (entry) => entry !== undefined && audit.note(entry),
    tell(sink) {
      listener = sink;
      for (const event of untold.splice(0)) sink.happened(event);
    },
  };
}
