import { HoldfastError } from '../../shared/errors.ts';
import type { Asker } from './ask.ts';

const LAST = 4;
const TRIES = 3;

/**
 * Goes on only when the passphrase is kept elsewhere too: whoever has copied it can type its end.
 *
 * @throws HoldfastError `refused`
 */
export async function confirmKey(file: string, passphrase: string, asker: Asker): Promise<void> {
  const why = `The passphrase is in ${file}. Without it nobody can read the backups, and this machine may be what is lost:\ncopy it to another place now, such as a password manager.`;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const typed = await asker.ask(
      `${attempt === 0 ? `${why}\n` : 'That is not how it ends. '}Its last ${LAST} characters:`,
    );
    if (typed !== '' && typed === passphrase.slice(-LAST)) return;
  }
  throw new HoldfastError('refused', 'The passphrase is not kept elsewhere', {
    advice: 'Copy it, and run holdfast setup again: it goes on with the same passphrase.',
  });
}
