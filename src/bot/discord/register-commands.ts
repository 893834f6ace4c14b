import { RequestMethod, Routes } from 'discord.js';
import type { AnyCommand } from '../../commands/command.ts';
import { areRegistered, commandBodies } from './command-bodies.ts';
import { type DiscordApi, PATIENT } from './discord-api.ts';
import { isFinal } from './discord-errors.ts';

/** Nobody waits for the registration, and a bot without commands is of no use. */
const FOR_AN_HOUR = { ...PATIENT, forMs: 60 * 60_000 };

/**
 * Makes Discord know the commands, in one guild or in all. Only what changed is sent, because a day has a limit on registrations. Commands of one guild
 * take the place of global ones, which would be offered twice.
 */
export async function registerCommands(
  api: DiscordApi,
  applicationId: string,
  guild: string | undefined,
  commands: readonly AnyCommand[],
): Promise<void> {
  const global = Routes.applicationCommands(applicationId);
  if (guild === undefined) {
    await register(api, global, commandBodies(commands, 'global'));
    return;
  }
  await register(api, Routes.applicationGuildCommands(applicationId, guild), commandBodies(commands, 'guild'));
  await register(api, global, []);
}

async function register(api: DiscordApi, route: `/${string}`, wanted: ReturnType<typeof commandBodies>): Promise<void> {
  const current = await readCurrent(api, route);
  if (areRegistered(current, wanted)) return;
  await api.request('bot', RequestMethod.Put, route, { body: wanted }, FOR_AN_HOUR);
}

/** What is registered; nothing where Discord does not tell, so that everything is sent. */
async function readCurrent(api: DiscordApi, route: `/${string}`): Promise<unknown> {
  try {
    return await api.request('bot', RequestMethod.Get, route, {}, FOR_AN_HOUR);
  } catch (error) {
    if (isFinal(error)) return undefined;
    throw error;
  }
}
