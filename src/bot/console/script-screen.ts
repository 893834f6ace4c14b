import { createInterface } from 'node:readline';
import type { Screen, ScreenStreams } from './screen.ts';

/** Input from a pipe or a file: every line is echoed behind its prompt, so that the output reads as a transcript. */
export function openScriptScreen({ input, output }: ScreenStreams): Screen {
  const reader = createInterface({ input, terminal: false });
  const lines = reader[Symbol.asyncIterator]();
  return {
    async readLine(prompt) {
      const { value, done } = await lines.next();
      if (done) return undefined;
      output.write(`${prompt}${value}\n`);
      return value;
    },
    print: (text) => output.write(text),
    showProgress: () => {},
    columns: () => undefined,
    close: () => reader.close(),
  };
}
