import type { Json } from './judge-body.ts';

export interface FakeFile {
  name: string;
  data: Buffer;
}

export interface FakeMessage {
  id: string;
  channel: string;
  content: string;
  embeds: Json[];
  components: Json[];
  attachments: (FakeFile & { id: string })[];
  flags: number;
  nonce: string | undefined;
  /** The only user who sees it. */
  onlyFor: string | undefined;
  createdMs: number;
  edits: number;
  deleted: boolean;
  /** Whether the bot is still to say something in its place. */
  thinking: boolean;
  /** Who was notified by a mention. */
  pings: string[];
}

export type ChannelPermission = 'view' | 'send' | 'attach';

export interface FakeChannel {
  id: string;
  /** The guild's, or a conversation with one user. */
  user: string | undefined;
  denied: Set<ChannelPermission>;
  /** The user takes no direct messages. */
  refusesDirect: boolean;
  messages: FakeMessage[];
}

export interface FakeUser {
  id: string;
  name: string;
}

export type Acknowledgement = 'deferred' | 'deferred-update' | 'replied' | 'updated' | 'choices';

/** One thing that a user did. */
export interface FakeInteraction {
  id: string;
  token: string;
  type: 2 | 3 | 4 | 5;
  user: FakeUser;
  channel: string;
  createdMs: number;
  /** By the wall clock: from sending to the acknowledgement. */
  sentAt: number;
  acknowledgedAfterMs: number | undefined;
  acknowledgement: Acknowledgement | undefined;
  /** The answer to a command, or the message that holds what was pressed. */
  original: FakeMessage | undefined;
  followups: FakeMessage[];
  choices: { name: string; value: string | number }[] | undefined;
  /** As the gateway sends it. */
  payload: Json;
}

const EPOCH_MS = 1_420_070_400_000n;

/** Everything that Discord would remember. */
export class FakeState {
  readonly applicationId = '900000000000000001';
  readonly botUser: FakeUser = { id: '900000000000000001', name: 'holdfast' };
  readonly guild = '42';
  readonly channels = new Map<string, FakeChannel>();
  readonly interactions: FakeInteraction[] = [];
  /** By guild, the global ones under the empty text. */
  readonly commands = new Map<string, Json[]>();
  private readonly now: () => number;
  private count = 0n;

  constructor(now: () => number) {
    this.now = now;
    for (const id of ['77', '78']) this.addChannel(id);
  }

  snowflake(): string {
    this.count += 1n;
    return String(((BigInt(this.now()) - EPOCH_MS) << 22n) + this.count);
  }

  addChannel(id: string, user?: string): FakeChannel {
    const channel: FakeChannel = { id, user, denied: new Set(), refusesDirect: false, messages: [] };
    this.channels.set(id, channel);
    return channel;
  }

  directChannel(user: string): FakeChannel {
    const found = this.channels.values().find((channel) => channel.user === user);
    return found ?? this.addChannel(this.snowflake(), user);
  }

  addMessage(channel: string, onlyFor?: string): FakeMessage {
    const message: FakeMessage = {
      id: this.snowflake(),
      channel,
      content: '',
      embeds: [],
      components: [],
      attachments: [],
      flags: onlyFor === undefined ? 0 : 64,
      nonce: undefined,
      onlyFor,
      createdMs: this.now(),
      edits: 0,
      deleted: false,
      thinking: false,
      pings: [],
    };
    this.channels.get(channel)?.messages.push(message);
    return message;
  }

  findMessage(channel: string, id: string): FakeMessage | undefined {
    return this.channels.get(channel)?.messages.find((message) => message.id === id && !message.deleted);
  }
}

/** A message as Discord sends it. */
export function messageJson(state: FakeState, message: FakeMessage): Json {
  const { botUser, applicationId } = state;
  return {
    id: message.id,
    type: 0,
    channel_id: message.channel,
    author: { id: botUser.id, username: botUser.name, discriminator: '0', avatar: null, bot: true },
    application_id: applicationId,
    content: message.content,
    embeds: message.embeds,
    components: message.components,
    attachments: message.attachments.map(({ id, name, data }) => ({
      id,
      filename: name,
      size: data.length,
      url: `http://127.0.0.1/${id}/${name}`,
      proxy_url: `http://127.0.0.1/${id}/${name}`,
    })),
    flags: message.flags,
    mentions: [],
    mention_roles: [],
    mention_everyone: false,
    pinned: false,
    tts: false,
    timestamp: new Date(message.createdMs).toISOString(),
    edited_timestamp: null,
    ...(message.nonce !== undefined && { nonce: message.nonce }),
  };
}
