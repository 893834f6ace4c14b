import type { ChildProcess } from 'node:child_process';
import type { Engine } from '../backup/engine.ts';
import type { RetentionPolicy, SnapshotFilter } from '../backup/types.ts';
import type { OpenServices } from '../bot/chat/requests.ts';
import type { Services } from '../commands/command.ts';
import { openRemoteEngine } from '../jobs/engine-process/remote-engine.ts';
import { HoldfastError } from '../shared/errors.ts';
import { SharedRead } from './shared-read.ts';

export interface EngineOptions {
  start: () => ChildProcess;
  location: string;
  passphrase: string;
  now: () => number;
  /** What every backup remembers of the bot that takes it. */
  facts?: () => Promise<Record<string, unknown>>;
}

/** What a chat has no means for: pipes, and other repositories. */
function unavailable(): never {
  throw new HoldfastError('usage', 'This is not done from a chat', { advice: 'Use the command line.' });
}

function servicesOf(repository: () => Promise<Engine>, now: () => number): Services {
  return {
    now,
    repository,
    create: unavailable,
    otherRepository: unavailable,
    newPassphrase: unavailable,
    standardInput: unavailable,
    standardOutput: unavailable,
  };
}

/** One engine process for everything quick, started when it is first needed, and anew when it has died. */
export function sharedServices(options: EngineOptions): OpenServices {
  const { start, location, passphrase, now } = options;
  let opening: Promise<Engine> | undefined;
  const forget = (): void => {
    opening = undefined;
  };
  const open = (): Promise<Engine> => {
    if (opening === undefined) {
      opening = openRemoteEngine({ start, location, passphrase, background: false, onExit: forget })
        .then(sharingLists)
        .then((engine) => remembering(engine, options.facts));
      opening.catch(forget);
    }
    return opening;
  };
  return { ...servicesOf(open, now), close: async () => (await opening?.catch(() => undefined))?.close() };
}

/** Lists are asked for more often than anything else, by everybody, and cost the same for all. */
function sharingLists(engine: Engine): Engine {
  const lists = new SharedRead((key) => {
    const { filter, policy } = JSON.parse(key) as { filter?: SnapshotFilter; policy?: RetentionPolicy };
    return engine.list(filter, policy);
  });
  const list: Engine['list'] = (filter, policy) => lists.get(JSON.stringify({ filter, policy }));
  return new Proxy(engine, { get: (target, key) => (key === 'list' ? list : Reflect.get(target, key)) });
}

/** Whoever asks for a backup, the facts of the bot go with it. */
export function remembering(engine: Engine, facts: EngineOptions['facts']): Engine {
  if (facts === undefined) return engine;
  const backup: Engine['backup'] = async (request, context) =>
    engine.backup({ ...request, facts: { ...request.facts, ...(await facts()) } }, context);
  return new Proxy(engine, {
    get(target, key) {
      const member: unknown = key === 'backup' ? backup : Reflect.get(target, key);
      // An engine in this process has private members, which a stand-in has not.
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

/** An engine process for one job, which gives way to everything else; started when it is first needed. */
export async function jobServices(options: EngineOptions): Promise<OpenServices> {
  const { start, location, passphrase, now } = options;
  let opening: Promise<Engine> | undefined;
  const open = (): Promise<Engine> => {
    opening ??= openRemoteEngine({ start, location, passphrase, background: true }).then((engine) =>
      remembering(engine, options.facts),
    );
    return opening;
  };
  return { ...servicesOf(open, now), close: async () => (await opening?.catch(() => undefined))?.close() };
}
