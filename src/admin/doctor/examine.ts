import { loadConfig } from '../../config/load-config.ts';
import type { Problem } from '../../config/problem.ts';
import { diskSpace } from '../../jobs/watch/disk-space.ts';
import { HoldfastError } from '../../shared/errors.ts';
import { createScrubber } from '../../shared/scrub.ts';
import { type ChatHost, checkChats } from './check-chats.ts';
import { checkProgram } from './check-program.ts';
import { checkRepository, type RepositoryHost } from './check-repository.ts';
import { checkSecrets } from './check-secrets.ts';
import { checkSources } from './check-sources.ts';
import { checkSpace } from './check-space.ts';
import { checkState, type StateHost } from './check-state.ts';
import { doubt, type Finding, failure, ok, problem } from './finding.ts';

export type DoctorHost = ChatHost &
  RepositoryHost &
  Omit<StateHost, 'now'> & {
    /** Such as `v24.0.0`. */
    node: string;
    nativeProblem: () => string | undefined;
  };

/** `post`: a message is posted to each channel, and deleted again. */
export interface Extent {
  post: boolean;
}

/** Looks at everything that a bot on this configuration needs. No secret stands in what is found. */
export async function examine(file: string, extent: Extent, host: DoctorHost): Promise<Finding[]> {
  const program = checkProgram(host.node, host.nativeProblem);
  try {
    return [...program, ...(await examineConfigured(file, extent, host))];
  } catch (error) {
    const problems = error instanceof HoldfastError ? (error.details.problems as Problem[] | undefined) : undefined;
    if (problems === undefined) return [...program, failure('configuration', error)];
    return [
      ...program,
      ...problems.map(({ line, column, message, advice }) =>
        problem(
          'configuration',
          `${file}:${line}:${column}: ${message}`,
          advice ?? 'See config/holdfast.example.yaml.',
        ),
      ),
    ];
  }
}

async function examineConfigured(file: string, { post }: Extent, host: DoctorHost): Promise<Finding[]> {
  const config = await loadConfig(file);
  const scrub = createScrubber();
  const secrets = await checkSecrets(config, host.environment, scrub.add);
  const repository = await checkRepository(config, host);
  const moment = { timeZone: config.unattended.timeZone, newest: repository.newest };
  const findings = [
    ok('configuration', `${config.file} is sound`),
    ...config.warnings.map((warning) => doubt('configuration', warning, 'Remove it, or configure the platform.')),
    ...secrets,
    ...repository.findings,
    ...(await checkSpace(config, repository.usedBytes, diskSpace)),
    ...(await checkState(config.state, moment, { ...host, now: host.clock.now })),
    ...(await checkSources(config, host.environment.PATH ?? '')),
    ...(await checkChats(config, { ...host, post })),
  ];
  return findings.map(({ check, status, found, fix }) => ({
    check,
    status,
    found: scrub(found),
    ...(fix !== undefined && { fix: scrub(fix) }),
  }));
}
