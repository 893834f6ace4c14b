import { FakeDiscord, textOf } from '../../test/helpers/discord/fake-discord.ts';
import type { FakeInteraction, FakeUser } from '../../test/helpers/discord/fake-state.ts';
import { warmJudge } from '../../test/helpers/discord/judge-body.ts';
import type { People, Sent } from './crowd.ts';
import { isFinalText } from './final-text.ts';
import type { Deed } from './sample.ts';

/** Discord gives up on an event after so long. */
const ACKNOWLEDGE_WITHIN_MS = 3000;
/** Messages that one channel takes in a while, as Discord's headers say at present. */
const BUCKET = { limit: 5, windowMs: 5000 };

export const DISCORD_OWNERS: readonly FakeUser[] = ['101', '102', '103', '104', '105'].map((id) => ({
  id,
  name: `owner ${id}`,
}));
const CHANNELS = ['77', '78'];

/** Discord on loopback, with its rate limits. Nothing that it does for the first time is measured. */
export async function startDiscord(): Promise<FakeDiscord> {
  warmJudge();
  const discord = await FakeDiscord.start();
  discord.rest.bucket = BUCKET;
  return discord;
}

/** Owners on Discord. */
export function discordPeople(discord: FakeDiscord): People {
  const where = (turn: number): { user: FakeUser; channel: string } => ({
    user: DISCORD_OWNERS[turn % DISCORD_OWNERS.length] as FakeUser,
    channel: CHANNELS[turn % CHANNELS.length] as string,
  });
  const begin = (deed: Deed, turn: number): FakeInteraction => {
    if (deed === 'backup') return discord.call('backup', { source: 'small' }, where(turn));
    if (deed !== 'completion') return discord.call(deed, {}, where(turn));
    const partial = turn.toString(16).slice(-1);
    return discord.complete('restore', 'backup', { backup: partial }, where(turn));
  };
  return {
    platform: 'discord',
    send(deed, turn): Sent {
      const interaction = begin(deed, turn);
      return {
        acknowledged: acknowledgementOf(interaction),
        isFinal: () => isAnswered(interaction),
        isEmpty: () => deed === 'completion' && (interaction.choices ?? []).length === 0,
      };
    },
  };
}

/** The fake notes it the moment it arrives; here it is only fetched. */
async function acknowledgementOf(interaction: FakeInteraction): Promise<number | undefined> {
  const endMs = performance.now() + ACKNOWLEDGE_WITHIN_MS;
  while (interaction.acknowledgedAfterMs === undefined && performance.now() < endMs) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return interaction.acknowledgedAfterMs;
}

function isAnswered({ type, choices, original, followups }: FakeInteraction): boolean {
  if (type === 4) return choices !== undefined;
  return [original, ...followups].some((one) => one !== undefined && !one.thinking && isFinalText(textOf(one)));
}
