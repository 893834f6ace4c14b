import type { Platform } from '../../../src/bot/platform.ts';
import { describePlatform, type PlatformUnderTest, type VisibleMessage } from '../../contract/platform.ts';
import { FakeSlack } from '../../helpers/slack/fake-slack.ts';
import { SlackBench } from '../../helpers/slack/slack-bench.ts';
import { SlackUser } from '../../helpers/slack/slack-user.ts';
import { aliveIn, type FakeMessage, readMessage } from '../../helpers/slack/workspace.ts';

const CHANNEL = 'C0001';

async function open(mode: 'socket' | 'http'): Promise<PlatformUnderTest> {
  const slack = await new FakeSlack().start();
  slack.workspace.add(CHANNEL);
  const owner = new SlackUser(slack, 'U0001');
  const bench = new SlackBench(slack, { mode });
  const deliveries = new Map<string, Record<string, string>>();
  // Files hang below the message that they belong to.
  const filesBelow = ({ ts }: FakeMessage): string[] =>
    slack.workspace.messages
      .filter(({ thread }) => thread === ts)
      .flatMap(({ files }) => files.map(({ data }) => data.toString()));
  const toVisible = (message: FakeMessage): VisibleMessage => ({
    id: message.ts,
    channel: message.channel,
    text: readMessage(message),
    files: filesBelow(message),
    buttons: message.blocks
      .flatMap((block) => (block.type === 'actions' ? block.elements : []))
      .map(({ action_id }) => action_id),
    alive: aliveIn(message),
    private: message.onlyFor !== undefined || message.channel.startsWith('D'),
  });
  return {
    platform: telling(bench),
    channel: CHANNEL,
    async command(name, delivery = `delivery ${deliveries.size}`) {
      if (mode === 'socket' && !slack.connected) throw new Error('Nobody is there');
      const payload = deliveries.get(delivery) ?? owner.slash(CHANNEL, `/holdfast ${name}`);
      deliveries.set(delivery, payload);
      await slack.deliver('slash_commands', payload);
    },
    async press({ id }, buttonId) {
      const message = slack.workspace.messages.find(({ ts }) => ts === id);
      if (message !== undefined) await owner.pressId(message, buttonId);
    },
    visible: () => slack.workspace.messages.filter(({ thread }) => thread === undefined).map(toVisible),
    remove(id) {
      slack.workspace.messages = slack.workspace.messages.filter(({ ts }) => ts !== id);
    },
    cleanUp: () => slack.goDown(),
  };
}

/** The platform of a bench, which learns where Slack has to send to. */
function telling(bench: SlackBench): Platform {
  const { platform } = bench;
  return {
    name: platform.name,
    pace: platform.pace,
    start: (events) =>
      platform.start({
        audience: (event) => events.audience(event),
        knows: (person) => events.knows?.(person) ?? false,
        onCommand: (event, reply) => events.onCommand(event, reply),
        onPress: (event, reply) => events.onPress(event, reply),
        onCompletion: (event) => events.onCompletion(event),
        onRejected: (what) => events.onRejected(what),
        onState(state, detail) {
          bench.onState(state, detail);
          events.onState(state, detail);
        },
      }),
    stop: () => platform.stop(),
    post: (channel, view, options) => platform.post(channel, view, options),
    edit: (message, view) => platform.edit(message, view),
  };
}

describePlatform('Slack over a socket', () => open('socket'));
describePlatform('Slack over HTTP', () => open('http'));
