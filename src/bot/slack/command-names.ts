import { LIMITS } from './limits.ts';

/** The command that takes all others as its text: it works where short names are taken by Slack or another app. */
export const MAIN_COMMAND = 'holdfast';

/** Slack's own commands, in use and retired: an app that claims one is never called by it. Source: https://slack.com/help/articles/201259356 */
const SLACKS_OWN: ReadonlySet<string> = new Set([
  ...['active', 'archive', 'away', 'call', 'canvas', 'collapse', 'dm', 'dnd', 'expand', 'feed', 'feedback', 'help'],
  ...['huddle', 'invite', 'invite_people', 'join', 'keys', 'kick', 'leave', 'me', 'msg', 'mute', 'open', 'part'],
  ...['prefs', 'pref', 'remind', 'remove', 'rename', 'search', 's', 'shortcuts', 'shrug', 'star', 'status'],
  ...['topic', 'trigger', 'unmute', 'who', 'whois', 'workflow'],
]);

/** A command's short name on Slack, without its slash: `schedule add` is among those of `schedule`. Undefined where Slack has none to give. */
export function shortName(command: string): string | undefined {
  const name = (command.split(' ')[0] ?? '').toLowerCase();
  return SLACKS_OWN.has(name) || name.length + 1 > LIMITS.commandName ? undefined : name;
}

/** The words with which a slash command of this name begins: none for the main command. Also where it was given a name that Slack usually keeps. */
export function wordsOf(slash: string): string[] {
  const name = slash.replace(/^\//, '').toLowerCase();
  return name === MAIN_COMMAND ? [] : [name];
}
