import type { FakeBlock, FakeModal } from './judge-blocks.ts';
import { textOf } from './judge-blocks.ts';

export interface FakeMessage {
  channel: string;
  ts: string;
  text: string;
  blocks: FakeBlock[];
  thread: string | undefined;
  metadata: unknown;
  /** The only user who sees it. */
  onlyFor: string | undefined;
  edits: number;
  files: { name: string; data: Buffer }[];
}

export interface FakeChannel {
  id: string;
  /** Whether the app is in it. */
  joined: boolean;
  archived: boolean;
}

export interface OpenModal {
  id: string;
  view: FakeModal;
  user: string;
  team: string;
}

/** Channels, messages and forms of a workspace, and what people see of them. */
export class Workspace {
  readonly channels = new Map<string, FakeChannel>();
  messages: FakeMessage[] = [];
  readonly modals = new Map<string, OpenModal>();
  #stamps = 0;

  add(id: string, options: Partial<FakeChannel> = {}): FakeChannel {
    const channel = { joined: true, archived: false, ...options, id };
    this.channels.set(id, channel);
    return channel;
  }

  post(message: Pick<FakeMessage, 'channel' | 'text' | 'blocks'> & Partial<FakeMessage>): FakeMessage {
    const ts = `1700000000.${String(++this.#stamps).padStart(6, '0')}`;
    const empty = { thread: undefined, metadata: undefined, onlyFor: undefined, edits: 0, files: [] };
    const posted = { ...empty, ...message, ts };
    this.messages.push(posted);
    return posted;
  }

  find(channel: string, ts: string): FakeMessage | undefined {
    return this.messages.find((one) => one.channel === channel && one.ts === ts && one.onlyFor === undefined);
  }

  /** What a user sees in a channel, oldest first; each message as text with its buttons in brackets. */
  shown(channel: string, user?: string): string[] {
    return this.seenBy(channel, user).map(readMessage);
  }

  seenBy(channel: string, user?: string): FakeMessage[] {
    return this.messages.filter(
      (one) => one.channel === channel && (one.onlyFor === undefined || one.onlyFor === user),
    );
  }
}

const readable = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

/** A message as people read it: escapes resolved, markup left as it is. */
export function readMessage({ text, blocks, files }: FakeMessage): string {
  const lines = blocks.length === 0 ? [text] : blocks.map(readBlock);
  return [...lines.map(readable), ...files.map(({ name }) => `(${name})`)].filter((line) => line !== '').join('\n');
}

function readBlock(block: FakeBlock): string {
  if (block.type !== 'actions') return textOf(block);
  return block.elements
    .map((element) => (element.type === 'button' ? `[${element.text.text}]` : `<${element.placeholder?.text ?? ''}>`))
    .join(' ');
}

/** Mentions and links that Slack would make of a message. Plain text and what is marked verbatim have only those in angle brackets. */
export function aliveIn({ text, blocks }: Pick<FakeMessage, 'text' | 'blocks'>): string[] {
  const bracketed = [text, ...blocks.map(textOf)].flatMap((one) => one.match(/<[^>]*>/g) ?? []);
  const loose = blocks.flatMap(textsOf).filter((one) => one.type === 'mrkdwn' && one.verbatim !== true);
  return [...bracketed, ...loose.flatMap((one) => one.text.match(/\w+:\/\/\S+|@(?:here|channel|everyone)/g) ?? [])];
}

function textsOf(block: FakeBlock) {
  if (block.type === 'section') return [block.text, ...(block.fields ?? [])].filter((one) => one !== undefined);
  return block.type === 'context' ? block.elements : [];
}
