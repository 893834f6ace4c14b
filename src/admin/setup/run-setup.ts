import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Globals } from '../../cli/globals.ts';
import type { Host } from '../../cli/host.ts';
import { keepPassphrase } from '../../serve/first-start.ts';
import { ERROR_EXITS, HoldfastError } from '../../shared/errors.ts';
import type { RandomSource } from '../../shared/random.ts';
import { command } from '../../view/value.ts';
import { good, hint, stack, warning } from '../../view/view.ts';
import { configFile } from '../config-file.ts';
import { print } from '../print.ts';
import { openAsker } from './ask.ts';
import { checkedText } from './check-answers.ts';
import { collectAnswers, type SetupFlags } from './collect-answers.ts';
import { confirmKey } from './confirm-key.ts';
import type { SetupAnswers } from './setup-answers.ts';

export type SetupHost = Pick<Host, 'environment' | 'input' | 'output' | 'messages' | 'canAsk' | 'now' | 'door'> & {
  random: RandomSource;
  /** Runs one command line, such as `backup`; gives its exit status. Its result goes to the messages. */
  run: (words: readonly string[]) => Promise<number>;
};

/** Asks what the flags leave open, makes everything, and gives the exit status. */
export async function runSetup(
  { keySaved, ...flags }: SetupFlags & { keySaved?: boolean | undefined },
  globals: Globals,
  host: SetupHost,
): Promise<number> {
  const file = configFile(globals, host);
  const asker = host.canAsk && !globals.yes ? openAsker(host) : undefined;
  let answers: SetupAnswers;
  try {
    refuseToOverwrite(file);
    if (asker === undefined && keySaved !== true) throw keyNotSaved();
    answers = await collectAnswers(flags, { config: file, home: host.environment.HOME }, asker);
    const content = checkedText(answers, file);
    await mkdir(dirname(file), { recursive: true });
    const passphrase = await passphraseOf(answers, flags.passphraseFile === undefined, host.random);
    if (keySaved !== true && asker !== undefined) await confirmKey(answers.passphraseFile, passphrase, asker);
    await makeRepository(answers.store, passphrase, host);
    await writeFile(file, content, { mode: 0o600, flag: 'wx' });
  } finally {
    asker?.close();
  }
  const status = await firstBackups(answers, file, host.run);
  const { passphraseFile, store } = answers;
  const result = {
    config: file,
    repository: store,
    passphraseFile,
    sources: answers.sources,
    verified: status === 0,
  };
  await print(host, globals.json, result, status === 0 ? doneView(result) : unfinishedView(file));
  return status;
}

function refuseToOverwrite(file: string): void {
  if (!existsSync(file)) return;
  throw new HoldfastError('refused', `There is a configuration already: ${file}`, {
    advice: 'Change it by hand and see holdfast config validate, or name another with --config FILE.',
  });
}

const keyNotSaved = (): HoldfastError =>
  new HoldfastError('refused', 'Nobody can be asked whether the passphrase is kept elsewhere', {
    advice: 'Give --key-saved once its file is copied to another place, or will be: without it no backup can be read.',
  });

async function passphraseOf({ passphraseFile }: SetupAnswers, isOwn: boolean, random: RandomSource): Promise<string> {
  if (isOwn) return keepPassphrase(passphraseFile, random);
  const content = await readFile(passphraseFile, 'utf8').catch((error: unknown) => {
    throw new HoldfastError('usage', `The passphrase file ${passphraseFile} cannot be read`, { cause: error });
  });
  const [line = ''] = content.split(/\r?\n/, 1);
  if (line === '') throw new HoldfastError('usage', `The passphrase file ${passphraseFile} is empty`);
  return line;
}

/** One that is there is used, when the passphrase opens it: a setup that went wrong later is run again. */
async function makeRepository(location: string, passphrase: string, { door }: Pick<Host, 'door'>): Promise<void> {
  const request = { location, passphrase: () => passphrase };
  const isThere = existsSync(join(location, 'holdfast.json'));
  const engine = await (isThere ? door.open(request) : door.create({ ...request, label: 'first' }));
  await engine.close();
}

async function firstBackups({ sources }: SetupAnswers, config: string, run: SetupHost['run']): Promise<number> {
  const steps = [...sources.map(({ name }) => ['backup', '--source', name]), ['verify', '--deep']];
  const statuses: number[] = [];
  for (const words of steps) {
    const status = await run([...words, '--config', config]);
    statuses.push(status);
    // Files that cannot be read leave a backup all the same.
    if (status !== 0 && status !== ERROR_EXITS.warnings) return status;
  }
  return Math.max(...statuses);
}

function doneView({ config, passphraseFile }: { config: string; passphraseFile: string }) {
  return stack(
    good(`Set up: ${config}`),
    hint(`Keep a copy of ${passphraseFile} away from this machine.`),
    hint('Next: ', command(`doctor --config ${config}`), ', then ', command(`serve --config ${config}`)),
  );
}

function unfinishedView(config: string) {
  return stack(
    warning(`The configuration is written, and it is not proven yet that it works: ${config}`),
    hint(
      'Mend what is told above, then: ',
      command(`backup --config ${config}`),
      ' and ',
      command(`verify --config ${config}`),
    ),
  );
}
