import { HoldfastError } from '../../shared/errors.ts';
import { OBJECT_TYPES } from '../crypto/sealer.ts';
import { parseSessionBody, type RawString, type SessionBody } from '../format/bodies.ts';
import { decodeBody, encodeBody } from '../format/body.ts';
import { isNotFound, isUnusable } from './damage.ts';
import type { HostFacts } from './host-facts.ts';
import { lastComponent } from './names.ts';
import type { Repository } from './repository.ts';

/** Sessions (docs/FORMAT.md sections 11 and 13): they spare others wasted work, safety never depends on them. */

/** How often a running session shows that it lives. */
export const HEARTBEAT_MS = 10 * 60 * 1000;
/** A session that has shown nothing for this long has ended. */
export const LAPSE_MS = 24 * 60 * 60 * 1000;

const PREFIX = 'sessions/';

export interface SessionRequest {
  /** `backup`, `restore`, `verify`, `prune` ... */
  operation: string;
  /** Of a restore. */
  target?: RawString;
  journal?: RawString;
  /** The key slot that is being put or removed: 32 hexadecimal digits. */
  slot?: string;
  /** IDs of the snapshots that are read: nobody forgets them meanwhile. */
  snapshots?: readonly string[];
  /** Goes on without the object where the place is full: for what frees space. */
  optional?: boolean;
}

/** The session of an operation of this process. Heartbeats go on until `end` or `stop`. */
export class Session {
  /** 32 hexadecimal digits. */
  readonly id: string;
  /** The same as 16 bytes, for envelopes. */
  readonly bytes: Buffer;
  readonly started: string;
  readonly #repository: Repository;
  readonly #request: SessionRequest;
  readonly #stop = new AbortController();
  #beating: Promise<void> = Promise.resolve();
  #heartbeats = 0;
  #isStored = true;

  private constructor(repository: Repository, request: SessionRequest) {
    this.bytes = repository.random.bytes(16);
    this.id = this.bytes.toString('hex');
    this.started = repository.timestamp();
    this.#repository = repository;
    this.#request = request;
  }

  /** Puts the first object; it is stored when this resolves. */
  static async start(repository: Repository, request: SessionRequest): Promise<Session> {
    const session = new Session(repository, request);
    try {
      await session.#beat();
    } catch (error) {
      const full = error instanceof HoldfastError && error.code === 'storage_full';
      if (!full || request.optional !== true) throw error;
      session.#isStored = false;
    }
    session.#beating = session.#keepBeating();
    return session;
  }

  /** False where there was no room for it, and it was optional. */
  get isStored(): boolean {
    return this.#isStored;
  }

  /** Stops the heartbeats and leaves the objects: the work is unfinished, and others take it up once the session has lapsed. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#beating;
  }

  /** Stops the heartbeats and deletes the objects: the session is over. Safe to call twice. */
  async end(): Promise<void> {
    await this.stop();
    while (this.#heartbeats > 0) {
      await this.#repository.store.delete(`${PREFIX}${this.id}/${this.#heartbeats - 1}`);
      this.#heartbeats--;
    }
  }

  async #keepBeating(): Promise<void> {
    const signal = this.#stop.signal;
    while (!signal.aborted) {
      try {
        await this.#repository.clock.sleep(HEARTBEAT_MS, signal, { background: true });
        await this.#beat();
      } catch {
        // A heartbeat that fails is made up for by the next one; a place that stays away fails the operation itself.
      }
    }
  }

  async #beat(): Promise<void> {
    const { store, host, sealer } = this.#repository;
    const number = this.#heartbeats;
    const body: SessionBody = {
      type: 'session',
      version: 1,
      critical: [],
      session: this.id,
      number,
      operation: this.#request.operation,
      host: host.host,
      machine: host.machine,
      boot: host.boot,
      pidNamespace: host.pidNamespace,
      pid: host.pid,
      pidStart: host.pidStart,
      started: this.started,
      time: this.#repository.timestamp(),
      ...(this.#request.target === undefined ? {} : { target: this.#request.target }),
      ...(this.#request.journal === undefined ? {} : { journal: this.#request.journal }),
      ...(this.#request.slot === undefined ? {} : { slot: this.#request.slot }),
      ...(this.#request.snapshots === undefined ? {} : { snapshots: [...this.#request.snapshots] }),
    };
    // Counted before it is put: a put that fails may still have stored the object, which `end` then deletes.
    this.#heartbeats = number + 1;
    await store.put(`${PREFIX}${this.id}/${number}`, encodeBody(sealer, OBJECT_TYPES.session, this.bytes, body));
  }
}

export interface SessionRecord {
  id: string;
  /** The newest readable heartbeat; undefined where none is. */
  body: SessionBody | undefined;
  /** Names of all its objects. */
  objects: string[];
  live: boolean;
}

/** All sessions that have objects in the store. One without a readable heartbeat counts as ended: its next one, if any, heals that. */
export async function listSessions(repository: Repository): Promise<SessionRecord[]> {
  const names = (await repository.store.list(PREFIX)).map(({ name }) => name);
  const records: SessionRecord[] = [];
  for (const [id, objects] of Map.groupBy(names, (name) => name.split('/')[1] as string)) {
    const body = await newestHeartbeat(repository, id, objects);
    records.push({ id, body, objects, live: body !== undefined && isLive(repository, body) });
  }
  return records;
}

async function newestHeartbeat(
  repository: Repository,
  id: string,
  objects: readonly string[],
): Promise<SessionBody | undefined> {
  for (const name of objects.toSorted((a, b) => heartbeatNumber(b) - heartbeatNumber(a))) {
    try {
      const body = parseSessionBody(
        decodeBody(repository.sealer, OBJECT_TYPES.session, await repository.store.get(name)),
      );
      if (body.session === id && body.number === heartbeatNumber(name)) return body;
    } catch (error) {
      if (!isNotFound(error) && !isUnusable(error)) throw error;
    }
  }
  return undefined;
}

const heartbeatNumber = (name: string): number => Number(lastComponent(name));

function isLive({ clock, host }: Repository, body: SessionBody): boolean {
  return clock.now() - Date.parse(body.time) < LAPSE_MS && !isDeadHere(host, body);
}

/**
 * True where the session's process is known to live no more: it ran in this PID namespace since the machine's last start and is gone, or the
 * machine has been started anew. Copies of a machine may share its ID, so its name has to agree as well before another boot says anything.
 */
function isDeadHere(host: HostFacts, body: SessionBody): boolean {
  if (host.boot === '' || body.boot === '' || host.machine !== body.machine) return false;
  if (host.boot !== body.boot) return host.machine !== '' && host.host === body.host;
  return host.pidNamespace === body.pidNamespace && host.processStart(body.pid) !== body.pidStart;
}

/** Restores of this machine that ended without cleaning up: their journals are to be resumed or rolled back. */
export async function listDeadRestores(repository: Repository): Promise<SessionRecord[]> {
  const sessions = await listSessions(repository);
  return sessions.filter(
    ({ live, body }) => !live && body?.operation === 'restore' && body.machine === repository.host.machine,
  );
}

/** Removes what a session left behind. */
export async function deleteSession(repository: Repository, session: SessionRecord): Promise<void> {
  for (const name of session.objects) await repository.store.delete(name);
}
