import type { AnyCommand, CommandSource } from '../../commands/command.ts';
import { loadOn, namesOn } from '../../commands/registry.ts';

/** The commands of a chat with everything that a platform needs to register, parse and complete them. */
export interface ChatCommands extends CommandSource {
  /** In the order of the help. A name is one word or two. */
  readonly all: readonly AnyCommand[];
}

export async function loadChatCommands(): Promise<ChatCommands> {
  const loaded = await Promise.all(namesOn('chat').map((name) => loadOn('chat', name)));
  const all = loaded.filter((command) => command !== undefined);
  const byName = new Map(all.map((command) => [command.name, command]));
  return { form: 'chat', all, sections: [], names: () => [...byName.keys()], load: async (name) => byName.get(name) };
}
