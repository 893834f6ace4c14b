import { compileCacheVariable } from '../shared/compile-cache.ts';

/** Variables that an engine process needs. Tokens are not among them. */
const PASSED = [
  'PATH',
  'HOME',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'XDG_STATE_HOME',
  'HOLDFAST_STATE_DIR',
  'HOLDFAST_POSIX',
  'MALLOC_ARENA_MAX',
];

/** Variables of the bot that a hook sees: what any program needs. */
const HOOKS_SEE = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'];

export function hookEnvironment(all: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(HOOKS_SEE.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]] as const])));
}

export function engineEnvironment(all: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const passed = PASSED.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]] as const]));
  return { ...Object.fromEntries(passed), ...compileCacheVariable() };
}
