import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { HoldfastError, systemCode } from '../shared/errors.ts';
import type { Config, Route } from './config.ts';
import { crossChecks, warningsOf } from './cross-checks.ts';
import { knownKeys } from './json-schema.ts';
import { type Positions, type Problem, problemsOf } from './problem.ts';
import { configSchema, type WrittenConfig } from './schema.ts';
import { resolveUnattended } from './unattended.ts';
import type { SecretReference } from './values.ts';

/**
 * Reads and checks a configuration file. Relative paths are meant from the file's folder.
 *
 * @throws HoldfastError `config` that says file, line and column of the first problem; `details.problems` has all
 */
export async function loadConfig(file: string): Promise<Config> {
  return parseConfig(await readConfigFile(file), resolve(file));
}

/** @throws HoldfastError `config` where there is none that can be read */
export function readConfigFile(file: string): Promise<string> {
  const path = resolve(file);
  return readFile(path, 'utf8').catch((error: unknown) => {
    const reason = systemCode(error) === 'ENOENT' ? 'does not exist' : `cannot be read (${systemCode(error)})`;
    throw new HoldfastError('config', `The configuration ${path} ${reason}`, {
      cause: error,
      advice: 'Name another with --config FILE, or copy config/holdfast.example.yaml.',
    });
  });
}

/** As `loadConfig`, from the file's content. */
export function parseConfig(content: string, file: string): Config {
  const lines = new LineCounter();
  const document = parseDocument(content, { lineCounter: lines, prettyErrors: false });
  const [broken] = document.errors;
  if (broken !== undefined) {
    const { line, col } = lines.linePos(broken.pos[0]);
    throw configError(file, [{ line, column: col, message: broken.message }]);
  }
  const positions: Positions = { document, lines };
  const parsed = configSchema.safeParse(document.toJS());
  if (!parsed.success) {
    throw configError(
      file,
      parsed.error.issues.flatMap((issue) => problemsOf(issue, positions, knownKeys)),
    );
  }
  const config = resolvePaths(parsed.data, file);
  const problems = crossChecks(parsed.data, config, positions);
  if (problems.length > 0) throw configError(file, problems);
  return { ...config, platforms: platformsOf(parsed.data, dirname(file)), warnings: warningsOf(parsed.data) };
}

function configError(file: string, problems: readonly Problem[]): HoldfastError {
  // A misspelt key explains why another is missing.
  const rank = ({ advice }: Problem): number => (advice === undefined ? 1 : 0);
  const sorted = problems.toSorted((a, b) => rank(a) - rank(b) || a.line - b.line || a.column - b.column);
  const said = sorted.map(({ line, column, message }) => `${file}:${line}:${column}: ${message}`);
  const rest = said.length > 1 ? ` (and ${said.length - 1} more: ${said.slice(1).join('; ')})` : '';
  return new HoldfastError('config', `${said[0]}${rest}`, {
    advice: sorted[0]?.advice ?? 'See config/holdfast.example.yaml.',
    details: { problems: sorted },
  });
}

function resolvePaths(written: WrittenConfig, file: string): Omit<Config, 'warnings' | 'platforms'> {
  const folder = dirname(file);
  const { repository, sources, owners, notify, restoreRoots, state, log } = written;
  const isFolder = !isUrl(repository.store);
  const routes = routesOf(notify);
  return {
    file,
    repository: {
      location: isFolder ? resolve(folder, repository.store) : repository.store,
      passphrase: fromFolder(repository.passphrase, folder),
    },
    sources: Object.entries(sources).map(([name, { files, protected: isProtected }]) => ({
      name,
      paths: files.paths.map((path) => resolve(folder, path)),
      exclude: files.exclude,
      protected: isProtected,
    })),
    owners: Object.entries(owners).flatMap(([platform, ids]) => ids.map((id) => ({ platform, id }))),
    notify: Object.fromEntries(routes.toReversed().map(({ platform, channel }) => [platform, channel])),
    routes,
    restoreRoots: restoreRoots.map((root) => resolve(folder, root)),
    state: resolve(folder, state),
    log: { format: log.format, level: log.level },
    unattended: resolveUnattended(written, { isFolder, reference: (given) => fromFolder(given, folder) }),
  };
}

function routesOf(notify: WrittenConfig['notify']): Route[] {
  return Object.entries(notify).flatMap(([platform, given]): Route[] => {
    if (given === undefined) return [];
    if (typeof given === 'string') return [{ platform, channel: given, from: 'info' }];
    return given.map(({ channel, from }) => ({ platform, channel, from }));
  });
}

/** Cross checks have made sure that what a mode needs is there. */
function platformsOf({ platforms }: WrittenConfig, folder: string): Config['platforms'] {
  const { discord, slack, console } = platforms;
  return {
    console,
    ...(discord && { discord: { ...discord, token: fromFolder(discord.token, folder) } }),
    ...(slack && {
      slack: {
        botToken: fromFolder(slack.botToken, folder),
        apiUrl: slack.apiUrl,
        connection:
          slack.mode === 'socket'
            ? { mode: 'socket', appToken: fromFolder(slack.appToken ?? {}, folder) }
            : { mode: 'http', signingSecret: fromFolder(slack.signingSecret ?? {}, folder), port: slack.port ?? 0 },
      },
    }),
  };
}

function fromFolder(reference: SecretReference, folder: string): SecretReference {
  const { file } = reference;
  return file === undefined || isAbsolute(file) ? reference : { file: resolve(folder, file) };
}

const isUrl = (store: string): boolean => /^[a-z][a-z0-9+.-]+:/.test(store);
