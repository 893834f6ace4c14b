import { type FakeSlack, TEAM } from './fake-slack.ts';
import { judgeModal, judgeOptions } from './judge-blocks.ts';
import { type FakeMessage, type OpenModal, readMessage } from './workspace.ts';

interface StateValue {
  type: string;
  value?: string | null;
  selected_option?: unknown;
  selected_options?: unknown[];
}

/** A person with Slack open: types, presses, fills in forms. Each gives what the app acknowledged with. */
export class SlackUser {
  readonly #slack: FakeSlack;
  readonly id: string;
  readonly team: string;
  readonly name: string;

  constructor(slack: FakeSlack, id: string, team = TEAM, name = `name of ${id}`) {
    this.#slack = slack;
    this.id = id;
    this.team = team;
    this.name = name;
  }

  /** `/backup app` typed in a channel. */
  async type(channel: string, typed: string): Promise<Record<string, string>> {
    const payload = this.slash(channel, typed);
    await this.#slack.deliver('slash_commands', payload);
    return payload;
  }

  /** What Slack sends for it, to be delivered as a test likes. */
  slash(channel: string, typed: string): Record<string, string> {
    const [command = '', ...words] = typed.split(' ');
    return {
      token: 'verification',
      team_id: this.team,
      team_domain: 'team',
      channel_id: channel,
      channel_name: channel.startsWith('D') ? 'directmessage' : 'general',
      user_id: this.id,
      user_name: this.name,
      command,
      text: words.join(' '),
      api_app_id: 'A0001',
      is_enterprise_install: 'false',
      response_url: this.#slack.responseUrl(channel, this.id),
      trigger_id: this.#slack.trigger(this.id, this.team),
    };
  }

  /** Messages of a channel as this person sees them. */
  sees(channel: string): string[] {
    return this.#slack.workspace.shown(channel, this.id);
  }

  press(channel: string, label: string): Promise<unknown> {
    return this.#slack.deliver('interactive', this.pressPayload(channel, label));
  }

  /** What Slack sends when the newest button of that label, or the option of that label, is chosen. */
  pressPayload(channel: string, label: string): Record<string, unknown> {
    const holder = this.#slack.workspace.seenBy(channel, this.id).findLast((one) => this.#find(one, label));
    if (holder === undefined) {
      throw new Error(`${this.id} sees no ${label} in ${channel}: ${this.sees(channel).join('\n')}`);
    }
    return this.pressOn(holder, label);
  }

  /** The same on one message, as it is or was. */
  pressOn(message: FakeMessage, label: string): Record<string, unknown> {
    const found = this.#find(message, label);
    if (found === undefined) throw new Error(`There is no ${label} on ${readMessage(message)}`);
    return this.#action(message, found);
  }

  /** Presses a button of a message by its ID. */
  pressId(message: FakeMessage, id: string): Promise<unknown> {
    const elements = message.blocks.flatMap((block) => (block.type === 'actions' ? block.elements : []));
    const element = elements.find(({ action_id }) => action_id === id);
    if (element === undefined) throw new Error(`There is no button ${id} on ${readMessage(message)}`);
    return this.#slack.deliver('interactive', this.#action(message, { ...element, block_id: 'b1' }));
  }

