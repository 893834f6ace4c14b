import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineDoor } from '../../commands/repository-services.ts';
import { systemCode } from '../../shared/errors.ts';
import type { RandomSource } from '../../shared/random.ts';
import { command } from '../../view/value.ts';
import { heading, hint, stack, text, type View } from '../../view/view.ts';
import { createSampleApp } from './sample-app.ts';

/** What the console works on. */
export interface ConsoleRepository {
  location: string;
  passphrase: () => Promise<string>;
  /** What a backup of nothing in particular means. */
  defaultPaths: readonly string[];
  greeting: View;
}

/** A repository that somebody named. */
export function namedRepository(location: string, passphrase: () => Promise<string>): ConsoleRepository {
  const greeting = stack(heading('Holdfast console'), hint(`Repository ${location}`), HELP);
  return { location, passphrase, defaultPaths: [], greeting };
}

const PASSPHRASE_BYTES = 24;

/** The console's own: a repository with its passphrase and a sample app below `folder`; each is made when it is missing, so that a broken start is mended by the next. */
export async function embeddedRepository(
  folder: string,
  door: EngineDoor,
  random: RandomSource,
): Promise<ConsoleRepository> {
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o700);
  const passphrase = await keepPassphrase(join(folder, 'passphrase'), random);
  const location = join(folder, 'repository');
  if (!existsSync(join(location, 'holdfast.json'))) {
    const created = await door.create({ location, passphrase: () => passphrase, label: 'console' });
    await created.close();
  }
  const sampleApp = join(folder, 'app');
  await createSampleApp(sampleApp);
  return {
    location,
    passphrase: async () => passphrase,
    defaultPaths: [sampleApp],
    greeting: firstSteps(location, sampleApp),
  };
}

async function keepPassphrase(file: string, random: RandomSource): Promise<string> {
  const fresh = random.bytes(PASSPHRASE_BYTES).toString('base64url');
  try {
    await writeFile(file, `${fresh}\n`, { mode: 0o600, flag: 'wx' });
    return fresh;
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    return (await readFile(file, 'utf8')).trim();
  }
}

const HELP = text(command('help'), ' lists all commands, Tab completes, ', command('quit'), ' leaves.');

/** What a newcomer reads first. */
function firstSteps(repository: string, sampleApp: string): View {
  const settings = join(sampleApp, 'settings.json');
  const logs = join(sampleApp, 'logs');
  return stack(
    heading('Holdfast console'),
    {
      kind: 'fields',
      fields: [
        ['Sample app', [sampleApp, '  (yours to change and to break)']],
        ['Backups', repository],
      ],
    },
    text('Try this, with a second terminal for what is not a command of Holdfast:'),
    {
      kind: 'list',
      items: [
        ['1. ', command('backup'), '   backs up the sample app'],
        ['2. Change something, such as ', settings],
        ['3. ', command('backup'), ' again, then ', command('list'), ' and ', command('verify')],
        ['4. Break something: rm -r ', logs],
        ['5. ', command('restore'), '  shows what it would do, and does it when you say so'],
      ],
    },
    HELP,
  );
}
