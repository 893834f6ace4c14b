import type { Engine } from '../../backup/engine.ts';
import type { Store } from '../../backup/ports.ts';
import type { EngineDoor } from '../../commands/repository-services.ts';
import type { Config } from '../../config/config.ts';
import { resolveSecret } from '../../config/secrets.ts';
import { HoldfastError } from '../../shared/errors.ts';
import type { RandomSource } from '../../shared/random.ts';
import { doubt, type Finding, failure, ok, problem } from './finding.ts';

const CHECK = 'repository';

export interface RepositoryHost {
  environment: Readonly<Record<string, string | undefined>>;
  door: Pick<EngineDoor, 'open'>;
  openStore: (location: string) => Promise<Store>;
  random: RandomSource;
}

export interface RepositoryFacts {
  findings: Finding[];
  usedBytes: number | undefined;
  /** When the newest backup was made, ISO 8601. */
  newest: string | undefined;
}

/** Whether objects can be stored, read and deleted there, and whether the passphrase opens the repository. */
export async function checkRepository({ repository }: Config, host: RepositoryHost): Promise<RepositoryFacts> {
  const { location, passphrase } = repository;
  const findings = [await checkStore(location, host)];
  try {
    const secret = (): Promise<string> => resolveSecret(passphrase, 'repository.passphrase', host.environment);
    const engine = await host.door.open({ location, passphrase: secret });
    try {
      findings.push(ok(CHECK, `The passphrase opens ${location}`));
      for (const warning of engine.warnings) findings.push(doubt(CHECK, warning, 'Run holdfast verify.'));
      const [newest] = await engine.list();
      if (newest === undefined) findings.push(doubt(CHECK, 'There is no backup yet', 'Run holdfast backup.'));
      else findings.push(ok(CHECK, `The newest backup is of ${newest.time}`), await checkObjects(engine));
      return { findings, usedBytes: await engine.usedBytes(), newest: newest?.time };
    } finally {
      await engine.close();
    }
  } catch (error) {
    const failed = explained(error, location);
    const isTold = findings.some(({ found }) => found === failed.found);
    return { findings: isTold ? findings : [...findings, failed], usedBytes: undefined, newest: undefined };
  }
}

/** Whether every object is there with its size: that reads no content, and is quick. */
async function checkObjects(engine: Pick<Engine, 'verify'>): Promise<Finding> {
  const { damaged, objects } = await engine.verify({ depth: 'quick' });
  const [first] = damaged;
  if (first === undefined) return ok(CHECK, `All ${objects} objects are there with their sizes`);
  const more = damaged.length > 1 ? ` and ${damaged.length - 1} more` : '';
  return problem(
    CHECK,
    `${first.object}${more}: ${first.problem}`,
    'Run holdfast verify to see which files that is, then holdfast repair index.',
  );
}

function explained(error: unknown, location: string): Finding {
  const code = error instanceof HoldfastError ? error.code : undefined;
  const { found, ...told } = failure(CHECK, error);
  if (code === 'wrong_passphrase') {
    return { ...told, found, fix: 'Put the right passphrase where repository.passphrase points.' };
  }
  if (code !== 'not_a_repository') return { ...told, found };
  return { ...told, found, fix: `Make it with holdfast init --repo ${location}, or point repository.store elsewhere.` };
}

async function checkStore(location: string, { openStore, random }: RepositoryHost): Promise<Finding> {
  const name = `doctor-${random.bytes(8).toString('hex')}`;
  const content = random.bytes(64);
  try {
    const store = await openStore(location);
    try {
      await store.put(name, content);
      try {
        if (!(await store.get(name)).equals(content)) {
          return problem(
            CHECK,
            `${location} gave back something else than was stored`,
            'Check the disk, or use another.',
          );
        }
      } finally {
        await store.delete(name);
      }
    } finally {
      await store.close();
    }
    return ok(CHECK, `Objects can be stored, read and deleted in ${location}`);
  } catch (error) {
    return failure(CHECK, error);
  }
}
