import type { Server } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import type { FakeState } from './fake-state.ts';
import type { Json } from './judge-body.ts';

interface Session {
  id: string;
  events: { t: string; d: Json; s: number }[];
  valid: boolean;
}

interface Connection {
  socket: WebSocket;
  session: Session | undefined;
}

export interface GatewayOptions {
  state: FakeState;
  token: () => string;
  url: () => string;
  changed: () => void;
}

/** The gateway, version 10, as JSON without compression: identify, resume with replay, heartbeats, and ways to go wrong. */
export class FakeGateway {
  /** Counters of what clients did. */
  attempts = 0;
  identifies = 0;
  resumes = 0;
  /** What the last client asked to be told about. */
  intents: number | undefined;
  /** How often clients are asked for a sign of life. */
  heartbeatMs = 41_250;
  /** Whether signs of life are answered. */
  answersHeartbeats = true;
  /** Connections are cut as soon as they are made, or made and never answered. */
  trouble: 'cuts' | 'hangs' | undefined;
  /** Identifying is refused with this close code. */
  refusal: number | undefined;
  private readonly options: GatewayOptions;
  private readonly server: WebSocketServer;
  private readonly connections = new Set<Connection>();
  private readonly sessions: Session[] = [];
  private held: { t: string; d: Json }[] | undefined;

  constructor(http: Server, options: GatewayOptions) {
    this.options = options;
    this.server = new WebSocketServer({ noServer: true });
    http.on('upgrade', (request, socket, head) => {
      this.attempts++;
      socket.on('error', () => {});
      if (this.trouble === 'cuts') socket.destroy();
      else if (this.trouble === undefined) {
        this.server.handleUpgrade(request, socket, head, (client) => this.accept(client));
      }
      options.changed();
    });
  }

  /** Whether a client is identified and listening. */
  get isConnected(): boolean {
    return this.connections.values().some(({ session }) => session !== undefined);
  }

  /** Sends an event to the newest session; it is replayed where the client is away. */
  dispatch(t: string, d: Json): void {
    if (this.held !== undefined) {
      this.held.push({ t, d });
      return;
    }
    const session = this.sessions.findLast(({ valid }) => valid);
    if (session === undefined) throw new Error('No client has ever identified');
    const event = { t, d, s: session.events.length + 1 };
    session.events.push(event);
    for (const one of this.connections) if (one.session === session) send(one.socket, 0, event);
  }

  /** Keeps events back until `release`. */
  hold(): void {
    this.held = [];
  }

  /** Sends what was kept back, the newest first where `reversed`. */
  release(reversed = false): void {
    const events = this.held ?? [];
    this.held = undefined;
    for (const { t, d } of reversed ? events.toReversed() : events) this.dispatch(t, d);
  }

  /** Cuts every connection as a network does. */
  drop(): void {
    for (const { socket } of this.connections) socket.terminate();
  }

  close(code: number): void {
    for (const { socket } of this.connections) socket.close(code);
  }

  /** Opcode 7: the client should connect again and resume. */
  askToReconnect(): void {
    for (const { socket } of this.connections) send(socket, 7);
  }

  /** Opcode 9: the session is over. */
  invalidate(canResume: boolean): void {
    for (const session of this.sessions) session.valid = canResume;
    for (const { socket } of this.connections) socket.send(JSON.stringify({ op: 9, d: canResume, s: null, t: null }));
  }

  stop(): void {
    this.drop();
    this.server.close();
  }

  private accept(socket: WebSocket): void {
    const connection: Connection = { socket, session: undefined };
    this.connections.add(connection);
    socket.on('close', () => {
      this.connections.delete(connection);
      this.options.changed();
    });
    socket.on('error', () => {});
    socket.on('message', (data) => {
      this.receive(connection, JSON.parse(String(data)) as { op: number; d: Json });
      this.options.changed();
    });
    socket.send(JSON.stringify({ op: 10, d: { heartbeat_interval: this.heartbeatMs }, s: null, t: null }));
  }

  private receive(connection: Connection, { op, d }: { op: number; d: Json }): void {
    if (op === 1 && this.answersHeartbeats) send(connection.socket, 11);
    if (op === 2) this.identify(connection, d);
    if (op === 6) this.resume(connection, d);
  }

  private identify(connection: Connection, { token, intents }: Json): void {
    this.identifies++;
    this.intents = Number(intents);
    const refusal = token === this.options.token() ? this.refusal : 4004;
    if (refusal !== undefined) {
      connection.socket.close(refusal);
      return;
    }
    const session: Session = { id: `session-${this.sessions.length + 1}`, events: [], valid: true };
    this.sessions.push(session);
    connection.session = session;
    const { botUser, applicationId, guild } = this.options.state;
    const user = { id: botUser.id, username: botUser.name, discriminator: '0', avatar: null, bot: true };
    this.sendNow(connection, session, 'READY', {
      v: 10,
      user,
      guilds: [{ id: guild, unavailable: true }],
      session_id: session.id,
      resume_gateway_url: this.options.url(),
      shard: [0, 1],
      application: { id: applicationId, flags: 0 },
    });
    this.sendNow(connection, session, 'GUILD_CREATE', guildJson(this.options.state));
  }

  private resume(connection: Connection, { token, session_id: id, seq }: Json): void {
    this.resumes++;
    const session = this.sessions.find((one) => one.id === id && one.valid);
    if (session === undefined || token !== this.options.token()) {
      connection.socket.send(JSON.stringify({ op: 9, d: false, s: null, t: null }));
      return;
    }
    connection.session = session;
    for (const event of session.events) if (event.s > Number(seq)) send(connection.socket, 0, event);
    this.sendNow(connection, session, 'RESUMED', {});
  }

  private sendNow({ socket }: Connection, session: Session, t: string, d: Json): void {
    const event = { t, d, s: session.events.length + 1 };
    session.events.push(event);
    send(socket, 0, event);
  }
}

function send(socket: WebSocket, op: number, event?: { t: string; d: Json; s: number }): void {
  socket.send(JSON.stringify({ op, d: event?.d ?? null, s: event?.s ?? null, t: event?.t ?? null }));
}

function guildJson({ guild, channels, botUser }: FakeState): Json {
  return {
    id: guild,
    name: 'Operations',
    owner_id: '1',
    roles: [
      {
        id: guild,
        name: '@everyone',
        permissions: '0',
        position: 0,
        color: 0,
        hoist: false,
        managed: false,
        mentionable: false,
      },
    ],
    channels: channels
      .values()
      .filter(({ user }) => user === undefined)
      .map(({ id }) => ({
        id,
        type: 0,
        name: `channel-${id}`,
        guild_id: guild,
        permission_overwrites: [],
        position: 0,
      }))
      .toArray(),
    members: [
      {
        user: { id: botUser.id, username: botUser.name },
        roles: [],
        joined_at: '2026-01-01T00:00:00Z',
        deaf: false,
        mute: false,
        flags: 0,
      },
    ],
    threads: [],
    emojis: [],
    stickers: [],
    features: [],
    presences: [],
    voice_states: [],
    stage_instances: [],
    guild_scheduled_events: [],
    soundboard_sounds: [],
    member_count: 1,
    large: false,
    unavailable: false,
    joined_at: '2026-01-01T00:00:00Z',
    preferred_locale: 'en-US',
    premium_tier: 0,
    nsfw_level: 0,
    verification_level: 0,
    default_message_notifications: 0,
    explicit_content_filter: 0,
    mfa_level: 0,
    system_channel_flags: 0,
    afk_timeout: 300,
  };
}
