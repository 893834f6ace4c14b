import { EventEmitter, once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { DiscordClock } from './discord-clock.ts';
import { FakeGateway } from './fake-gateway.ts';
import { FakeRest, type Fault } from './fake-rest.ts';
import { type FakeInteraction, type FakeMessage, FakeState, type FakeUser, messageJson } from './fake-state.ts';
import type { Json } from './judge-body.ts';

export type OptionValue = string | number | boolean;

/** Where a user is when doing something: in a channel of the guild, or in a conversation with the bot alone. */
export interface Where {
  user?: FakeUser;
  channel?: string;
  direct?: boolean;
}

export const OWNER: FakeUser = { id: '1234567890', name: 'owner' };
export const STRANGER: FakeUser = { id: '666', name: 'stranger' };

/** Conditions that nothing fulfils are given up after so long. */
const PATIENCE_MS = 110_000;

/**
 * Discord on loopback: gateway and REST with state, every documented limit, and ways to go wrong. Tests act as people do: call commands, press buttons,
 * read channels.
 */
export class FakeDiscord {
  readonly clock: DiscordClock;
  readonly state: FakeState;
  readonly rest: FakeRest;
  readonly gateway: FakeGateway;
  /** What the bot has to say to be let in. */
  token = 'discord-test-token';
  private readonly http: Server;
  private readonly changes = new EventEmitter().setMaxListeners(0);

  static async start(clock = new DiscordClock()): Promise<FakeDiscord> {
    const discord = new FakeDiscord(clock);
    discord.http.listen(0, '127.0.0.1');
    await once(discord.http, 'listening');
    return discord;
  }

  private constructor(clock: DiscordClock) {
    this.clock = clock;
    const now = () => clock.now();
    const changed = () => this.changes.emit('change');
    const token = () => this.token;
    const gatewayUrl = () => `ws://127.0.0.1:${this.port}/gw`;
    this.state = new FakeState(now);
    this.rest = new FakeRest({ state: this.state, now, token, gatewayUrl, changed });
    this.http = createServer((request, response) => {
      this.rest.handle(request, response).catch((error) => response.destroy(error));
    });
    this.gateway = new FakeGateway(this.http, { state: this.state, token, url: gatewayUrl, changed });
  }

  get port(): number {
    return (this.http.address() as AddressInfo).port;
  }

  get apiUrl(): string {
    return `http://127.0.0.1:${this.port}/api`;
  }

  async stop(): Promise<void> {
    this.gateway.stop();
    this.http.closeAllConnections();
    this.http.close();
  }

  /** Resolves with what `look` finds as soon as it finds something. */
  async until<T>(what: string, look: () => T | undefined | false | null): Promise<T> {
    const endMs = performance.now() + PATIENCE_MS;
    while (performance.now() < endMs) {
      const found = look();
      if (found !== undefined && found !== false && found !== null) return found;
      // What the bot does by itself is no change here, so it is looked again soon anyway.
      const waiting = new AbortController();
      const { signal } = waiting;
      await Promise.race([once(this.changes, 'change', { signal }), delay(20, undefined, { signal })]);
      waiting.abort();
    }
    const last = this.rest.requests
      .slice(-5)
      .map(({ method, path, status }) => `${method} ${path.slice(0, 80)} ${status}`);
    throw new Error(`Waited in vain: ${what}\n${last.join('\n')}`);
  }

  /** Makes the next requests that match go wrong. */
  fail(when: Fault['when'], what: Fault['what'], times = 1): Fault {
    const fault: Fault = { when, what, times };
    this.rest.faults.push(fault);
    return fault;
  }

  /** Calls a slash command as Discord's own client lets people do: only with options that are registered. */
  call(name: string, options: Readonly<Record<string, OptionValue>> = {}, where: Where = {}): FakeInteraction {
    return this.interact(2, where, () => this.commandData(name, options));
  }

  /** Types into an option and returns what is suggested. */
  complete(
    name: string,
    focused: string,
    options: Readonly<Record<string, OptionValue>>,
    where: Where = {},
  ): FakeInteraction {
    return this.interact(4, where, () => this.commandData(name, options, focused));
  }

  /** Presses the button with that label. */
  press(message: FakeMessage, label: string, where: Where = {}): FakeInteraction {
    const button = componentsOf(message).find((one) => one.type === 2 && one.label === label);
    if (button === undefined)
      throw new Error(`There is no button ${label} in ${JSON.stringify(componentsOf(message))}`);
    return this.pressId(message, String(button.custom_id), where);
  }

  /** Presses a button by an ID that may be made up. */
  pressId(message: FakeMessage, custom_id: string, where: Where = {}): FakeInteraction {
    return this.component(message, { component_type: 2, custom_id }, where);
  }

  /** Chooses the option with that label. */
  choose(message: FakeMessage, label: string, where: Where = {}): FakeInteraction {
    for (const { custom_id, options } of componentsOf(message)) {
      const option = (options as Json[] | undefined)?.find((one) => one.label === label);
      if (option !== undefined) {
        return this.component(message, { component_type: 3, custom_id, values: [option.value] }, where);
      }
    }
    throw new Error(`There is no option ${label}`);
  }

  /** Chooses a user in a select of users, which the bot never shows. */
  chooseUser(message: FakeMessage, custom_id: string, where: Where = {}): FakeInteraction {
    const { id, name } = where.user ?? OWNER;
    const users = { [id]: { id, username: name, discriminator: '0', avatar: null } };
    return this.component(message, { component_type: 5, custom_id, values: [id], resolved: { users } }, where);
  }

  /** Sends a form, which the bot never shows. */
  submitForm(custom_id: string, where: Where = {}): FakeInteraction {
    return this.interact(5, where, () => ({ custom_id, components: [] }));
  }

  /** Chooses a command in the menu of a user, where the bot has none. */
  chooseInMenu(name: string, where: Where = {}): FakeInteraction {
    const target = where.user ?? OWNER;
    const users = { [target.id]: { id: target.id, username: target.name, discriminator: '0', avatar: null } };
    const id = this.state.snowflake();
    return this.interact(2, where, () => ({ id, name, type: 2, target_id: target.id, resolved: { users } }));
  }

  /** Types into an option that no command has. */
  completeUnknown(name: string, where: Where = {}): FakeInteraction {
    const options = [{ name: 'nothing', type: 3, value: 'x', focused: true }];
    return this.interact(4, where, () => ({ id: this.state.snowflake(), name, type: 1, options }));
  }

  /** Delivers an interaction once more, as after a lost acknowledgement of the gateway. */
  deliverAgain(interaction: FakeInteraction): void {
    this.gateway.dispatch('INTERACTION_CREATE', interaction.payload);
  }

  /** What `user` sees in a channel. */
  messages(channel: string, user: FakeUser = OWNER): FakeMessage[] {
    const all = this.state.channels.get(channel)?.messages ?? [];
    return all.filter(({ deleted, onlyFor }) => !deleted && (onlyFor === undefined || onlyFor === user.id));
  }

  /** Resolves with the answer to a command once it shows something that matches. */
  answer(interaction: FakeInteraction, matching = /./): Promise<FakeMessage> {
    return this.until(`an answer like ${matching}`, () => {
      const messages = [interaction.original, ...interaction.followups];
      return messages.find((one) => one !== undefined && !one.thinking && matching.test(textOf(one)));
    });
  }

  private component(message: FakeMessage, data: Json, where: Where): FakeInteraction {
    const at = { channel: message.channel, direct: this.state.channels.get(message.channel)?.user !== undefined };
    const interaction = this.interact(3, { ...at, ...where }, () => data, {
      message: { ...messageJson(this.state, message), ...(where.channel && { channel_id: where.channel }) },
    });
    interaction.original = message;
    return interaction;
  }

  private interact(type: FakeInteraction['type'], where: Where, data: () => Json, extra: Json = {}): FakeInteraction {
    const { user = OWNER, direct = false } = where;
    const channel = where.channel ?? (direct ? this.state.directChannel(user.id).id : '77');
    const id = this.state.snowflake();
    const { applicationId, guild } = this.state;
    const userJson = { id: user.id, username: user.name, global_name: user.name, discriminator: '0', avatar: null };
    const token = `token-of-${id}-${'x'.repeat(180)}`;
    const payload: Json = {
      id,
      application_id: applicationId,
      type,
      data: data(),
      token,
      version: 1,
      channel_id: channel,
      channel: { id: channel, type: direct ? 1 : 0 },
      ...(direct
        ? { user: userJson }
        : {
            guild_id: guild,
            guild: { id: guild, locale: 'en-US', features: [] },
            member: {
              user: userJson,
              roles: [],
              permissions: '0',
              joined_at: '2026-01-01T00:00:00Z',
              deaf: false,
              mute: false,
              flags: 0,
            },
          }),
      app_permissions: '0',
      locale: 'en-US',
      entitlements: [],
      authorizing_integration_owners: { 0: guild },
      context: direct ? 1 : 0,
      attachment_size_limit: 10 * 1024 * 1024,
      ...extra,
    };
    const interaction: FakeInteraction = {
      id,
      token,
      type,
      user,
      channel,
      createdMs: this.clock.now(),
      sentAt: performance.now(),
      acknowledgedAfterMs: undefined,
      acknowledgement: undefined,
      original: undefined,
      followups: [],
      choices: undefined,
      payload,
    };
    this.state.interactions.push(interaction);
    this.gateway.dispatch('INTERACTION_CREATE', payload);
    return interaction;
  }

  private commandData(name: string, options: Readonly<Record<string, OptionValue>>, focused?: string): Json {
    const [top, sub] = name.split(' ');
    const all = [...(this.state.commands.get(this.state.guild) ?? []), ...(this.state.commands.get('') ?? [])];
    const command = all.find((one) => one.name === top);
    if (command === undefined) throw new Error(`/${name} is not registered: ${all.map((one) => one.name)}`);
    const inside = sub === undefined ? command : (command.options as Json[]).find((one) => one.name === sub);
    if (inside === undefined) throw new Error(`/${name} is not registered`);
    const known = (inside.options as Json[] | undefined) ?? [];
    const missing =
      focused === undefined
        ? known.find((one) => one.required === true && !((one.name as string) in options))
        : undefined;
    if (missing !== undefined) throw new Error(`/${name} needs ${missing.name}`);
    const given = Object.entries(options).map(([key, value]) => {
      const option = known.find((one) => one.name === key);
      if (option === undefined) throw new Error(`/${name} has no option ${key}: ${known.map((one) => one.name)}`);
      return { name: key, type: option.type, value, ...(focused === key && { focused: true }) };
    });
    const data = { id: command.id, name: top, type: 1 };
    return { ...data, options: sub === undefined ? given : [{ name: sub, type: 1, options: given }] };
  }
}

/** The buttons and selects of a message. */
export function componentsOf({ components }: FakeMessage): Json[] {
  return components.flatMap((row) => row.components as Json[]);
}

/** Everything that a message says, besides what is attached. */
export function textOf({ content, embeds }: FakeMessage): string {
  return [content, ...embeds.map(({ description }) => description)].filter((text) => text !== '').join('\n');
}
