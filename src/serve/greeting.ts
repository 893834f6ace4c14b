import { join } from 'node:path';
import { command } from '../view/value.ts';
import { heading, hint, stack, text, type View } from '../view/view.ts';
import type { FirstStart } from './first-start.ts';

const HELP = text(command('help'), ' lists all commands, Tab completes, ', command('quit'), ' leaves.');

/** What is read first where a bot's terminal is one platform of it. */
export const servingGreeting = (config: string): View =>
  stack(heading('Holdfast'), hint(`Configuration ${config}`), HELP);

/** What a newcomer reads first. */
export function consoleGreeting({ config, sampleApp }: FirstStart): View {
  if (sampleApp === undefined) return servingGreeting(config);
  return stack(
    heading('Holdfast console'),
    {
      kind: 'fields',
      fields: [
        ['Sample app', [sampleApp, '  (yours to change and to break)']],
        ['Configuration', [config, '  (yours to edit)']],
      ],
    },
    text('Try this, with a second terminal for what is not a command of Holdfast:'),
    {
      kind: 'list',
      items: [
        ['1. ', command('backup'), '   backs up the sample app'],
        ['2. Change something, such as ', join(sampleApp, 'settings.json')],
        ['3. ', command('backup'), ' again, then ', command('list'), ' and ', command('verify')],
        ['4. Break something: rm -r ', join(sampleApp, 'logs')],
        ['5. ', command('restore'), '  shows what it would do; 1 does it, and then offers to undo it'],
      ],
    },
    HELP,
  );
}