  #find({ blocks }: FakeMessage, label: string): Record<string, unknown> | undefined {
    for (const element of blocks.flatMap((block) => (block.type === 'actions' ? block.elements : []))) {
      if (element.type === 'button' && element.text.text === label) return { ...element, block_id: 'b1' };
      const chosen = element.type === 'static_select' && element.options.find(({ text }) => text.text === label);
      if (chosen) return { ...element, selected_option: chosen, block_id: 'b1' };
    }
    return undefined;
  }

  #action(message: FakeMessage, element: Record<string, unknown>): Record<string, unknown> {
    const isEphemeral = message.onlyFor !== undefined;
    return {
      type: 'block_actions',
      ...this.#who(),
      trigger_id: this.#slack.trigger(this.id, this.team),
      response_url: this.#slack.responseUrl(message.channel, this.id, message),
      container: {
        type: 'message',
        message_ts: message.ts,
        channel_id: message.channel,
        is_ephemeral: isEphemeral,
      },
      channel: { id: message.channel, name: 'general' },
      ...(!isEphemeral && { message: { type: 'message', ts: message.ts, text: message.text } }),
      actions: [{ ...element, action_ts: `${this.#slack.id('17')}.000000` }],
    };
  }

  #who(): Record<string, unknown> {
    return {
      team: { id: this.team, domain: 'team' },
      user: { id: this.id, username: this.name, name: this.name, team_id: this.team },
      api_app_id: 'A0001',
      token: 'verification',
    };
  }

  /** The form that this person has open. */
  form(): OpenModal | undefined {
    return [...this.#slack.workspace.modals.values()].findLast(({ user }) => user === this.id);
  }

  /** Types into a field that completes, and gives what is offered. */
  async search(field: string, typed: string, values: Record<string, string | string[]> = {}): Promise<string[]> {
    const form = this.#openForm();
    const answer = await this.#slack.deliver('interactive', {
      type: 'block_suggestion',
      ...this.#who(),
      container: { type: 'view', view_id: form.id },
      action_id: 'value',
      block_id: field,
      value: typed,
      view: this.#viewPayload(form, values),
    });
    const { options } = answer as { options: { value: string }[] };
    const wrong = judgeOptions(options);
    if (wrong.length > 0) throw new Error(wrong.join('; '));
    return options.map(({ value }) => value);
  }

  /** Fills in the open form and submits it. Gives what is wrong by field, or nothing; a form that takes its place is open afterwards. */
  async submit(values: Record<string, string | string[]>): Promise<Record<string, string>> {
    const form = this.#openForm();
    const answer = (await this.#slack.deliver('interactive', this.submission(values))) as {
      response_action?: string;
      errors?: Record<string, string>;
      view?: OpenModal['view'];
    };
    if (answer.response_action === 'errors') return answer.errors ?? {};
    if (answer.response_action === 'update' && answer.view !== undefined) {
      const wrong = judgeModal(answer.view);
      if (wrong.length > 0) throw new Error(wrong.join('; '));
      form.view = answer.view;
    } else {
      this.#slack.workspace.modals.delete(form.id);
    }
    return {};
  }

  submission(values: Record<string, string | string[]>): Record<string, unknown> {
    return {
      type: 'view_submission',
      ...this.#who(),
      trigger_id: this.#slack.trigger(this.id, this.team),
      view: this.#viewPayload(this.#openForm(), values),
      response_urls: [],
    };
  }

  #openForm(): OpenModal {
    const form = this.form();
    if (form === undefined) throw new Error(`${this.id} has no form open`);
    return form;
  }

  #viewPayload({ id, view }: OpenModal, values: Record<string, string | string[]>): Record<string, unknown> {
    const state: Record<string, Record<string, StateValue>> = {};
    for (const block of view.blocks) {
      if (block.type !== 'input') continue;
      const key = block.block_id ?? '';
      state[key] = { [block.element.action_id]: stateOf(block.element, values[key]) };
    }
    return { ...view, id, team_id: this.team, hash: 'hash1', state: { values: state } };
  }
}

type InputElement = { type: string; initial_value?: string; initial_option?: unknown; initial_options?: unknown[] };

function stateOf(element: InputElement, given: string | string[] | undefined): StateValue {
  const { type, initial_value, initial_option, initial_options } = element;
  const chosen = (value: string): unknown => ({ text: { type: 'plain_text', text: value }, value });
  if (type === 'plain_text_input')
    return { type, value: given === undefined ? (initial_value ?? null) : String(given) };
  if (type === 'multi_external_select') {
    return { type, selected_options: given === undefined ? (initial_options ?? []) : [given].flat().map(chosen) };
  }
  return { type, selected_option: given === undefined ? (initial_option ?? null) : chosen(String(given)) };
}
