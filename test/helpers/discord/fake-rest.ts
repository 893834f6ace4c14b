import type { IncomingMessage, ServerResponse } from 'node:http';
import { DiscordRefusal, malformed, REFUSALS, slowDown } from './discord-refusal.ts';
import { type FakeInteraction, type FakeMessage, type FakeState, messageJson } from './fake-state.ts';
import { type Json, judgeCommands, judgeMessage, judgeShape } from './judge-body.ts';

export interface FakeRequest {
  method: string;
  path: string;
  body: unknown;
  files: { field: string; name: string; data: Buffer }[];
  status: number | undefined;
  /** By the wall clock. */
  atMs: number;
}

/** Something that goes wrong for the next requests that it is about. */
export interface Fault {
  when: (request: FakeRequest) => boolean;
  /** How many more requests it hits. */
  times: number;
  /**
   * `hang` never answers; `lose` does what was asked and cuts the connection instead of answering; `empty` does it and says that the answer, of which there is none,
   * is JSON.
   */
  what: DiscordRefusal | { status: number } | 'hang' | 'cut' | 'lose' | 'empty';
}

const ACKNOWLEDGE_WITHIN_MS = 3000;
const TOKEN_LIVES_MS = 15 * 60_000;
const OLD_AFTER_MS = 60 * 60_000;
const EDITS_WHEN_OLD = 3;
const FILE_BYTES = 10 * 1024 * 1024;
const EPHEMERAL = 64;

export interface RestOptions {
  state: FakeState;
  now: () => number;
  token: () => string;
  gatewayUrl: () => string;
  changed: () => void;
}

type Handler = (params: Record<string, string>, request: FakeRequest) => unknown;

/** Discord's REST API, version 10, as far as the bot needs it; anything else is refused. */
export class FakeRest {
  readonly requests: FakeRequest[] = [];
  readonly faults: Fault[] = [];
  /** Requests in one bucket within its window. */
  bucket = { limit: 100, windowMs: 1000 };
  private readonly options: RestOptions;
  private readonly buckets = new Map<string, { left: number; resetMs: number }>();
  private readonly routes: readonly { method: string; pattern: RegExp; name: string; run: Handler; open: boolean }[];

  constructor(options: RestOptions) {
    this.options = options;
    const route = (name: string, run: Handler, open = false) => {
      const [method = '', path = ''] = name.split(' ');
      return { method, name, run, open, pattern: new RegExp(`^${path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`) };
    };
    const message = '/webhooks/{webhook_id}/{webhook_token}/messages';
    this.routes = [
      route('GET /gateway/bot', () => this.describeGateway()),
      route('GET /applications/{application_id}/commands', () => this.listCommands('')),
      route('PUT /applications/{application_id}/commands', (_params, request) => this.putCommands('', request)),
      route('GET /applications/{application_id}/guilds/{guild_id}/commands', (p) =>
        this.listCommands(p.guild_id ?? ''),
      ),
      route('PUT /applications/{application_id}/guilds/{guild_id}/commands', (p, r) =>
        this.putCommands(p.guild_id ?? '', r),
      ),
      route('POST /interactions/{interaction_id}/{interaction_token}/callback', (p, r) => this.acknowledge(p, r), true),
      route(`PATCH ${message}/@original`, (p, r) => this.editByToken(p, '@original', r), true),
      route(`PATCH ${message}/{message_id}`, (p, r) => this.editByToken(p, p.message_id ?? '', r), true),
      route(`DELETE ${message}/@original`, (p) => this.deleteOriginal(p), true),
      route('POST /webhooks/{webhook_id}/{webhook_token}', (p, r) => this.followUp(p, r), true),
      route('POST /channels/{channel_id}/messages', (p, r) => this.createMessage(p.channel_id ?? '', r)),
      route('PATCH /channels/{channel_id}/messages/{message_id}', (p, r) => this.editMessage(p, r)),
      route('POST /users/@me/channels', (_params, request) => this.openDirect(request)),
    ];
  }

