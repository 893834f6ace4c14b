import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type WebSocket, WebSocketServer } from 'ws';
import { type FakeBlock, judgeBlocks, judgeModal } from './judge-blocks.ts';
import { SLACK_LIMITS } from './slack-limits.ts';
import { JSON_ARGUMENTS, judgeArguments, WEB_METHODS, type WebMethod } from './web-methods.ts';
import { type FakeMessage, type OpenModal, Workspace } from './workspace.ts';

export const TEAM = 'T0001';
export const BOT_TOKEN = 'xoxb-0001-abcdefgh';
export const APP_TOKEN = 'xapp-0001-abcdefgh';
export const SIGNING_SECRET = 'signing-secret-0001';
/** Only against hanging: nothing here takes a second unless the machine is busy. */
const PATIENCE_MS = 110_000;

/** What becomes of the next call of a method. `lost` carries it out and never answers. */
export type Fault =
  | { kind: 'status'; status: number }
  | { kind: 'limited'; seconds: number }
  | { kind: 'error'; error: string }
  /** Answered late, but answered. */
  | { kind: 'slow'; ms: number }
  | { kind: 'dropped' }
  | { kind: 'lost' };

export interface FakeCall {
  method: string;
  arguments: Record<string, unknown>;
}

interface Trigger {
  user: string;
  team: string;
  endsMs: number;
}

interface ResponseUrl {
  channel: string;
  user: string;
  uses: number;
  endsMs: number;
  /** What `replace_original` replaces. */
  original: FakeMessage | undefined;
}

type Arguments = Record<string, unknown>;
type Outcome = Record<string, unknown>;

/** What a method refuses with. */
class Refusal extends Error {
  readonly messages: readonly string[];
  constructor(error: string, messages: readonly string[] = []) {
    super(error);
    this.messages = messages;
  }
}

/** A Slack on loopback: Web API, Socket Mode, signed HTTP deliveries, response URLs, uploads. It refuses what Slack refuses. */
export class FakeSlack {
  readonly workspace = new Workspace();
  readonly calls: FakeCall[] = [];
  /** Everything that was refused as misshapen or beyond a limit: a test that expects none finds the first reason here. */
  readonly complaints: string[] = [];
  botToken = BOT_TOKEN;
  appToken = APP_TOKEN;
  scopes = new Set(['chat:write', 'commands', 'files:write', 'im:write', 'channels:history', 'connections:write']);
  /** Where HTTP deliveries go; Socket Mode while it is undefined. */
  requestUrl: string | undefined;
  /** Least time between two messages in one channel; the rest is refused as too many. */
  messageEveryMs = 0;
  /** How often that happened. */
  tooMany = 0;
  readonly #lastPosts = new Map<string, number>();
  /** Links are taken and never greeted. */
  silent = false;
  /** Added to the time of day, for what expires. */
  aheadMs = 0;
  readonly #faults = new Map<string, Fault[]>();
  readonly #triggers = new Map<string, Trigger>();
  readonly #responses = new Map<string, ResponseUrl>();
  readonly #uploads = new Map<string, { name: string; length: number; data: Buffer | undefined }>();
  readonly #sockets = new Set<WebSocket>();
  readonly #acks = new Map<string, (payload: unknown) => void>();
  readonly #waiters = new Set<() => void>();
  #server: Server | undefined;
  #port = 0;
  #count = 0;

