import { command } from '../../view/value.ts';
import { heading, hint, stack, text, type View } from '../../view/view.ts';

/** A repository that somebody named, to work on at a prompt. */
export interface ConsoleRepository {
  location: string;
  passphrase: () => Promise<string>;
  greeting: View;
}

export function namedRepository(location: string, passphrase: () => Promise<string>): ConsoleRepository {
  const greeting = stack(heading('Holdfast console'), hint(`Repository ${location}`), HELP);
  return { location, passphrase, greeting };
}

const HELP = text(command('help'), ' lists all commands, Tab completes, ', command('quit'), ' leaves.');