  async handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await readRequest(incoming);
    this.requests.push(request);
    const fault = this.faults.find(({ when, times }) => times > 0 && when(request));
    if (fault !== undefined) fault.times--;
    if (fault?.what === 'hang' || fault?.what === 'cut') {
      if (fault.what === 'cut') incoming.socket.destroy();
      this.options.changed();
      return;
    }
    const answer = typeof fault?.what === 'object' ? failWith(fault.what) : this.answer(request, incoming);
    request.status = answer.status;
    if (fault?.what === 'lose') incoming.socket.destroy();
    else {
      response.writeHead(answer.status, {
        ...((answer.body !== undefined || fault?.what === 'empty') && { 'content-type': 'application/json' }),
        ...answer.headers,
      });
      response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body));
    }
    this.options.changed();
  }

  private answer(request: FakeRequest, incoming: IncomingMessage): Answer {
    try {
      const route = this.routes.find(({ method, pattern }) => method === request.method && pattern.test(request.path));
      if (route === undefined) throw REFUSALS.unknownRoute();
      if (!route.open && incoming.headers.authorization !== `Bot ${this.options.token()}`)
        throw REFUSALS.unauthorized();
      const headers = this.spend(route.name, request.path);
      if (request.body !== undefined || request.method === 'POST' || request.method === 'PUT') {
        const complaints = judgeShape(route.name, request.body);
        if (complaints.length > 0) throw malformed(complaints);
      }
      const body = route.run(route.pattern.exec(request.path)?.groups ?? {}, request);
      return { status: body === undefined ? 204 : 200, body, headers };
    } catch (error) {
      return failWith(error);
    }
  }

  /** Takes one from the bucket of the route and its channel or token. */
  private spend(route: string, path: string): Record<string, string> {
    const { limit, windowMs } = this.bucket;
    const [, kind, major] = path.split('/');
    const key = `${route} ${kind}/${major}${kind === 'webhooks' ? path.split('/')[3] : ''}`;
    const now = Date.now();
    let bucket = this.buckets.get(key);
    if (bucket === undefined || bucket.resetMs <= now) {
      bucket = { left: limit, resetMs: now + windowMs };
      this.buckets.set(key, bucket);
    }
    const resetAfter = (bucket.resetMs - now) / 1000;
    if (bucket.left === 0) throw slowDown(resetAfter);
    bucket.left--;
    return {
      'x-ratelimit-limit': String(limit),
      'x-ratelimit-remaining': String(bucket.left),
      'x-ratelimit-reset-after': String(resetAfter),
      'x-ratelimit-bucket': Buffer.from(route).toString('hex').slice(0, 32),
    };
  }

  private describeGateway(): Json {
    const session_start_limit = { total: 1000, remaining: 999, reset_after: 14_400_000, max_concurrency: 1 };
    return { url: this.options.gatewayUrl(), shards: 1, session_start_limit };
  }

  private listCommands(guild: string): Json[] {
    return this.options.state.commands.get(guild) ?? [];
  }

  private putCommands(guild: string, { body }: FakeRequest): Json[] {
    const { state } = this.options;
    const commands = body as Json[];
    const complaints = judgeCommands(commands, guild !== '');
    if (complaints.length > 0) throw malformed(complaints);
    if (guild !== '' && guild !== state.guild) throw REFUSALS.missingAccess();
    const stored = commands.map((command) => storedCommand(state, command, guild));
    state.commands.set(guild, stored);
    return stored;
  }

  private acknowledge(
    { interaction_id: id, interaction_token: token }: Record<string, string>,
    { body, atMs }: FakeRequest,
  ): undefined {
    const interaction = this.options.state.interactions.find((one) => one.id === id && one.token === token);
    if (interaction === undefined) throw REFUSALS.unknownInteraction();
    if (this.options.now() - interaction.createdMs > ACKNOWLEDGE_WITHIN_MS) throw REFUSALS.unknownInteraction();
    if (interaction.acknowledgement !== undefined) throw REFUSALS.acknowledgedTwice();
    const { type, data = {} } = body as { type: number; data?: Json };
    this.applyCallback(interaction, type, data);
    interaction.acknowledgedAfterMs = atMs - interaction.sentAt;
  }

  private applyCallback(interaction: FakeInteraction, type: number, data: Json): void {
    const { state } = this.options;
    if ((type === 8) !== (interaction.type === 4))
      throw malformed([{ path: ['type'], code: 'TYPE', message: 'Not for this kind' }]);
    if ((type === 6 || type === 7) && interaction.type !== 3) {
      throw malformed([{ path: ['type'], code: 'TYPE', message: 'Only for components' }]);
    }
    const onlyFor = (Number(data.flags ?? 0) & EPHEMERAL) === 0 ? undefined : interaction.user.id;
    if (type === 8) {
      interaction.acknowledgement = 'choices';
      interaction.choices = data.choices as FakeInteraction['choices'];
    } else if (type === 5 || type === 4) {
      if (type === 4) this.judge(data);
      interaction.acknowledgement = type === 5 ? 'deferred' : 'replied';
      interaction.original = state.addMessage(interaction.channel, onlyFor);
      interaction.original.thinking = type === 5;
      if (type === 4) this.fill(interaction.original, data, []);
    } else if (type === 6) interaction.acknowledgement = 'deferred-update';
    else if (type === 7 && interaction.original !== undefined) {
      interaction.acknowledgement = 'updated';
      this.fill(interaction.original, data, []);
    }
  }

  private byToken({ webhook_id: id, webhook_token: token }: Record<string, string>): FakeInteraction {
    const { state, now } = this.options;
    const found = state.interactions.find((one) => one.token === token);
    if (found?.acknowledgement === undefined || id !== state.applicationId) throw REFUSALS.unknownWebhook();
    if (now() - found.createdMs > TOKEN_LIVES_MS) throw REFUSALS.expiredToken();
    return found;
  }

  private editByToken(params: Record<string, string>, id: string, request: FakeRequest): Json {
    const interaction = this.byToken(params);
    const message =
      id === '@original'
        ? interaction.original
        : [interaction.original, ...interaction.followups].find((one) => one?.id === id);
    if (message === undefined || message.deleted) throw REFUSALS.unknownMessage();
    return this.change(message, request);
  }

  private deleteOriginal(params: Record<string, string>): undefined {
    const { original } = this.byToken(params);
    if (original === undefined || original.deleted) throw REFUSALS.unknownMessage();
    original.deleted = true;
    original.thinking = false;
  }

  private followUp(params: Record<string, string>, request: FakeRequest): Json {
    const interaction = this.byToken(params);
    const body = request.body as Json;
    this.judge(body);
    const onlyFor = (Number(body.flags ?? 0) & EPHEMERAL) === 0 ? undefined : interaction.user.id;
    // As Discord does: the first follow-up to a deferred answer takes its place, visible as the answer was to be.
    const isFirst = interaction.original?.thinking === true && interaction.type === 2;
    const message = isFirst
      ? (interaction.original as FakeMessage)
      : this.options.state.addMessage(interaction.channel, onlyFor);
    if (!isFirst) interaction.followups.push(message);
    message.thinking = false;
    this.fill(message, body, request.files);
    return messageJson(this.options.state, message);
  }

  private createMessage(channel: string, request: FakeRequest): Json {
    const { state } = this.options;
    const found = this.openChannel(channel, request.files.length > 0);
    const body = request.body as Json & { nonce?: string };
    this.judge(body);
    const again = found.messages.find((one) => one.nonce !== undefined && one.nonce === body.nonce);
    if (body.enforce_nonce === true && again !== undefined) return messageJson(state, again);
    const message = state.addMessage(channel);
    message.nonce = body.nonce;
    try {
      this.fill(message, body, request.files);
    } catch (error) {
      found.messages.pop();
      throw error;
    }
    return messageJson(state, message);
  }

  private editMessage(
    { channel_id: channel = '', message_id: id = '' }: Record<string, string>,
    request: FakeRequest,
  ): Json {
    const { state, now } = this.options;
    this.openChannel(channel, request.files.length > 0);
    const message = state.findMessage(channel, id);
    if (message === undefined || message.onlyFor !== undefined) throw REFUSALS.unknownMessage();
    const isOld = now() - message.createdMs > OLD_AFTER_MS;
    if (isOld && message.edits >= EDITS_WHEN_OLD) throw slowDown(600, false, 30046);
    const answer = this.change(message, request);
    if (isOld) message.edits++;
    return answer;
  }

  private openChannel(id: string, withFiles: boolean) {
    const channel = this.options.state.channels.get(id);
    if (channel === undefined) throw REFUSALS.unknownChannel();
    if (channel.refusesDirect) throw REFUSALS.refusesDirect();
    if (channel.denied.has('view')) throw REFUSALS.missingAccess();
    if (channel.denied.has('send') || (withFiles && channel.denied.has('attach'))) throw REFUSALS.missingPermissions();
    return channel;
  }

  private openDirect({ body }: FakeRequest): Json {
    const { recipient_id: user } = body as { recipient_id: string };
    const channel = this.options.state.directChannel(user);
    return {
      id: channel.id,
      type: 1,
      recipients: [{ id: user, username: 'someone', discriminator: '0', avatar: null }],
    };
  }

  private judge(body: Json): void {
    const complaints = judgeMessage(body);
    if (complaints.length > 0) throw malformed(complaints);
  }

  private change(message: FakeMessage, { body, files }: FakeRequest): Json {
    this.judge(body as Json);
    this.fill(message, body as Json, files);
    message.thinking = false;
    return messageJson(this.options.state, message);
  }

  /** Puts what the body names into the message; what it does not name stays. */
  private fill(message: FakeMessage, body: Json, files: FakeRequest['files']): void {
    const content = body.content === undefined ? message.content : String(body.content ?? '');
    const embeds = body.embeds === undefined ? message.embeds : ((body.embeds ?? []) as Json[]);
    const components = body.components === undefined ? message.components : ((body.components ?? []) as Json[]);
    const attachments = this.attach(message, body, files);
    if (content.trim() === '' && embeds.length + components.length + attachments.length === 0) throw REFUSALS.empty();
    Object.assign(message, { content, embeds, components, attachments, pings: pingsOf(content, body) });
  }

  private attach(message: FakeMessage, body: Json, files: FakeRequest['files']): FakeMessage['attachments'] {
    if (files.some(({ data }) => data.length > FILE_BYTES)) throw REFUSALS.tooLarge();
    const wanted = body.attachments as { id: string; filename?: string }[] | undefined;
    const sent = new Map(files.map((file) => [/^files\[(\d+)\]$/.exec(file.field)?.[1], file]));
    const kept =
      wanted === undefined
        ? message.attachments
        : message.attachments.filter(({ id }) => wanted.some((one) => one.id === id));
    const added = (wanted ?? []).flatMap(({ id, filename }) => {
      const file = sent.get(id);
      if (file === undefined && !kept.some((one) => one.id === id)) {
        throw malformed([
          { path: ['attachments'], code: 'ATTACHMENT_NOT_FOUND', message: `Attachment ${id} was not sent` },
        ]);
      }
      return file === undefined
        ? []
        : [{ id: this.options.state.snowflake(), name: filename ?? file.name, data: file.data }];
    });
    if (added.length < files.length) {
      throw malformed([
        { path: ['attachments'], code: 'ATTACHMENT_UNNAMED', message: 'A file was sent that attachments do not name' },
      ]);
    }
    return [...kept, ...added];
  }
}