  /** Listens; again on the same port after `goDown`. */
  async start(): Promise<this> {
    const server = createServer((request, response) => void this.#serve(request, response));
    const sockets = new WebSocketServer({ server, path: '/link' });
    sockets.on('connection', (socket) => this.#greet(socket));
    await once(server.listen(this.#port, '127.0.0.1'), 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    return this;
  }

  async goDown(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    this.dropSockets();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get apiUrl(): string {
    return `${this.origin}/api/`;
  }

  nowMs(): number {
    return Date.now() + this.aheadMs;
  }

  id(prefix: string): string {
    return `${prefix}${String(++this.#count).padStart(4, '0')}`;
  }

  /** The next calls of a method go wrong, one fault each. */
  fail(method: string, ...faults: Fault[]): void {
    this.#faults.set(method, [...(this.#faults.get(method) ?? []), ...faults]);
  }

  callsOf(method: string): FakeCall[] {
    return this.calls.filter((call) => call.method === method);
  }

  /** Waits until something is so, without looking at the clock in between. */
  async until<T>(look: () => T | undefined | false, what = 'what was expected'): Promise<T> {
    for (;;) {
      const found = look();
      if (found !== undefined && found !== false) return found;
      await this.#change(what);
    }
  }

  #change(what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = (): void => {
        clearTimeout(late);
        this.#waiters.delete(wake);
        resolve();
      };
      const late = setTimeout(() => {
        this.#waiters.delete(wake);
        const seen = this.workspace.messages.map((one) => `${one.channel}: ${one.text}`).join('\n');
        reject(
          new Error(`Slack waited in vain for ${what}. Complaints: ${this.complaints.join('; ')}\nSeen:\n${seen}`),
        );
      }, PATIENCE_MS);
      this.#waiters.add(wake);
    });
  }

  /** Tells those who wait that something may have changed. */
  stir(): void {
    for (const wake of [...this.#waiters]) setImmediate(wake);
  }

  // Deliveries

  get connected(): boolean {
    return this.#sockets.size > 0;
  }

  /** Sends an event to the app and gives what it acknowledged with. */
  async deliver(type: 'slash_commands' | 'interactive' | 'events_api', payload: unknown): Promise<unknown> {
    return this.requestUrl === undefined ? this.#overSocket(type, payload) : this.#overHttp(type, payload);
  }

  async #overSocket(type: string, payload: unknown): Promise<unknown> {
    const envelope = this.id('E');
    const socket = await this.until(() => [...this.#sockets].at(-1), 'a connection');
    const acked = new Promise<unknown>((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error(`${type} was not acknowledged in time`)),
        SLACK_LIMITS.acknowledgeMs,
      );
      this.#acks.set(envelope, (answer) => {
        clearTimeout(late);
        resolve(answer);
      });
    });
    socket.send(JSON.stringify({ type, envelope_id: envelope, payload, accepts_response_payload: true }));
    return acked;
  }

