import type { AnyCommand } from '../../commands/command.ts';
import { choice, text } from '../../commands/field.ts';
import { HoldfastError } from '../../shared/errors.ts';
import { EVENTS_PATH } from './events-path.ts';
import type { Delivery } from './manifest.ts';

export interface ManifestHost {
  /** The commands of a chat, in the order of the help. */
  loadCommands(): Promise<{ readonly all: readonly AnyCommand[] }>;
  write(text: string): void;
}

/** `holdfast slack-manifest`: prints what Slack has to be told of the app. */
export function createManifestCommand({ loadCommands, write }: ManifestHost) {
  return {
    name: 'slack-manifest',
    summary: 'Print the manifest from which Slack makes the app',
    input: {
      mode: choice('How Slack reaches the bot: over a socket (unless given), or by HTTP requests', ['socket', 'http']),
      url: text(`With --mode http: the address that Slack sends to, ending in ${EVENTS_PATH}`, { placeholder: 'URL' }),
      format: choice('How it is written: yaml unless given', ['yaml', 'json']),
    },
    async run({ mode, url, format }: Record<string, unknown>): Promise<number> {
      const { manifestText, slackManifest } = await import('./manifest.ts');
      const { all } = await loadCommands();
      write(manifestText(slackManifest(all, deliveryOf(mode, url)), format === 'json' ? 'json' : 'yaml'));
      return 0;
    },
  };
}

function deliveryOf(mode: unknown, url: unknown): Delivery {
  if (mode !== 'http') {
    if (url === undefined) return { mode: 'socket' };
    throw new HoldfastError('usage', '--url means nothing without --mode http');
  }
  const given = typeof url === 'string' ? URL.parse(url) : null;
  if (given?.protocol === 'https:' && given.pathname === EVENTS_PATH) return { mode: 'http', url: given.href };
  throw new HoldfastError(
    'usage',
    `--mode http needs the address that Slack sends to, not ${JSON.stringify(url ?? '')}`,
    {
      advice: `Use --url https://your.host${EVENTS_PATH}.`,
    },
  );
}
