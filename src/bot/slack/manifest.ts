import { stringify } from 'yaml';
import type { AnyCommand } from '../../commands/command.ts';
import { describeCommand } from '../../commands/parts/help-page.ts';
import { MAIN_COMMAND, shortName } from './command-names.ts';

/** Why the app asks for each of its permissions; what is not here it cannot do. */
export const SCOPES = {
  commands: 'to be called by slash commands',
  'chat:write': 'to answer, and to post what happens, in channels that it is invited to',
  'files:write': 'to attach what is too long for a message',
  'im:write': 'to answer in private where a channel does not allow it',
  'channels:history': 'to look whether a message arrived whose answer was lost, in public channels that it is in',
  'groups:history': 'the same in private channels that it is in',
  'im:history': 'the same in its direct conversations',
} as const satisfies Record<string, string>;

/** How Slack reaches the app: over a socket that the app opens, or by requests to an address of its own. */
export type Delivery = { mode: 'socket' } | { mode: 'http'; url: string };

/**
 * The app as Slack is told of it, made from the commands that a chat has. Source: https://docs.slack.dev/reference/app-manifest
 */
export function slackManifest(commands: readonly AnyCommand[], delivery: Delivery): Record<string, unknown> {
  const url = delivery.mode === 'http' ? { url: delivery.url } : {};
  const main = {
    command: `/${MAIN_COMMAND}`,
    ...url,
    description: 'Backups and restores: every command, or a form to choose one',
    usage_hint: '[command] [options]',
    should_escape: false,
  };
  const named = commands.filter(({ name }) => shortName(name) !== undefined);
  const short = [...Map.groupBy(named, ({ name }) => shortName(name))].map(([name, family]) => {
    const { description, hint } = describeFamily(`${name}`, family);
    return {
      command: `/${name}`,
      ...url,
      description,
      ...(hint !== '' && { usage_hint: hint }),
      should_escape: false,
    };
  });
  return {
    display_information: {
      name: 'Holdfast',
      description: 'Backups of folders and databases that restore',
      background_color: '#1d3557',
    },
    features: {
      bot_user: { display_name: 'Holdfast', always_online: true },
      slash_commands: [main, ...short],
    },
    oauth_config: { scopes: { bot: Object.keys(SCOPES) } },
    settings: {
      interactivity: {
        is_enabled: true,
        ...(delivery.mode === 'http' && { request_url: delivery.url, message_menu_options_url: delivery.url }),
      },
      org_deploy_enabled: false,
      socket_mode_enabled: delivery.mode === 'socket',
      token_rotation_enabled: false,
    },
  };
}

/** One command, or those of two words that share their first. */
function describeFamily(name: string, family: readonly AnyCommand[]): { description: string; hint: string } {
  const alone = family.find((command) => command.name === name);
  if (alone !== undefined) {
    return { description: alone.summary, hint: describeCommand(alone, 'chat').usage.slice(name.length).trim() };
  }
  const words = family.map((command) => command.name.split(' ')[1]);
  return { description: `${name}: ${words.join(', ')}`, hint: `${words.join('|')} [options]` };
}

/** The manifest as text, to be pasted into Slack. */
export function manifestText(manifest: Record<string, unknown>, format: 'yaml' | 'json'): string {
  return format === 'json' ? `${JSON.stringify(manifest, undefined, 2)}\n` : stringify(manifest, { lineWidth: 0 });
}