  async #overHttp(type: string, payload: unknown): Promise<unknown> {
    const body =
      type === 'slash_commands'
        ? new URLSearchParams(payload as Record<string, string>).toString()
        : new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
    const response = await this.sendSigned(body, Math.floor(Date.now() / 1000), SIGNING_SECRET);
    if (response.status !== 200) throw new Error(`The app answered ${response.status}`);
    return response.body === '' ? {} : JSON.parse(response.body);
  }

  async sendSigned(body: string, stamp: number, secret: string): Promise<{ status: number; body: string }> {
    const signature = `v0=${createHmac('sha256', secret).update(`v0:${stamp}:${body}`).digest('hex')}`;
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'x-slack-request-timestamp': String(stamp),
      'x-slack-signature': signature,
    };
    const signal = AbortSignal.timeout(SLACK_LIMITS.acknowledgeMs);
    const response = await fetch(this.requestUrl ?? '', { method: 'POST', body, headers, signal });
    return { status: response.status, body: await response.text() };
  }

  trigger(user: string, team: string): string {
    const id = this.id('trigger.');
    this.#triggers.set(id, { user, team, endsMs: this.nowMs() + SLACK_LIMITS.triggerMs });
    return id;
  }

  responseUrl(channel: string, user: string, original?: FakeMessage): string {
    const id = this.id('R');
    this.#responses.set(id, { channel, user, original, uses: 0, endsMs: this.nowMs() + SLACK_LIMITS.responseMs });
    return `${this.origin}/response/${id}`;
  }

  /** Asks the app to connect anew, as Slack does every few hours. */
  refresh(): void {
    const reason = { type: 'disconnect', reason: 'refresh_requested', debug_info: {} };
    for (const socket of this.#sockets) socket.send(JSON.stringify(reason));
  }

  dropSockets(): void {
    for (const socket of this.#sockets) socket.terminate();
  }

  #greet(socket: WebSocket): void {
    this.#sockets.add(socket);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.stir();
    });
    socket.on('message', (data) => {
      const { envelope_id, payload } = JSON.parse(String(data)) as { envelope_id: string; payload: unknown };
      this.#acks.get(envelope_id)?.(payload);
      this.#acks.delete(envelope_id);
      this.stir();
    });
    if (this.silent) return;
    socket.send(
      JSON.stringify({ type: 'hello', num_connections: this.#sockets.size, connection_info: { app_id: 'A0001' } }),
    );
    this.stir();
  }

  // Requests of the app

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>));
    const path = request.url ?? '';
    const method = path.startsWith('/api/') ? path.slice('/api/'.length) : (path.split('/')[1] ?? '');
    const fault = this.#faults.get(method)?.shift();
    if (fault?.kind === 'slow') await delay(fault.ms);
    else if (fault !== undefined && fault.kind !== 'lost') return this.#failWith(fault, response);
    if (method === 'chat.postMessage' && this.#isTooSoon(readForm(body))) {
      return this.#failWith({ kind: 'limited', seconds: 1 }, response);
    }
    const outcome = path.startsWith('/api/')
      ? this.#answer(method, readForm(body), String(request.headers.authorization ?? ''))
      : this.#answerOther(path, body);
    this.stir();
    if (fault?.kind === 'lost') return void response.destroy();
    const { status = 200, ...json } = outcome;
    const text = typeof json.plain === 'string' ? json.plain : JSON.stringify(json);
    response.writeHead(Number(status), { 'content-type': 'application/json' }).end(text);
  }

  #isTooSoon({ channel }: Arguments): boolean {
    const now = performance.now();
    const last = this.#lastPosts.get(String(channel)) ?? Number.NEGATIVE_INFINITY;
    if (now - last < this.messageEveryMs) {
      this.tooMany++;
      return true;
    }
    this.#lastPosts.set(String(channel), now);
    return false;
  }

  #failWith(fault: Exclude<Fault, { kind: 'lost' | 'slow' }>, response: ServerResponse): void {
    this.stir();
    switch (fault.kind) {
      case 'dropped':
        response.destroy();
        return;
      case 'status':
        response.writeHead(fault.status).end('trouble');
        return;
      case 'limited':
        response.writeHead(429, { 'retry-after': String(fault.seconds) }).end('{"ok":false,"error":"ratelimited"}');
        return;
      case 'error':
        response.writeHead(200).end(JSON.stringify({ ok: false, error: fault.error }));
    }
  }

  #answer(method: string, { token, ...given }: Arguments, authorization: string): Outcome {
    this.calls.push({ method, arguments: given });
    try {
      if (!Object.hasOwn(WEB_METHODS, method)) throw new Refusal('unknown_method', [method]);
      this.#authorise(method as WebMethod, String(token ?? authorization.replace(/^Bearer /, '')));
      const wrong = judgeArguments(method as WebMethod, given);
      if (wrong.length > 0) throw new Refusal('invalid_arguments', wrong);
      return { ok: true, ...this.#methods[method as WebMethod](given) };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const messages = error.messages.map((message) => `${method}: ${error.message}: ${message}`);
      this.complaints.push(...messages);
      return { ok: false, error: error.message, response_metadata: { messages: error.messages } };
    }
  }

  #authorise(method: WebMethod, token: string): void {
    const wanted = method === 'apps.connections.open' ? this.appToken : this.botToken;
    if (token !== wanted) throw new Refusal('invalid_auth');
    const { scope } = WEB_METHODS[method];
    if (scope !== undefined && !this.scopes.has(scope)) throw new Refusal('missing_scope');
  }

  readonly #methods: Record<WebMethod, (given: Arguments) => Outcome> = {
    'auth.test': () => ({
      url: this.origin,
      team: 'Team',
      user: 'holdfast',
      team_id: TEAM,
      user_id: 'U0BOT',
      bot_id: 'B0001',
    }),
    'apps.connections.open': () => ({ url: `${this.origin.replace('http', 'ws')}/link?ticket=${this.id('t')}` }),
    'chat.postMessage': (given) => {
      const channel = this.#channel(given.channel);
      if (!channel.joined) throw new Refusal('not_in_channel');
      if (channel.archived) throw new Refusal('is_archived');
      const thread = given.thread_ts as string | undefined;
      const posted = this.workspace.post({
        ...this.#content(given),
        channel: channel.id,
        thread,
        metadata: given.metadata,
      });
      return { channel: channel.id, ts: posted.ts, message: { text: posted.text, ts: posted.ts } };
    },
    'chat.update': (given) => {
      const channel = this.#channel(given.channel);
      const found = this.workspace.find(channel.id, String(given.ts));
      if (found === undefined) throw new Refusal('message_not_found');
      Object.assign(found, this.#content(given), { edits: found.edits + 1 });
      return { channel: channel.id, ts: found.ts, text: found.text };
    },
    'chat.postEphemeral': (given) => {
      const channel = this.#channel(given.channel);
      if (!channel.joined) throw new Refusal('not_in_channel');
      const posted = this.workspace.post({ ...this.#content(given), channel: channel.id, onlyFor: String(given.user) });
      return { message_ts: posted.ts };
    },
    'chat.delete': (given) => {
      const found = this.workspace.find(String(given.channel), String(given.ts));
      if (found === undefined) throw new Refusal('message_not_found');
      this.workspace.messages = this.workspace.messages.filter((one) => one !== found);
      return {};
    },
    'conversations.open': (given) => {
      const id = `D${String(given.users)}`;
      if (!this.workspace.channels.has(id)) this.workspace.add(id);
      return { channel: { id } };
    },
    'conversations.history': (given) => {
      const channel = this.#channel(given.channel);
      if (!channel.joined) throw new Refusal('not_in_channel');
      const seen = this.workspace.seenBy(channel.id).filter(({ thread }) => thread === undefined);
      return { messages: seen.toReversed().map(({ ts, text, metadata }) => ({ ts, text, metadata })) };
    },
    'views.open': (given) => {
      const { user, team } = this.#useTrigger(String(given.trigger_id));
      return { view: { id: this.openModal(given.view, user, team).id } };
    },
    'views.update': (given) => {
      const open = this.workspace.modals.get(String(given.view_id));
      if (open === undefined) throw new Refusal('not_found');
      this.#judge(judgeModal(given.view));
      open.view = given.view as OpenModal['view'];
      return { view: { id: open.id } };
    },
    'files.getUploadURLExternal': (given) => {
      const id = this.id('F');
      this.#uploads.set(id, { name: String(given.filename), length: Number(given.length), data: undefined });
      return { upload_url: `${this.origin}/upload/${id}`, file_id: id };
    },
    'files.completeUploadExternal': (given) => this.#completeUpload(given),
  };

  openModal(view: unknown, user: string, team: string): OpenModal {
    this.#judge(judgeModal(view));
    const open = { id: this.id('V'), view: view as OpenModal['view'], user, team };
    this.workspace.modals.set(open.id, open);
    return open;
  }

  #judge(wrong: readonly string[]): void {
    if (wrong.length > 0) throw new Refusal('invalid_blocks', wrong);
  }

  #content(given: Arguments): { text: string; blocks: FakeBlock[] } {
    const blocks = given.blocks ?? [];
    this.#judge(judgeBlocks(blocks));
    return { text: String(given.text), blocks: blocks as FakeBlock[] };
  }

  #channel(id: unknown) {
    const channel = this.workspace.channels.get(String(id));
    if (channel === undefined) throw new Refusal('channel_not_found');
    return channel;
  }

  #useTrigger(id: string): Trigger {
    const trigger = this.#triggers.get(id);
    if (trigger === undefined) throw new Refusal('exchanged_trigger_id');
    this.#triggers.delete(id);
    if (this.nowMs() > trigger.endsMs) throw new Refusal('expired_trigger_id');
    return trigger;
  }

  #completeUpload(given: Arguments): Outcome {
    const files = given.files as { id: string; title?: string }[];
    const channel = this.#channel(given.channel_id);
    if (!channel.joined) throw new Refusal('not_in_channel');
    for (const { id } of files) {
      const upload = this.#uploads.get(id);
      if (upload?.data === undefined) throw new Refusal('file_not_found');
      const file = { name: upload.name, data: upload.data };
      const thread = given.thread_ts as string | undefined;
      this.workspace.post({ channel: channel.id, text: '', blocks: [], thread, files: [file] });
    }
    return { files };
  }

  #answerOther(path: string, body: Buffer): Outcome {
    const [, kind, id = ''] = path.split('/');
    if (kind === 'upload') {
      const upload = this.#uploads.get(id);
      if (upload === undefined || body.length !== upload.length) return { status: 400, plain: 'bad length' };
      upload.data = body;
      return { plain: `OK - ${body.length}` };
    }
    return kind === 'response'
      ? this.#respond(id, JSON.parse(body.toString()) as Arguments)
      : { status: 404, plain: 'no' };
  }

  #respond(id: string, given: Arguments): Outcome {
    this.calls.push({ method: 'response_url', arguments: given });
    const url = this.#responses.get(id);
    if (url === undefined || this.nowMs() > url.endsMs) return { status: 404, ok: false, error: 'expired_url' };
    if (++url.uses > SLACK_LIMITS.responseUses) return { status: 404, ok: false, error: 'used_url' };
    const { text, blocks = [], response_type = 'ephemeral', replace_original = false, ...rest } = given;
    const unknown = Object.keys(rest).filter(
      (key) => !['parse', 'link_names', 'thread_ts', 'delete_original'].includes(key),
    );
    const wrong = [
      ...judgeBlocks(blocks),
      ...unknown.map((key) => `unknown ${key}`),
      ...(text === '' ? ['no_text'] : []),
    ];
    this.complaints.push(...wrong);
    if (wrong.length > 0) return { status: 400, ok: false, error: 'invalid_blocks' };
    const content = { text: String(text), blocks: blocks as FakeBlock[] };
    if (replace_original === true && url.original !== undefined) Object.assign(url.original, content);
    else {
      const onlyFor = response_type === 'ephemeral' ? url.user : undefined;
      const posted = this.workspace.post({ ...content, channel: url.channel, onlyFor });
      url.original ??= posted;
    }
    return { plain: 'ok' };
  }
}

function readForm(body: Buffer): Arguments {
  const read: Arguments = {};
  for (const [key, value] of new URLSearchParams(body.toString())) {
    read[key] = JSON_ARGUMENTS.has(key) ? JSON.parse(value) : value;
  }
  return read;
}
