import { createInterface } from 'node:readline/promises';
import type { Confirmation } from '../commands/command.ts';
import { HoldfastError } from '../shared/errors.ts';
import { printableText } from '../shared/printable.ts';
import { renderView } from '../terminal/render.ts';
import type { RenderOptions } from '../terminal/render-options.ts';
import type { Host } from './host.ts';

/** A question on the terminal below what it is about; only y or yes goes on. Standard output stays free for the result. */
export async function askOnTerminal(host: Host, confirmation: Confirmation, options: RenderOptions): Promise<boolean> {
  for await (const piece of renderView(confirmation.view, options)) host.messages.write(piece);
  const line = createInterface({ input: host.input, output: host.messages, terminal: true });
  const stopped = Promise.withResolvers<never>();
  line.on('SIGINT', () => {
    host.messages.write('\n');
    stopped.reject(new HoldfastError('interrupted', 'Cancelled; nothing was changed'));
  });
  line.on('close', () => stopped.reject(new HoldfastError('refused', 'Nobody answered; nothing was changed')));
  try {
    const question = `${printableText(confirmation.question)} [y/N] `;
    const answer = await Promise.race([line.question(question), stopped.promise]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    line.close();
    stopped.promise.catch(() => undefined);
  }
}
