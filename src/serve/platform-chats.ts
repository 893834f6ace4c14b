import { type Buttons, DAY_MS } from '../bot/chat/buttons.ts';
import type { MessageRef, Platform } from '../bot/platform.ts';
import type { ChannelPlace, Chats } from '../notify/postman.ts';
import { HoldfastError } from '../shared/errors.ts';
import type { StoredMessage } from '../state/people.ts';
import type { OutboxButton } from '../state/unattended-records.ts';
import type { Button, View } from '../view/view.ts';

/** A trouble may last: its buttons work for so long. */
const BUTTONS_VALID_MS = 35 * DAY_MS;

/** The platforms that have been started, for what the bot says by itself. */
export class PlatformChats implements Chats {
  readonly #platforms = new Map<string, Platform>();
  readonly #buttons: Buttons;

  constructor(buttons: Buttons) {
    this.#buttons = buttons;
  }

  add(platform: Platform): void {
    this.#platforms.set(platform.name, platform);
  }

  has(platform: string): boolean {
    return this.#platforms.has(platform);
  }

  async post({ platform, channel }: ChannelPlace, view: View, key: string): Promise<MessageRef> {
    return this.#named(platform).post(channel, view, { key });
  }

  async edit(message: StoredMessage, view: View): Promise<void> {
    await this.#named(message.platform).edit(message, view);
  }

  makeButtons(buttons: readonly OutboxButton[], place: ChannelPlace): Promise<readonly Button[]> {
    const rows = buttons.map(({ label, tone, command, raw }) => ({
      label,
      ...(tone && { tone }),
      purpose: { kind: 'run', command, raw } as const,
      by: 'owners' as const,
      again: true,
    }));
    return this.#buttons.create(rows, place, BUTTONS_VALID_MS);
  }

  #named(name: string): Platform {
    const platform = this.#platforms.get(name);
    if (platform !== undefined) return platform;
    throw new HoldfastError('platform_unavailable', `${name} has not been started`, { retryable: true });
  }
}
