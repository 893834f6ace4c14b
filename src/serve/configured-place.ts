import type { ConfiguredPlace } from '../cli/host.ts';
import { createConfigured, forOperator } from '../config/configured.ts';
import { loadConfig } from '../config/load-config.ts';
import { resolveSecret } from '../config/secrets.ts';
import { ControlClient } from '../control/control-client.ts';

/** What a configuration says to a command line, and the bot that runs on it. */
export async function openConfiguredPlace(
  file: string,
  environment: Readonly<Record<string, string | undefined>>,
  version: string,
): Promise<ConfiguredPlace> {
  const config = await loadConfig(file);
  const { location, passphrase } = config.repository;
  return {
    file: config.file,
    location,
    passphrase: () => resolveSecret(passphrase, 'repository.passphrase', environment),
    configured: forOperator(createConfigured(config)),
    auditFolder: config.state,
    connect: () => ControlClient.connect(config.state),
    becomeBot: async (services, onWarning) => {
      const { openOneCommandBot } = await import('./one-command-bot.ts');
      return openOneCommandBot(config, services, { environment, version, onWarning });
    },
  };
}
