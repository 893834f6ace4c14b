import { FakeSlack, TEAM } from '../../test/helpers/slack/fake-slack.ts';
import { SlackUser } from '../../test/helpers/slack/slack-user.ts';
import { type FakeMessage, readMessage } from '../../test/helpers/slack/workspace.ts';
import type { People, Sent } from './crowd.ts';
import { isFinalText } from './final-text.ts';

/** Slack takes about one message a second in a channel. */
const MESSAGE_EVERY_MS = 1000;

/** Each in a channel of their own, so that it is known whom an answer is for. */
const IDS = Array.from({ length: 20 }, (_, i) => String(i + 1).padStart(4, '0'));

export const SLACK_OWNERS = IDS.map((id) => `${TEAM}/U${id}`);

/** Slack on loopback, with its rate limit for messages. */
export async function startSlack(): Promise<FakeSlack> {
  const slack = await new FakeSlack().start();
  slack.messageEveryMs = MESSAGE_EVERY_MS;
  for (const id of IDS) slack.workspace.add(`C${id}`);
  return slack;
}

/** Owners on Slack. Resolves when each of them has a form open to type into. */
export async function slackPeople(slack: FakeSlack): Promise<People> {
  const members = IDS.map((id) => new Member(slack, id));
  await Promise.all(members.map((member) => member.openForm()));
  const memberOf = (turn: number): Member => members[turn % members.length] as Member;
  return {
    platform: 'slack',
    send: (deed, turn) => (deed === 'completion' ? memberOf(turn).complete(turn) : memberOf(turn).call(deed)),
  };
}

class Member {
  readonly #slack: FakeSlack;
  readonly #user: SlackUser;
  readonly #channel: string;
  /** How many commands were called: each is answered by one message. */
  #called = 0;

  constructor(slack: FakeSlack, id: string) {
    this.#slack = slack;
    this.#user = new SlackUser(slack, `U${id}`);
    this.#channel = `C${id}`;
  }

  /** The form of a command whose backup is still to be chosen. */
  async openForm(): Promise<void> {
    await this.#user.type(this.#channel, '/holdfast pin');
    await this.#slack.until(() => this.#user.form() !== undefined, 'a form');
  }

  call(deed: string): Sent {
    const number = this.#called++;
    const words = deed === 'backup' ? 'backup --source small' : deed;
    const payload = this.#user.slash(this.#channel, `/holdfast ${words}`);
    return {
      acknowledged: timed(() => this.#slack.deliver('slash_commands', payload)),
      isFinal: () => {
        const message = this.#answers()[number];
        return message !== undefined && isFinalText(readMessage(message));
      },
    };
  }

  complete(turn: number): Sent {
    let found: readonly string[] | undefined;
    const partial = turn.toString(16).slice(-1);
    const acknowledged = timed(async () => {
      found = await this.#user.search('backup', partial);
    });
    // What was typed is always offered, too.
    return { acknowledged, isFinal: () => found !== undefined, isEmpty: () => (found?.length ?? 0) <= 1 };
  }

  #answers(): FakeMessage[] {
    return this.#slack.workspace.seenBy(this.#channel, this.#user.id).filter(({ thread }) => thread === undefined);
  }
}

/** Undefined where it was not acknowledged in time. */
async function timed(deliver: () => Promise<unknown>): Promise<number | undefined> {
  const sentMs = performance.now();
  try {
    await deliver();
    return performance.now() - sentMs;
  } catch {
    return undefined;
  }
}
