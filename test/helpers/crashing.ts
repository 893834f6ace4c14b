import { fileURLToPath } from 'node:url';

/** Variables that let a program be made to fail by a signal; see `crash-on-signal.mjs`. `words` is a file with a secret a line. */
export function crashing(words: string): Record<string, string> {
  const script = fileURLToPath(new URL('./crash-on-signal.mjs', import.meta.url));
  return { NODE_OPTIONS: `--import=${script}`, CRASH_WORDS: words };
}
