import { loadChatCommands } from '../bot/chat/chat-commands.ts';
import type { OpenServices } from '../bot/chat/requests.ts';
import type { OneCommandBot } from '../cli/host.ts';
import type { Config } from '../config/config.ts';
import { configuredSecrets } from '../config/configured-secrets.ts';
import { resolveSecret } from '../config/secrets.ts';
import type { SecretReference } from '../config/values.ts';
import { diskSpace } from '../jobs/watch/disk-space.ts';
import { systemClock } from '../shared/clock.ts';
import { readProcessIdentity } from '../shared/process-identity.ts';
import { systemRandom } from '../shared/random.ts';
import { createScrubber } from '../shared/scrub.ts';
import { type Bot, openBot } from './bot.ts';
import { hookEnvironment } from './engine-environment.ts';
import { remembering } from './engine-services.ts';

export interface OneCommandOptions {
  environment: Readonly<Record<string, string | undefined>>;
  /** The program's. */
  version: string;
  onWarning: (message: string) => void;
}

/**
 * A bot without platforms that does what one command line asks for and ends: where no bot runs, hooks, limits, history and the audit log are the same. Nothing
 * begins by itself in it.
 *
 * @throws HoldfastError `locked` where another process has the state folder
 */
export async function openOneCommandBot(
  config: Config,
  services: OpenServices,
  { environment, version, onWarning }: OneCommandOptions,
): Promise<OneCommandBot> {
  const { references, plain } = configuredSecrets(config);
  const scrub = createScrubber(plain);
  const resolve = async (reference: SecretReference, what: string): Promise<string> => {
    const secret = await resolveSecret(reference, what, environment);
    scrub.add(secret);
    return secret;
  };
  await Promise.all(references.map(({ reference, what }) => resolve(reference, what).catch(() => {})));
  let bot: Bot | undefined;
  const facts = async () => (bot === undefined ? {} : { audit: await bot.auditHead() });
  const anchoring: OpenServices = {
    ...services,
    repository: async (options) => remembering(await services.repository(options), facts),
  };
  const opened = await openBot({
    config,
    commands: await loadChatCommands(),
    local: [],
    services: anchoring,
    // The command line closes them, when its outcome is shown.
    openJobServices: async () => ({ ...anchoring, close: async () => {} }),
    clock: systemClock,
    random: systemRandom,
    identity: readProcessIdentity(),
    scrub,
    hooks: { environment: hookEnvironment(environment), resolve },
    diskSpace,
    version,
    log: ({ level, message }) => {
      if (level !== 'info') onWarning(scrub(message));
    },
    forOneCommand: true,
  });
  bot = opened;
  return { run: (request, surface) => opened.controlDesk.run(request, surface), close: () => opened.stop([]) };
}
