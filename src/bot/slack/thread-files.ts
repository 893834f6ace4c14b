import { createHash } from 'node:crypto';
import { HoldfastError } from '../../shared/errors.ts';
import type { AttachedFile } from '../../terminal/attached-files.ts';
import type { MessageRef } from '../platform.ts';
import { plainText } from './blocks.ts';
import { escapeSlack } from './mrkdwn.ts';
import type { SlackApi } from './slack-api.ts';

/** Messages whose files are remembered. */
const REMEMBERED = 500;

/** Files below messages: in their threads, so that a channel shows them only to those who look. */
export class ThreadFiles {
  readonly #api: SlackApi;
  /** What hangs below a message already, so that an edit does not bring it again. */
  readonly #attached = new Map<string, Set<string>>();

  constructor(api: SlackApi) {
    this.#api = api;
  }

  /** Never rejects: a file that cannot be attached is told of in its place. */
  async attach(ref: MessageRef, files: readonly AttachedFile[]): Promise<void> {
    for (const file of files) {
      const there = this.#below(ref);
      const print = `${file.name} ${createHash('sha256').update(file.data).digest('hex')}`;
      if (there.has(print)) continue;
      there.add(print);
      await this.#upload(ref, file).catch((error) => this.#tellMissing(ref, file, error));
    }
  }

  #below({ channel, message }: MessageRef): Set<string> {
    const key = `${channel}/${message}`;
    const there = this.#attached.get(key) ?? new Set<string>();
    this.#attached.set(key, there);
    const oldest = this.#attached.keys().next().value;
    if (this.#attached.size > REMEMBERED && oldest !== undefined) this.#attached.delete(oldest);
    return there;
  }

  /** Source: https://docs.slack.dev/messaging/working-with-files#uploading_files */
  async #upload({ channel, message }: MessageRef, { name, data, title }: AttachedFile): Promise<void> {
    const length = Math.max(data.length, 1);
    const slot = await this.#api.call('files.getUploadURLExternal', {
      filename: name,
      length,
      ...(title !== undefined && { alt_txt: title }),
    });
    await this.#api.upload(String(slot.upload_url), data.length === 0 ? Buffer.from('\n') : data);
    const files = [{ id: String(slot.file_id), title: name }];
    await this.#api.call('files.completeUploadExternal', { files, channel_id: channel, thread_ts: message });
  }

  async #tellMissing({ channel, message }: MessageRef, { name }: AttachedFile, error: unknown): Promise<void> {
    const why = error instanceof HoldfastError ? error.message : 'something went wrong';
    const text = escapeSlack(`The file ${name} could not be attached. ${why}`);
    const blocks = [{ type: 'section', text: plainText(text) }];
    await this.#api
      .call('chat.postMessage', { channel, thread_ts: message, text, blocks, parse: 'none' })
      .catch(() => {});
  }
}
