import type { Readable, Writable } from 'node:stream';
import type { Engine, OpenRequest } from '../backup/engine.ts';
import { HoldfastError } from '../shared/errors.ts';
import type { Services } from './command.ts';

/** The engine's door: how repositories are opened and created. */
export interface EngineDoor {
  open(request: OpenRequest): Promise<Engine>;
  create(request: OpenRequest): Promise<Engine>;
}

/** Where passphrases come from. Each rejects with `usage` when there is none. */
export interface Secrets {
  current(): Promise<string>;
  /** For a repository that is being created: a person types it twice. */
  first(): Promise<string>;
  /** For a second repository. */
  other(location: string, passwordFile: string | undefined): Promise<string>;
  /** To be set. */
  fresh(passwordFile: string | undefined): Promise<string>;
}

export interface RepositoryOptions {
  door: EngineDoor;
  /** @throws HoldfastError `usage` when no repository is named */
  location: () => string;
  secrets: Secrets;
  /** Hears what was found while opening. */
  onWarning: (message: string) => void;
  now: () => number;
  standardInput: () => Readable;
  standardOutput: () => Writable;
}

const DEFAULT_LABEL = 'first';

/** Which of two passphrases was wrong is not to be guessed. */
function explainOther(error: unknown): never {
  if (!(error instanceof HoldfastError) || error.code !== 'wrong_passphrase') throw error;
  throw new HoldfastError(error.code, error.message, {
    advice: 'Give its own passphrase by --to-password-file, HOLDFAST_TO_PASSWORD_FILE or HOLDFAST_TO_PASSWORD.',
    cause: error,
  });
}

/** Services over one repository, which is opened when a command first asks for it and stays open until `close`. */
export function repositoryServices(options: RepositoryOptions): Services & { close(): Promise<void> } {
  const { door, location, secrets, onWarning } = options;
  const opened: Engine[] = [];
  let main: Promise<Engine> | undefined;
  const keep = (engine: Engine): Engine => {
    opened.push(engine);
    const tell = () => {
      for (const warning of engine.warnings) onWarning(warning);
    };
    // A failure to open is told by the operation that meets it.
    engine.opened().then(tell, () => {});
    return engine;
  };
  const open = async (how: Pick<OpenRequest, 'early' | 'ahead'>): Promise<Engine> =>
    keep(await door.open({ location: location(), passphrase: () => secrets.current(), ...how }));
  return {
    now: options.now,
    standardInput: options.standardInput,
    standardOutput: options.standardOutput,
    newPassphrase: (file) => secrets.fresh(file),
    repository(how = {}) {
      // A failed attempt is not remembered: the next command may find the drive mounted.
      main ??= open(how).catch((error: unknown) => {
        main = undefined;
        throw error;
      });
      return main;
    },
    async create(label = DEFAULT_LABEL) {
      const request = { location: location(), passphrase: () => secrets.first(), label };
      const created = keep(await door.create(request));
      main = Promise.resolve(created);
      return created;
    },
    otherRepository: async (other, file) =>
      keep(await door.open({ location: other, passphrase: () => secrets.other(other, file) }).catch(explainOther)),
    async close() {
      const all = opened.splice(0);
      main = undefined;
      await Promise.all(all.map((engine) => engine.close()));
    },
  };
}
