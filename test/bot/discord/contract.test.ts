import { describePlatform, type PlatformUnderTest, type VisibleMessage } from '../../contract/platform.ts';
import { createBot } from '../../helpers/discord/discord-bot.ts';
import { componentsOf, OWNER, textOf } from '../../helpers/discord/fake-discord.ts';
import type { FakeInteraction, FakeMessage } from '../../helpers/discord/fake-state.ts';
import { readMarkup } from '../../helpers/discord/live-markup.ts';

function visible(message: FakeMessage): VisibleMessage {
  const { alive, plain } = readMarkup(textOf(message));
  return {
    id: message.id,
    channel: message.channel,
    text: plain,
    files: message.attachments.map(({ data }) => data.toString('utf8')),
    buttons: componentsOf(message).map(({ custom_id }) => String(custom_id)),
    alive: [...alive, ...message.pings],
    private: message.onlyFor !== undefined,
  };
}

async function open(): Promise<PlatformUnderTest> {
  const { discord, platform } = await createBot();
  const deliveries = new Map<string, FakeInteraction>();
  const arrived = (interaction: FakeInteraction, times: number): Promise<unknown> =>
    discord.until('an acknowledgement', () => {
      const path = `/interactions/${interaction.id}/`;
      const answered = discord.rest.requests.filter((one) => one.path.startsWith(path) && one.status !== undefined);
      return answered.length >= times || !discord.gateway.isConnected;
    });
  return {
    platform,
    channel: '77',
    async command(name, delivery = `delivery ${deliveries.size}`) {
      await discord.until('the commands', () => discord.state.commands.size > 0);
      const known = deliveries.get(delivery);
      if (known !== undefined) discord.deliverAgain(known);
      const interaction = known ?? discord.call(name);
      deliveries.set(delivery, interaction);
      await arrived(interaction, known === undefined ? 1 : 2);
    },
    async press(message, buttonId) {
      const held = discord.messages(message.channel).find(({ id }) => id === message.id);
      if (held === undefined) throw new Error(`There is no message ${message.id}`);
      await arrived(discord.pressId(held, buttonId), 1);
    },
    visible: () =>
      discord.state.channels
        .keys()
        .flatMap((channel) => discord.messages(channel, OWNER))
        .filter(({ thinking }) => !thinking)
        .map(visible)
        .toArray(),
    remove(id) {
      for (const channel of discord.state.channels.keys()) {
        const message = discord.state.findMessage(channel, id);
        if (message !== undefined) message.deleted = true;
      }
    },
    cleanUp: () => discord.stop(),
  };
}

describePlatform('Discord', open);
