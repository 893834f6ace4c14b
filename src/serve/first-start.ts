import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineDoor } from '../commands/repository-services.ts';
import { systemCode } from '../shared/errors.ts';
import type { RandomSource } from '../shared/random.ts';
import { createSampleApp } from './sample-app.ts';

const PASSPHRASE_BYTES = 24;

/** What the first start writes, for whoever wants to go on from there. */
const DEFAULT_CONFIG = `# The configuration of the console, written when it was started first. It is yours to change: a restart takes it up.
# config/holdfast.example.yaml explains every setting. Relative paths are meant from the folder of this file.
version: 1

# Where backups are kept, encrypted. Keep a copy of the passphrase elsewhere: without it nobody can read them.
repository: { store: ./repository, passphrase: { file: ./passphrase } }

# What is backed up, by the name that people use: /backup source:app
sources:
  app: { files: { paths: [./app] } }

# Where commands come from: this terminal. docs/SETUP-discord.md and docs/SETUP-slack.md tell how to add a chat,
# and then it runs as a service with: bin/holdfast serve --config THIS-FILE
platforms:
  console: true

# A restore goes to where a backup came from, or into one of these folders: /restore to:look
restoreRoots: [./restored]

# What the bot remembers: jobs, questions that are open, the audit log.
state: ./state
`;

export interface FirstStart {
  /** The configuration's file. */
  config: string;
  /** The sample app, as long as the configuration is the one that came with it. */
  sampleApp: string | undefined;
}

/**
 * Makes what the console needs below `folder`: configuration, passphrase, repository, and a sample app to back up. What is there is kept, also from earlier
 * versions; while the configuration says what it said at first, what is missing is made again, so that a broken start is mended by the next.
 */
export async function prepareFirstStart(
  folder: string,
  { door, random }: { door: EngineDoor; random: RandomSource },
): Promise<FirstStart> {
  const config = join(folder, 'holdfast.yaml');
  const written = await readIfThere(config);
  if (written !== undefined && written !== DEFAULT_CONFIG) return { config, sampleApp: undefined };
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
  await mkdir(join(folder, 'restored'), { recursive: true });
  if (written === undefined) await writeWhole(config, DEFAULT_CONFIG);
  return { config, sampleApp };
}

/** The passphrase in `file`, which is made where it is missing, for its owner alone. */
export async function keepPassphrase(file: string, random: RandomSource): Promise<string> {
  const fresh = random.bytes(PASSPHRASE_BYTES).toString('base64url');
  try {
    await writeFile(file, `${fresh}\n`, { mode: 0o600, flag: 'wx' });
    return fresh;
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    return (await readFile(file, 'utf8')).trim();
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function writeWhole(file: string, content: string): Promise<void> {
  await writeFile(`${file}.new`, content, { mode: 0o600 });
  await rename(`${file}.new`, file);
}
