import type { AnyCommand } from './command.ts';
import type { Form } from './field.ts';
import { inForm } from './form.ts';
import { inShellWords } from './shell-words.ts';

interface Entry {
  /** The only kind of surface that has the command. */
  on?: Form;
  load: () => Promise<AnyCommand>;
}

/** Every command by name, in the order of the help. Loaded one by one, so that a command starts without the others. */
const COMMANDS = {
  init: { on: 'shell', load: async () => (await import('./init.ts')).init },
  backup: { load: async () => (await import('./backup.ts')).backup },
  list: { load: async () => (await import('./list.ts')).list },
  status: { load: async () => (await import('./status.ts')).status },
  show: { load: async () => (await import('./show.ts')).show },
  ls: { load: async () => (await import('./ls.ts')).ls },
  find: { load: async () => (await import('./find.ts')).find },
  diff: { load: async () => (await import('./diff.ts')).diff },
  restore: { load: async () => (await import('./restore.ts')).restore },
  verify: { load: async () => (await import('./verify.ts')).verify },
  forget: { on: 'shell', load: async () => (await import('./forget.ts')).forget },
  retention: { on: 'chat', load: async () => (await import('./retention.ts')).retention },
  prune: { on: 'shell', load: async () => (await import('./prune.ts')).prune },
  delete: { load: async () => (await import('./delete.ts')).deleteCommand },
  pin: { load: async () => (await import('./pin.ts')).pin },
  runbook: { load: async () => (await import('./runbook.ts')).runbook },
  unpin: { load: async () => (await import('./unpin.ts')).unpin },
  tag: { load: async () => (await import('./tag.ts')).tag },
  export: { on: 'shell', load: async () => (await import('./export.ts')).exportCommand },
  import: { on: 'shell', load: async () => (await import('./import.ts')).importCommand },
  copy: { on: 'shell', load: async () => (await import('./copy.ts')).copy },
  mirror: { on: 'shell', load: async () => (await import('./mirror.ts')).mirror },
  'key add': { on: 'shell', load: async () => (await import('./key-add.ts')).keyAdd },
  'key list': { on: 'shell', load: async () => (await import('./key-list.ts')).keyList },
  'key passwd': { on: 'shell', load: async () => (await import('./key-passwd.ts')).keyPasswd },
  'key remove': { on: 'shell', load: async () => (await import('./key-remove.ts')).keyRemove },
  'repair index': { on: 'shell', load: async () => (await import('./repair-index.ts')).repairIndex },
  usage: { load: async () => (await import('./usage.ts')).usage },
  stats: { load: async () => (await import('./stats.ts')).stats },
  'schedule list': { on: 'chat', load: async () => (await import('./schedule-list.ts')).scheduleList },
  'schedule edit': { on: 'chat', load: async () => (await import('./schedule-edit.ts')).scheduleEdit },
  'schedule pause': { on: 'chat', load: async () => (await import('./schedule-pause.ts')).schedulePause },
  'schedule resume': { on: 'chat', load: async () => (await import('./schedule-resume.ts')).scheduleResume },
  'schedule delete': { on: 'chat', load: async () => (await import('./schedule-delete.ts')).scheduleDelete },
  'schedule add': { on: 'chat', load: async () => (await import('./schedule-add.ts')).scheduleAdd },
  jobs: { on: 'chat', load: async () => (await import('./jobs.ts')).jobs },
  history: { on: 'chat', load: async () => (await import('./history.ts')).history },
  'hold accept': { on: 'chat', load: async () => (await import('./hold-accept.ts')).holdAccept },
  'hold keep': { on: 'chat', load: async () => (await import('./hold-keep.ts')).holdKeep },
  cancel: { on: 'chat', load: async () => (await import('./cancel.ts')).cancel },
  audit: { load: async () => (await import('./audit.ts')).audit },
  'audit verify': { on: 'shell', load: async () => (await import('./audit-verify.ts')).auditVerify },
  charts: { on: 'chat', load: async () => (await import('./charts.ts')).charts },
  incidents: { on: 'chat', load: async () => (await import('./incidents.ts')).incidents },
  'incident log': { on: 'chat', load: async () => (await import('./incident-log.ts')).incidentLog },
  'incident snooze': { on: 'chat', load: async () => (await import('./incident-snooze.ts')).incidentSnooze },
  'incident acknowledge': {
    on: 'chat',
    load: async () => (await import('./incident-acknowledge.ts')).incidentAcknowledge,
  },
  claim: { on: 'chat', load: async () => (await import('./claim.ts')).claim },
  whoami: { load: async () => (await import('./whoami.ts')).whoami },
  help: { load: async () => (await import('./help.ts')).help },
} as const satisfies Readonly<Record<string, Entry>>;

/** Every command there is. */
export type CommandName = keyof typeof COMMANDS;

const entries: readonly (readonly [string, Entry])[] = Object.entries(COMMANDS);

/** The commands of a kind of surface, in the order of the help. */
export function namesOn(form: Form): readonly string[] {
  return entries.filter(([, { on }]) => on === undefined || on === form).map(([name]) => name);
}

export const commandNames = namesOn('shell');

/** What a shell has only where a configuration is named. Whoever has a shell needs no code to own the bot. */
export const configuredNames = namesOn('chat').filter((name) => needsBot(name) && name !== 'claim');

/** The command of that name as it is at a shell, or undefined. */
export async function loadCommand(name: string): Promise<AnyCommand | undefined> {
  return loadOn('shell', name);
}

/** The command of that name as it is on a kind of surface, or undefined where it has none. */
export async function loadOn(form: Form, name: string): Promise<AnyCommand | undefined> {
  const entry = entryOf(name);
  if (entry === undefined || (entry.on !== undefined && entry.on !== form)) return undefined;
  return inForm(await entry.load(), form);
}

/** The command of that name for whoever runs the machine, on a configuration: as it is at a shell, else as in a chat; undefined where there is none. */
export async function loadForOperator(name: string): Promise<AnyCommand | undefined> {
  const own = await loadOn('shell', name);
  if (own !== undefined) return own;
  const ofBots = await loadOn('chat', name);
  return ofBots && inShellWords(ofBots);
}

/** Whether a command is only ever done by a bot. */
export function needsBot(name: string): boolean {
  return entryOf(name)?.on === 'chat';
}

/** Whether a command is never done by a bot. */
export const isShellOnly = (name: string): boolean => entryOf(name)?.on === 'shell';

/** The command of that name with all that it can be told anywhere, for requests that Holdfast itself makes; undefined where there is none. */
export async function loadWhole(name: string): Promise<AnyCommand | undefined> {
  return entryOf(name)?.load();
}

function entryOf(name: string): Entry | undefined {
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name as CommandName] : undefined;
}
