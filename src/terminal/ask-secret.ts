import type { ReadStream } from 'node:tty';
import { HoldfastError } from '../shared/errors.ts';

const ENTER = /[\r\n]/;
const CTRL_C = '\x03';
const CTRL_D = '\x04';
const CTRL_U = '\x15';
const BACKSPACE = /[\b\x7f]/;

/**
 * Asks on a terminal for a line that is not shown.
 *
 * @throws HoldfastError `interrupted` on Ctrl-C and at the end of input
 */
export async function askSecret(
  question: string,
  input: ReadStream,
  output: { write(text: string): unknown },
): Promise<string> {
  output.write(question);
  input.setRawMode(true);
  input.setEncoding('utf8');
  try {
    return await readLine(input);
  } finally {
    input.setRawMode(false);
    input.pause();
    output.write('\n');
  }
}

function readLine(input: ReadStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed: string[] = [];
    const stop = (settle: () => void): void => {
      input.off('data', read).off('end', cancel);
      settle();
    };
    const cancel = (): void => stop(() => reject(new HoldfastError('interrupted', 'No passphrase was given')));
    const read = (text: string): void => {
      for (const character of text) {
        if (ENTER.test(character)) {
          stop(() => resolve(typed.join('')));
          return;
        }
        if (character === CTRL_C || character === CTRL_D) {
          cancel();
          return;
        }
        typed = edit(typed, character);
      }
    };
    input.on('data', read).on('end', cancel).resume();
  });
}

function edit(typed: string[], character: string): string[] {
  if (character === CTRL_U) return [];
  return BACKSPACE.test(character) ? typed.slice(0, -1) : [...typed, character];
}
