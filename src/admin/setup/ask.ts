import { createInterface } from 'node:readline/promises';
import type { Host } from '../../cli/host.ts';
import { HoldfastError } from '../../shared/errors.ts';

/** Questions on a terminal. */
export interface Asker {
  /** What was typed, without blanks around it. @throws HoldfastError `refused` at the end of input, `interrupted` */
  ask(question: string): Promise<string>;
  close(): void;
}

/** Standard output stays free for the result. An input that ends or is interrupted ends the question too. */
export function openAsker({ input, messages }: Pick<Host, 'input' | 'messages'>): Asker {
  const line = createInterface({ input, output: messages, terminal: true });
  const stopped = Promise.withResolvers<never>();
  stopped.promise.catch(() => {});
  line.on('SIGINT', () => stopped.reject(new HoldfastError('interrupted', 'The setup was cancelled')));
  line.on('close', () => stopped.reject(new HoldfastError('refused', 'Nobody answered; the setup goes no further')));
  return {
    ask: async (question) => (await Promise.race([line.question(`${question} `), stopped.promise])).trim(),
    close: () => line.close(),
  };
}

/** Asks until the answer is one: what is wrong with it is said above the question that comes again. */
export async function askFor<T>(asker: Asker, question: string, read: (answer: string) => T | Promise<T>): Promise<T> {
  let wrong = '';
  for (;;) {
    const answer = await asker.ask(`${wrong}${question}`);
    try {
      return await read(answer);
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code !== 'usage') throw error;
      wrong = `${[error.message, error.advice].filter(Boolean).join('. ')}\n`;
    }
  }
}
