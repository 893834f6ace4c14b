import type { AnyCommand } from './command.ts';

/** Every command by name, in the order of the help. Loaded one by one, so that a command starts without the others. */
const LOADERS: Readonly<Record<string, () => Promise<AnyCommand>>> = {
  init: async () => (await import('./init.ts')).init,
  backup: async () => (await import('./backup.ts')).backup,
  list: async () => (await import('./list.ts')).list,
  status: async () => (await import('./status.ts')).status,
  show: async () => (await import('./show.ts')).show,
  ls: async () => (await import('./ls.ts')).ls,
  find: async () => (await import('./find.ts')).find,
  diff: async () => (await import('./diff.ts')).diff,
  restore: async () => (await import('./restore.ts')).restore,
  verify: async () => (await import('./verify.ts')).verify,
  forget: async () => (await import('./forget.ts')).forget,
  prune: async () => (await import('./prune.ts')).prune,
  pin: async () => (await import('./pin.ts')).pin,
  unpin: async () => (await import('./unpin.ts')).unpin,
  tag: async () => (await import('./tag.ts')).tag,
  export: async () => (await import('./export.ts')).exportCommand,
  import: async () => (await import('./import.ts')).importCommand,
  copy: async () => (await import('./copy.ts')).copy,
  mirror: async () => (await import('./mirror.ts')).mirror,
  'key add': async () => (await import('./key-add.ts')).keyAdd,
  'key list': async () => (await import('./key-list.ts')).keyList,
  'key passwd': async () => (await import('./key-passwd.ts')).keyPasswd,
  'key remove': async () => (await import('./key-remove.ts')).keyRemove,
  'repair index': async () => (await import('./repair-index.ts')).repairIndex,
  stats: async () => (await import('./stats.ts')).stats,
  whoami: async () => (await import('./whoami.ts')).whoami,
  help: async () => (await import('./help.ts')).help,
};

export const commandNames: readonly string[] = Object.keys(LOADERS);

/** The command of that name, or undefined. */
export async function loadCommand(name: string): Promise<AnyCommand | undefined> {
  return Object.hasOwn(LOADERS, name) ? LOADERS[name]?.() : undefined;
}