interface Answer {
  status: number;
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
}

function failWith(error: unknown): Answer {
  if (error instanceof DiscordRefusal) return error;
  if (typeof error === 'object' && error !== null && 'status' in error)
    return { status: Number(error.status), body: { message: 'Server error', code: 0 } };
  return { status: 500, body: { message: String(error), code: 0 } };
}

async function readRequest(incoming: IncomingMessage): Promise<FakeRequest> {
  const pieces: Buffer[] = [];
  for await (const piece of incoming) pieces.push(piece as Buffer);
  const raw = Buffer.concat(pieces);
  const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
  const request: FakeRequest = {
    method: incoming.method ?? '',
    path: decodeURIComponent(url.pathname).replace(/^\/api\/v10/, ''),
    body: undefined,
    files: [],
    status: undefined,
    atMs: performance.now(),
  };
  const type = incoming.headers['content-type'] ?? '';
  if (type.startsWith('multipart/form-data')) {
    const form = await new Response(raw, { headers: { 'content-type': type } }).formData();
    for (const [field, value] of form) {
      if (typeof value === 'string') request.body = JSON.parse(value);
      else request.files.push({ field, name: value.name, data: Buffer.from(await value.arrayBuffer()) });
    }
  } else if (raw.length > 0) request.body = JSON.parse(raw.toString('utf8'));
  return request;
}

/** A command with what Discord adds to it. */
function storedCommand(state: FakeState, command: Json, guild: string): Json {
  return {
    id: state.snowflake(),
    application_id: state.applicationId,
    version: state.snowflake(),
    default_member_permissions: null,
    type: 1,
    name_localizations: null,
    description_localizations: null,
    dm_permission: true,
    nsfw: false,
    ...(guild === '' ? { contexts: null, integration_types: [0] } : { guild_id: guild }),
    ...command,
  };
}

/** Who the message notifies: without `allowed_mentions` everybody whom its content names. */
function pingsOf(content: string, { allowed_mentions: allowed }: Json): string[] {
  const parse = (allowed as { parse?: string[] } | undefined)?.parse ?? ['users', 'roles', 'everyone'];
  const found = [...content.matchAll(/@everyone|@here|<@[!&]?\d+>/g)].map(([mention]) => mention);
  return found.filter((mention) =>
    parse.includes(mention.startsWith('<@&') ? 'roles' : mention.startsWith('<') ? 'users' : 'everyone'),
  );
}
